/** Whether this machine stands where it has to: on the network of the nodes, with the right to ask there. Pure. */
import { formatCidr } from '../../../core/address/cidr.ts';
import { formatIpv4 } from '../../../core/address/ipv4.ts';
import { failed, type Judgement, machineCheck, ok, warning } from '../judge.ts';
import { addressesOfNode, inNetwork, knownNetworks } from '../networks.ts';
import type { Check, DaemonSegment, DoctorContext, MachineFacts } from '../types.ts';
import { all, are, capital, count, some } from '../words.ts';

const GROUP = 'This machine and the daemon';

export const subnetAndInterface: Check = machineCheck(
  {
    name: 'subnet-and-interface',
    title: 'An interface stands in the network of the nodes',
    group: GROUP,
    why: 'ARP ends at the router: only from an interface in the same network can Freehold see who uses an address.',
  },
  (machine, context) => wantedProblem(machine) ?? waitingProblem(context) ?? nodesSeenFrom(machine, context),
  ['daemon', 'cluster'],
);

/** What was named must be there. */
function wantedProblem({ interfaces, wantedInterfaces, configProblem }: MachineFacts): Judgement | null {
  const known = some(interfaces.map(({ name }) => name));
  for (const name of wantedInterfaces) {
    const found = interfaces.find((one) => one.name === name);
    if (found === undefined) {
      return failed(
        `There is no interface ${name} on this machine; there are: ${known || 'none'}.`,
        `Name another one: --interface IF`,
      );
    }
    if (!found.up) return failed(`The interface ${name} is down, or has no carrier.`, `Look at it: ip link show dev ${name}`);
    if (found.addresses.length === 0) {
      return failed(
        `The interface ${name} has no IPv4 address, so that it stands in no network.`,
        `Give it one in the network of the nodes: ip address add ADDRESS/LENGTH dev ${name}`,
      );
    }
  }
  return configProblem === null
    ? null
    : warning(
        `The configuration cannot be read: ${configProblem}`,
        'Name the one that is meant (--config FILE), or mend it: freehold config check',
      );
}

function waitingProblem({ daemon }: DoctorContext): Judgement | null {
  if (!daemon.known) return null;
  const waiting = daemon.value.segments.filter(({ state }) => state === 'waiting');
  if (waiting.length === 0) return null;
  const text = some(waiting.map(({ name, waitingFor }) => `${name} (${waitingFor ?? 'no reason given'})`));
  return failed(
    `The daemon cannot watch ${count(waiting.length, 'segment')}: ${text}.`,
    'freehold service status, and the log of the daemon, say more. Mend the link, or the interface in the configuration.',
  );
}

function nodesSeenFrom(machine: MachineFacts, context: DoctorContext): Judgement {
  const networks = knownNetworks(context);
  const list = some(networks.map(({ network, from }) => `${formatCidr(network)} (${from})`));
  if (networks.length === 0) {
    return failed(
      'No interface of this machine has an IPv4 network.',
      'Run Freehold on a machine in the network of the nodes, or give an interface an address there.',
    );
  }
  const nodes = context.cluster.known ? context.cluster.value.facts.nodes : [];
  if (nodes.length === 0) {
    const unknown = context.cluster.known ? 'No node is known' : 'The nodes are not known';
    return machine.wantedInterfaces.length > 0
      ? ok(`${some(machine.wantedInterfaces)} ${are(machine.wantedInterfaces.length)} up. Networks here: ${list}. ${unknown}.`)
      : ok(`Networks here: ${list}. ${unknown}, so that which of them is theirs is not told.`);
  }
  const outside = nodes.filter(
    (node) => !addressesOfNode(node).some((address) => networks.some(({ network }) => inNetwork(network, address))),
  );
  const named = outside.map(({ name, internalAddresses }) => `${name} ${internalAddresses.map(formatIpv4).join(' ')}`.trim());
  if (outside.length === nodes.length) {
    return failed(
      `No node has an address in a network of this machine: ${some(named)}. Networks here: ${list}.`,
      'Run Freehold on a machine (or a VLAN interface) in the network of the nodes.',
    );
  }
  if (outside.length > 0) {
    return warning(
      `${count(outside.length, 'node')} of ${nodes.length} ${outside.length === 1 ? 'has' : 'have'} no address in a network of this machine: ${some(named)}. Networks here: ${list}.`,
      'Watch their network, too: an interface in it, and a segment in the configuration.',
    );
  }
  return ok(
    `${capital(all(nodes.length, 'node'))} ${nodes.length === 1 ? 'has an address' : 'have addresses'} in the networks here: ${list}.`,
  );
}

export const rightToSend: Check = machineCheck(
  {
    name: 'right-to-send',
    title: 'ARP probes may be sent (CAP_NET_RAW)',
    group: GROUP,
    why: 'Without it nothing can be probed: neither by the daemon, nor the checks on the wire.',
  },
  ({ mayNotSend, wantedInterfaces }, { daemon }) => {
    const sweeping = daemon.known ? daemon.value.segments.filter(isSweeping) : [];
    const byDaemon = `The daemon sweeps ${some(sweeping.map(({ name }) => name))}`;
    if (mayNotSend === null)
      return ok(sweeping.length > 0 ? `This command may; and ${byDaemon.replace('The', 'the')}.` : 'This command may.');
    if (sweeping.length > 0) return ok(`${byDaemon}. This command itself may not (${mayNotSend}).`);
    const seen = `This command may not send raw frames (${mayNotSend}), and no daemon is known to.`;
    const fix = 'Run it with sudo, or install the service, which has the right: sudo freehold service install';
    return wantedInterfaces.length > 0 ? failed(seen, fix) : warning(seen, fix);
  },
  ['daemon'],
);

const isSweeping = ({ method, state, sweptOnce }: DaemonSegment): boolean => method === 'arp' && state !== 'waiting' && sweptOnce;
