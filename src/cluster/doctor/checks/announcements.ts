/** Who announces the addresses that Services hold: somebody, and the one that is said to. Pure. */
import type { Expected } from '../../election.ts';
import { compareVersions } from '../../read/workloads.ts';
import { type ClusterFacts, serviceKey } from '../../types.ts';
import { type Announced, announcedServices, announcedText, poolOf } from '../announcing.ts';
import { clusterCheck, failed, ok, skipped, warning } from '../judge.ts';
import { peopleOf } from '../people.ts';
import type { Check, DoctorContext } from '../types.ts';
import { clauses, count, some } from '../words.ts';

const GROUP = 'Services';

export const serviceWithoutEndpoints: Check = clusterCheck(
  {
    name: 'service-without-endpoints',
    title: 'Services with an address have somebody behind it',
    group: GROUP,
    why: 'While no endpoint is ready, nobody announces the address: it does not answer ARP, and looks free to everybody else.',
    reads: ['services', 'endpointSlices'],
    needsMetallb: true,
  },
  ({ facts }) => {
    const held = facts.services.filter((service) => poolOf(service, facts) !== null);
    const empty = held.filter(({ readyEndpoints }) => readyEndpoints === 0);
    if (empty.length > 0) {
      const [first] = empty;
      return warning(
        `No endpoint is ready behind ${some(empty.map((service) => `${serviceKey(service)}${service.trafficPolicy === 'Local' ? ' (externalTrafficPolicy Local)' : ''}`))}.`,
        `Look at its pods, and whether its selector finds them: kubectl -n ${first?.namespace ?? 'NAMESPACE'} describe service ${first?.name ?? 'NAME'}`,
      );
    }
    if (held.length === 0) return ok('No Service holds an address of a pool.');
    const each = held.length === 1 ? 'with ready endpoints' : 'each with ready endpoints';
    return ok(`${count(held.length, 'Service')} ${held.length === 1 ? 'holds' : 'hold'} an address of a pool, ${each}.`);
  },
);

export const serviceNoLeader: Check = clusterCheck(
  {
    name: 'service-no-leader',
    title: 'Every address has a node that announces it',
    group: GROUP,
    why: 'The speakers choose among nodes that are ready, not excluded and selected. Where none is left, the address is dark.',
    reads: ['services', 'pools', 'advertisements', 'nodes'],
    needsMetallb: true,
  },
  ({ facts }) => {
    const announced = announcedServices(facts);
    // Without endpoints is another check, and mostly meant.
    const dark = announced.filter(({ expected }) => expected.node === null && expected.why !== 'no-endpoints');
    if (dark.length > 0) {
      const list = some(
        dark.map((one) => `${announcedText(one)}: ${whyNone(one, facts)}`),
        3,
      );
      return failed(
        `Nobody may announce ${count(dark.length, 'address', 'addresses')}: ${list}.`,
        'kubectl get nodes --show-labels; compare with nodeSelectors of the L2Advertisement, the label node.kubernetes.io/exclude-from-external-load-balancers, and where the pods run.',
      );
    }
    const leaders = announced.flatMap((one) =>
      one.expected.node === null ? [] : [`${announcedText(one)}: ${one.expected.node}`],
    );
    return ok(
      leaders.length === 0
        ? 'No Service holds an address that a node would announce.'
        : `Expected to announce: ${some(leaders)}.`,
    );
  },
);

function whyNone({ service, expected }: Announced, { nodes }: ClusterFacts): string {
  const why: Extract<Expected, { readonly node: null }>['why'] | null = expected.node === null ? expected.why : null;
  switch (why) {
    case 'no-pool':
      return 'it is in no pool';
    case 'no-advertisement':
      return 'no advertisement covers its pool';
    case 'no-endpoints':
      return 'it has no ready endpoint';
    case 'no-node': {
      if (nodes.every(({ ready }) => !ready)) return 'no node is ready';
      if (nodes.every(({ networkUnavailable }) => networkUnavailable)) return 'the network of every node is unavailable';
      if (service.trafficPolicy === 'Local' && service.readyNodes !== null) {
        return `externalTrafficPolicy is Local, and its endpoints are on ${some(service.readyNodes, 3) || 'no node'}, which may not announce it`;
      }
      return 'every node is not ready, excluded, or not selected by the advertisement';
    }
    case null:
      return '';
  }
}

export const staleLayer2Status: Check = clusterCheck(
  {
    name: 'stale-l2-status',
    title: 'ServiceL2Status tells who announces',
    group: GROUP,
    why: 'Who believes it looks at the wrong node. Until 0.15.3 it stays at the old node after the leader changed (metallb issue 2930).',
    reads: ['layer2Statuses', 'services', 'pools', 'advertisements', 'nodes'],
    needsMetallb: true,
  },
  ({ facts, details }, context) => {
    const kind = details.served?.has('servicel2statuses') ?? facts.metallb.kinds.layer2Statuses;
    if (!kind) return skipped('This MetalLB has no ServiceL2Status.', 'MetalLB 0.14.6 or newer.');
    const services = announcedServices(facts);
    const told = services.map((one) => ({ ...one, reported: reportedOf(one.key, facts) }));
    const stale = told.flatMap((one) => staleText(one, facts, context));
    const version = facts.metallb.speaker?.version ?? null;
    const old = version !== null && compareVersions(version, '0.16.0') < 0;
    const fix = old
      ? `Upgrade MetalLB (${version ?? ''}) to 0.16.0 or newer. Until then do not believe it: ask on the wire (--interface IF).`
      : `Look at the speakers of both nodes: kubectl -n ${facts.namespace} logs daemonset/speaker`;
    if (stale.length > 0) return failed(`${clauses(stale)}.`, fix);
    const many = told
      .filter(({ reported }) => reported.length > 1)
      .map(({ key, reported }) => `${key}: ${reported.join(' and ')}`);
    const others = told.flatMap((one) => differsText(one, facts, context));
    const untold = told
      .filter(({ reported, expected }) => reported.length === 0 && expected.node !== null)
      .map((one) => `It says nothing of ${announcedText(one)}, which ${one.expected.node ?? ''} should announce`);
    const doubts = [...many.map((text) => `Several nodes are told for ${text}`), ...others, ...untold];
    if (doubts.length > 0) return warning(`${clauses(doubts)}.`, fix);
    const agreeing = told.filter(({ reported }) => reported.length > 0);
    return ok(
      agreeing.length === 0
        ? 'No Service is announced.'
        : `It agrees with what is expected for ${count(agreeing.length, 'Service')}.`,
    );
  },
  ['wire', 'daemon'],
);

const reportedOf = (key: string, { layer2Statuses }: ClusterFacts): readonly string[] => [
  ...new Set(layer2Statuses.filter(({ service }) => service === key).map(({ node }) => node)),
];

interface Told extends Announced {
  readonly reported: readonly string[];
}

/** Nodes whose MACs answered for it just now; null where that is not known. */
function answeringNodes({ address }: Announced, facts: ClusterFacts, context: DoctorContext): readonly string[] | null {
  if (!context.wire.known) return null;
  const wire = context.wire.value;
  const people = peopleOf(wire, facts.nodes, context);
  const nodes = (wire.answers.get(address) ?? []).flatMap((mac) => people.nodeOf(mac) ?? []);
  return nodes.length === 0 ? null : [...new Set(nodes)];
}

function staleText(told: Told, facts: ClusterFacts, context: DoctorContext): readonly string[] {
  const { reported } = told;
  if (reported.length === 0) return [];
  if (facts.nodes.length > 0 && !reported.some((name) => facts.nodes.some((node) => node.name === name))) {
    return [`It says that ${some(reported)} announces ${announcedText(told)}, and there is no such node`];
  }
  const answering = answeringNodes(told, facts, context);
  if (answering === null || reported.some((node) => answering.includes(node))) return [];
  return [`It says that ${some(reported)} announces ${announcedText(told)}, and ${some(answering)} answers for it on the wire`];
}

/** Where the wire does not tell: what MetalLB says, and what its own rule comes to. */
function differsText(told: Told, facts: ClusterFacts, context: DoctorContext): readonly string[] {
  const { expected, reported } = told;
  if (expected.node === null || reported.length !== 1 || reported[0] === expected.node) return [];
  if (answeringNodes(told, facts, context) !== null) return [];
  return [`It says that ${reported[0] ?? ''} announces ${announcedText(told)}; by MetalLB's own rule ${expected.node} does`];
}
