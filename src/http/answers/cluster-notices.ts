/**
 * What people should know of how the cluster is read: how old the view is and why, which nodes could not be told by their MAC, who
 * differs about who announces an address. Whole sentences; names from the cluster come out printable. Judges nothing.
 */
import { formatIpv4 } from '../../core/address/ipv4.ts';
import { type Difference, explain } from '../../core/conflict/announcers.ts';
import type { KindStatus } from '../../core/conflict/cluster-knowledge.ts';
import type { ClusterView } from '../../core/conflict/cluster-view.ts';
import type { HeldBack } from '../../core/conflict/node-macs.ts';
import { formatDuration } from '../../core/evidence/duration-text.ts';
import { printable } from '../../core/text.ts';
import type { ClusterReport } from '../../watch/cluster-view-source.ts';
import type { GuardControl } from '../../watch/guard-types.ts';
import type { NodeReport, NodeSight } from '../../watch/node-macs.ts';

const NAME = 253;
const MESSAGE = 300;
const NAMED = 5;
const MOST_DIFFERENCES = 10;

/** @param part with its own article or number; @param more how many are not named */
function listed(all: readonly string[]): string {
  const shown = all.slice(0, NAMED).join(', ');
  return all.length > NAMED ? `${shown} and ${all.length - NAMED} more` : shown;
}

/** Why what the guard goes by may be old, or is not known at all. */
export function readingNotices({ status, asOfMs }: ClusterReport, nowMs: number): readonly string[] {
  if (status === null) return [];
  const needed = status.kinds.filter((kind) => kind.needed);
  const cluster = status.server === null ? 'The cluster' : `The cluster ${printable(status.server, NAME)}`;
  const goesOn =
    asOfMs === null
      ? 'not all that the guard needs of it is known yet'
      : `the guard goes on with what was known ${formatDuration(Math.max(0, nowMs - asOfMs))} ago`;
  return [...byCode(needed)].map(([code, kinds]) => {
    const names = listed(kinds.map(({ kind }) => kind));
    if (code === 'cluster-kind-unknown') return `${cluster} does not know ${names}: MetalLB is not installed there.`;
    const why = `${code}: ${printable(kinds[0]?.problem?.message ?? '', MESSAGE).replace(/\.$/, '')}`;
    if (kinds.length === needed.length) return `${cluster} cannot be read (${why}): ${goesOn}.`;
    return `${cluster} can be read only in part, not its ${names} (${why}): ${goesOn}.`;
  });
}

/** What the guard can do without, and would tell more with. */
export function lesserNotices({ status, contradicted }: ClusterReport): readonly string[] {
  if (status === null) return [];
  const lesser = status.kinds.filter((kind) => !kind.needed);
  return [
    ...[...byCode(lesser)].map(([code, kinds]) => {
      const names = listed(kinds.map(({ kind }) => kind));
      return code === 'cluster-kind-unknown'
        ? `The cluster does not know ${names}: its MetalLB is older, or not installed. The guard does without.`
        : `The cluster's ${names} cannot be read (${code}): the guard does without.`;
    }),
    ...status.kinds.flatMap(({ kind, leftOut }) =>
      leftOut === 0 ? [] : [`The cluster has too many ${kind}: ${leftOut} of them are not looked at.`],
    ),
    ...contradicted.map(
      (name) =>
        `Pool ${printable(name, NAME)} of the configuration has addresses that the cluster's pools have not: the cluster's count, and these are not guarded.`,
    ),
    ...status.remarks,
  ];
}

function byCode(kinds: readonly KindStatus[]): ReadonlyMap<string, readonly KindStatus[]> {
  const found = new Map<string, KindStatus[]>();
  for (const kind of kinds) {
    if (kind.problem === null) continue;
    const { code } = kind.problem;
    const group = found.get(code);
    if (group === undefined) found.set(code, [kind]);
    else group.push(kind);
  }
  return found;
}

const SIGHTS: Readonly<Record<Exclude<NodeSight, 'known' | 'unasked'>, (nodes: string, one: boolean) => string>> = {
  silent: (nodes, one) => `${nodes} ${one ? 'does' : 'do'} not answer ARP`,
  excluded: (nodes, one) =>
    `${nodes} ${one ? 'is' : 'are'} in exclude of ${one ? 'its segment' : 'their segments'}, and never asked`,
  unwatched: (nodes, one) => `${nodes} ${one ? 'lies' : 'lie'} in no segment that is heard`,
};
const NAME_IT = (one: boolean): string =>
  `so ${one ? 'its MAC is' : 'their MACs are'} not known, and ${one ? 'it counts' : 'they count'} as a stranger at pool addresses: name ${one ? 'it' : 'them'} under metallb.speakers.`;

/** Nodes that cannot be told from strangers. */
export function nodeNotices(
  report: Pick<ClusterReport, 'nodes' | 'heldBack'>,
  { pools, speakers }: ClusterView,
): readonly string[] {
  if (pools.length === 0) return [];
  const named = new Set(speakers.map(({ node }) => node));
  const nameless = report.nodes.filter(({ name }) => !named.has(name));
  return [
    ...(['silent', 'excluded', 'unwatched'] as const).flatMap((sight) => {
      const nodes = nameless.filter((node) => node.sight === sight);
      if (nodes.length === 0) return [];
      const one = nodes.length === 1;
      return [`${SIGHTS[sight](`${one ? 'Node' : 'Nodes'} ${listed(nodes.map(nodeText))}`, one)}, ${NAME_IT(one)}`];
    }),
    ...report.heldBack.slice(0, NAMED).map(heldBackText),
  ];
}

const nodeText = ({ name, addresses: [first] }: NodeReport): string =>
  first === undefined ? printable(name, NAME) : `${printable(name, NAME)} (${formatIpv4(first)})`;

function heldBackText({ node, mac, why }: HeldBack): string {
  const who = `${mac} answers for the address of node ${printable(node, NAME)}`;
  const unless = 'If it is that node, name it under metallb.speakers.';
  switch (why) {
    case 'stranger':
      return `${who} and is, or was, the stranger of a conflict: it is not taken for the node. ${unless}`;
    case 'several-nodes':
      return `${who} and for those of others: it is taken for none of them. ${unless}`;
    case 'stands-in':
      return `${who}, and for addresses all over the segment (proxy ARP): it is not taken for the node. ${unless}`;
  }
}

/** Who is elected, who says that he announces, and who does. */
export function announcerNotices(
  { differences }: Pick<ClusterReport, 'differences'>,
  guard: Pick<GuardControl, 'answering'>,
): readonly string[] {
  return differences.slice(0, MOST_DIFFERENCES).map((difference) => {
    const answering = guard.answering(difference.address)?.node ?? null;
    return differenceText(difference, answering);
  });
}

function differenceText(difference: Difference, answering: string | null): string {
  const { address, service, elected, reported } = difference;
  const says = `MetalLB's status of Service ${printable(service, 320)} names ${listed(reported.map((name) => printable(name, NAME)))}`;
  const elects =
    elected === null ? 'no node should announce it by its election' : `${printable(elected, NAME)} is next by its election`;
  switch (explain(difference, answering)) {
    case 'stale-status': {
      const does = answering === null ? elects : `${printable(answering, NAME)} answers for ${formatIpv4(address)}`;
      return `${says}, but ${does}: the status is stale. MetalLB up to 0.15.3 does not mend it after a failover (its issue 2930); 0.16 does.`;
    }
    case 'other-election':
      return `${says}, which answers for ${formatIpv4(address)}, but ${elects}: the speakers see other nodes than the cluster does. Look whether they reach each other (port 7946, TCP and UDP).`;
    case 'unclear':
      return `${says}, but ${elects}, and nobody was heard answering for ${formatIpv4(address)} lately.`;
  }
}
