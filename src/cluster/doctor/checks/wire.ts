/** Whether the addresses that Services hold are answered for on the wire: by somebody, by one, and by a node. Pure. */
import type { Mac } from '../../../core/address/mac.ts';
import { setContains } from '../../../core/address/range-set.ts';
import type { ClusterFacts } from '../../types.ts';
import { type Announced, announcedServices, announcedText } from '../announcing.ts';
import { failed, type Judgement, ok, skipped, warning, wireCheck } from '../judge.ts';
import { addressesOfNode } from '../networks.ts';
import { type People, peopleOf } from '../people.ts';
import type { Check, WireFacts } from '../types.ts';
import { clauses, count, some } from '../words.ts';

const GROUP = 'On the wire';
const READS = ['services', 'pools', 'advertisements', 'nodes'];

/** Of those that were asked for: whoever announces from this machine is not heard here. */
function heardServices(wire: WireFacts, facts: ClusterFacts): readonly Announced[] {
  const here = new Set(
    facts.nodes.filter((node) => addressesOfNode(node).some((address) => wire.own.includes(address))).map(({ name }) => name),
  );
  return announcedServices(facts).filter(
    ({ address, expected }) => setContains(wire.asked, address) && (expected.node === null || !here.has(expected.node)),
  );
}

const nothingAsked = (facts: ClusterFacts): Judgement => {
  const services = announcedServices(facts);
  return services.length === 0
    ? skipped('No Service holds an address that is announced in layer 2.', 'One, as freehold smoke-test makes it.')
    : skipped(
        `None of the addresses that Services hold could be asked for from here: ${some(services.map(announcedText), 3)}.`,
        'An interface in their network, on a machine that is not the node which announces them.',
      );
};

export const announcedNotAnswered: Check = wireCheck(
  {
    name: 'announced-not-answered',
    title: 'Addresses that are announced answer ARP',
    group: GROUP,
    why: 'A node should answer for it and does not, or its answer does not get here: nobody reaches the Service, whatever Kubernetes says.',
    reads: READS,
    needsMetallb: true,
  },
  (wire, { facts }, context) => {
    const services = heardServices(wire, facts).filter(({ expected }) => expected.node !== null);
    if (services.length === 0) return nothingAsked(facts);
    if (!peopleOf(wire, facts.nodes, context).nodesHeard) {
      return skipped(
        `No node answered on ${some(wire.interfaces)}, for its own address either.`,
        'An interface in the network of the nodes: --interface IF',
      );
    }
    const silent = services.filter(({ address }) => (wire.answers.get(address) ?? []).length === 0);
    if (silent.length === 0)
      return ok(`Somebody answers for ${count(services.length, 'address', 'addresses')}: ${some(services.map(announcedText))}.`);
    const list = silent.map((one) => `${announcedText(one)}, expected from ${one.expected.node ?? ''}`);
    return failed(
      `Nobody answers for ${clauses(list)}. Nodes do answer for their own addresses.`,
      `On that node: kubectl -n ${facts.namespace} logs daemonset/speaker, and the events of the Service (announceFailed). Usual causes: a hypervisor or switch that drops answers for addresses it does not know (anti-spoofing, MAC learning off: allow them for the port), Wi-Fi, interfaces in the L2Advertisement that this node does not have, an interface excluded in the ConfigMap metallb-excludel2.`,
    );
  },
);

export const severalAnswerers: Check = wireCheck(
  {
    name: 'several-answerers',
    title: 'One node answers for each address',
    group: GROUP,
    why: 'Whoever asks keeps the answer that came last: traffic goes to one and then to the other, and connections break.',
    reads: READS,
    needsMetallb: true,
  },
  (wire, { facts }, context) => {
    const services = announcedServices(facts).filter(({ address }) => setContains(wire.asked, address));
    if (services.length === 0) return nothingAsked(facts);
    const people = peopleOf(wire, facts.nodes, context);
    const found = services.flatMap((one) => crowdOf(one, wire.answers.get(one.address) ?? [], people));
    const worst = (['stranger', 'router', 'nodes', 'one-node'] as const).find((kind) =>
      found.some((crowd) => crowd.kind === kind),
    );
    if (worst === undefined) {
      const heard = services.filter(({ address }) => (wire.answers.get(address) ?? []).length > 0);
      if (heard.length === 0) return skipped('Nobody answered for any of them.', 'See announced-not-answered.');
      return ok(`One node answers for each of ${count(heard.length, 'address', 'addresses')}.`);
    }
    const texts = [...found.filter(({ kind }) => kind === worst), ...found.filter(({ kind }) => kind !== worst)].map(
      ({ text }) => text,
    );
    const seen = `${clauses(texts)}.`;
    switch (worst) {
      case 'stranger':
        return failed(
          seen,
          'Find that device (freehold history ADDRESS; the MAC table of the switch) and take the address from it, or take the address out of the pool. If it is a node: name its MAC under metallb.speakers.',
          'It is no node: it takes the traffic of the Service, or some of it.',
        );
      case 'router':
        return failed(
          seen,
          'Switch proxy ARP off for this network on that router.',
          'A router that answers in the place of others takes the traffic of the Service.',
        );
      case 'nodes':
        return failed(seen, nodesFix(found, facts));
      case 'one-node':
        return warning(
          seen,
          'Name one interface in spec.interfaces of the L2Advertisement, or take the second one out of this network.',
          'A node with two interfaces in one network answers from both; a switch or a firewall between them may drop one way.',
        );
    }
  },
);

interface Crowd {
  readonly kind: 'stranger' | 'router' | 'nodes' | 'one-node';
  readonly text: string;
  readonly nodes: readonly string[];
}

function crowdOf(one: Announced, macs: readonly Mac[], people: People): readonly Crowd[] {
  const nodes = [...new Set(macs.flatMap((mac) => people.nodeOf(mac) ?? []))];
  const routers = macs.filter((mac) => people.standsIn(mac));
  const strangers = people.strangersAt(one.address, one.expected.node);
  const what = announcedText(one);
  const beside = nodes.length === 0 ? '' : ` beside ${some(nodes)}`;
  const crowd = (kind: Crowd['kind'], text: string): readonly Crowd[] => [{ kind, nodes, text }];
  if (strangers.length > 0) {
    return crowd('stranger', `${some(strangers.map(people.nameOf))}, no node that is known, answers for ${what}${beside}`);
  }
  if (routers.length > 0) {
    return crowd(
      'router',
      `${some(routers.map(people.nameOf))}, a router that answers for others, too, answers for ${what}${beside}`,
    );
  }
  if (macs.length < 2) return [];
  if (nodes.length === 1) return crowd('one-node', `${some(nodes)} answers for ${what} with ${macs.length} MACs: ${some(macs)}`);
  if (nodes.length > 1) return crowd('nodes', `${nodes.length} nodes answer for ${what}: ${some(nodes)}`);
  return crowd(
    'nodes',
    `${macs.length} MACs answer for ${what}, and whose they are is not known: ${some(macs.map(people.nameOf))}`,
  );
}

/** IPVS makes all nodes answer, a split brain mostly two. */
function nodesFix(found: readonly Crowd[], { kubeProxy, nodes, namespace }: ClusterFacts): string {
  const strict = 'freehold strict-arp --enable, and restart kube-proxy where that was done without it';
  const split = `The speakers do not see each other: open TCP and UDP 7946 between the nodes, and look at kubectl -n ${namespace} logs daemonset/speaker`;
  if (kubeProxy.kind === 'configured')
    return kubeProxy.mode === 'ipvs' ? `kube-proxy runs in ipvs mode: ${strict}. If that is so already: ${split}.` : `${split}.`;
  const many = found.some((crowd) => crowd.nodes.length > 2 || (nodes.length > 0 && crowd.nodes.length === nodes.length));
  return many
    ? `Where kube-proxy runs in ipvs mode, switch strictARP on (k3s: --kube-proxy-arg=ipvs-strict-arp). Otherwise: ${split}.`
    : `${split}.`;
}
