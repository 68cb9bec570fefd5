import { describe, expect, it } from 'vitest';
import type { KindStatus } from '../../../src/core/conflict/cluster-knowledge.ts';
import { EMPTY_VIEW } from '../../../src/core/conflict/cluster-view.ts';
import { announcerNotices, lesserNotices, nodeNotices, readingNotices } from '../../../src/http/answers/cluster-notices.ts';
import type { ClusterReport } from '../../../src/watch/cluster-view-source.ts';
import type { NodeSight } from '../../../src/watch/node-macs.ts';
import { ip, mac, set } from '../../ledger/fixtures.ts';
import { AT_MS } from '../guard-fixtures.ts';

const SERVER = 'https://192.0.2.9:6443';
const kind = (name: string, code: string | null = null, more: Partial<KindStatus> = {}): KindStatus => ({
  kind: name,
  needed: true,
  state: code === null ? 'up' : code === 'cluster-kind-unknown' ? 'absent' : 'failing',
  problem: code === null ? null : { code, message: 'It is so.' },
  asOfMs: AT_MS,
  leftOut: 0,
  ...more,
});
const report = (kinds: readonly KindStatus[], more: Partial<ClusterReport> = {}): ClusterReport => ({
  status: { server: SERVER, kinds, remarks: [] },
  asOfMs: AT_MS - 300_000,
  nodes: [],
  heldBack: [],
  differences: [],
  contradicted: [],
  ...more,
});
const reading = (...kinds: readonly KindStatus[]) => readingNotices(report(kinds), AT_MS);

describe('how old the view is', () => {
  it('is said where something that is needed cannot be read, with the code and the age', () => {
    expect(reading(kind('pools'), kind('nodes'))).toEqual([]);
    expect(reading(kind('pools', 'cluster-unreachable'), kind('nodes', 'cluster-unreachable'))).toEqual([
      `The cluster ${SERVER} cannot be read (cluster-unreachable: It is so): the guard goes on with what was known 5 min ago.`,
    ]);
    expect(
      reading(kind('pools'), kind('nodes', 'cluster-forbidden'), kind('layer2Statuses', 'cluster-forbidden', { needed: false })),
    ).toEqual([
      `The cluster ${SERVER} can be read only in part, not its nodes (cluster-forbidden: It is so): the guard goes on with what was known 5 min ago.`,
    ]);
    expect(reading(kind('pools', 'cluster-kind-unknown'), kind('nodes'))).toEqual([
      `The cluster ${SERVER} does not know pools: MetalLB is not installed there.`,
    ]);
    expect(reading(kind('pools', 'cluster-busy'), kind('nodes', 'cluster-unauthorized'))).toHaveLength(2);
  });

  it('is said where nothing is known yet, and where there is no cluster at all nothing is', () => {
    const away = report([kind('pools', 'kubeconfig-unreadable')], {
      asOfMs: null,
      status: { server: null, kinds: [kind('pools', 'kubeconfig-unreadable')], remarks: [] },
    });
    expect(readingNotices(away, AT_MS)).toEqual([
      'The cluster cannot be read (kubeconfig-unreadable: It is so): not all that the guard needs of it is known yet.',
    ]);
    expect(readingNotices({ ...away, status: null }, AT_MS)).toEqual([]);
    expect(lesserNotices({ ...away, status: null })).toEqual([]);
  });
});

describe('what the guard does without', () => {
  it('is said apart, with all further remarks', () => {
    const kinds = [
      kind('pools'),
      kind('layer2Statuses', 'cluster-forbidden', { needed: false }),
      kind('endpointSlices', 'cluster-forbidden', { needed: false }),
      kind('configurationStates', 'cluster-kind-unknown', { needed: false }),
      kind('services', null, { leftOut: 7 }),
    ];
    const all = report(kinds, { contradicted: ['own\u001b[2J'] });
    expect(lesserNotices({ ...all, status: { server: SERVER, kinds, remarks: ['Something.'] } })).toEqual([
      "The cluster's layer2Statuses, endpointSlices cannot be read (cluster-forbidden): the guard does without.",
      'The cluster does not know configurationStates: its MetalLB is older, or not installed. The guard does without.',
      'The cluster has too many services: 7 of them are not looked at.',
      "Pool own[2J of the configuration has addresses that the cluster's pools have not: the cluster's count, and these are not guarded.",
      'Something.',
    ]);
  });
});

describe('nodes that cannot be told from strangers', () => {
  const VIEW = { ...EMPTY_VIEW, pools: [{ name: 'p', addresses: set('192.0.2.200') }] };
  const node = (name: string, sight: NodeSight, address = '192.0.2.11') => ({ name, addresses: [ip(address)], sight });
  const told = (...nodes: readonly ReturnType<typeof node>[]) => nodeNotices({ nodes, heldBack: [] }, VIEW);

  it.each<[NodeSight, string | null]>([
    ['known', null],
    ['unasked', null],
    [
      'silent',
      'Node a (192.0.2.11) does not answer ARP, so its MAC is not known, and it counts as a stranger at pool addresses: name it under metallb.speakers.',
    ],
    [
      'unwatched',
      'Node a (192.0.2.11) lies in no segment that is heard, so its MAC is not known, and it counts as a stranger at pool addresses: name it under metallb.speakers.',
    ],
    [
      'excluded',
      'Node a (192.0.2.11) is in exclude of its segment, and never asked, so its MAC is not known, and it counts as a stranger at pool addresses: name it under metallb.speakers.',
    ],
  ])('are named, with what to do: %s', (sight, sentence) => {
    expect(told(node('a', sight))).toEqual(sentence === null ? [] : [sentence]);
  });

  it('are named together, and not all of many', () => {
    const many = Array.from({ length: 8 }, (_, i) => node(`n${i}`, 'silent', `192.0.2.${20 + i}`));
    expect(told(...many)).toEqual([
      'Nodes n0 (192.0.2.20), n1 (192.0.2.21), n2 (192.0.2.22), n3 (192.0.2.23), n4 (192.0.2.24) and 3 more do not answer ARP, so their MACs are not known, and they count as a stranger at pool addresses: name them under metallb.speakers.',
    ]);
  });

  it('are none whose MAC is configured, and none where nothing is guarded', () => {
    const speakers = [{ mac: mac('02:00:00:00:00:01'), node: 'a' }];
    const silent = { nodes: [node('a', 'silent')], heldBack: [] };
    expect(nodeNotices(silent, { ...VIEW, speakers })).toEqual([]);
    expect(nodeNotices(silent, { ...VIEW, pools: [] })).toEqual([]);
  });

  it('are told of who answers for them and is not believed', () => {
    const who = { node: 'a', mac: mac('02:00:00:00:00:66') };
    const heldBack = (['stranger', 'several-nodes', 'stands-in'] as const).map((why) => ({ ...who, why }));
    expect(nodeNotices({ nodes: [], heldBack }, VIEW)).toEqual([
      '02:00:00:00:00:66 answers for the address of node a and is, or was, the stranger of a conflict: it is not taken for the node. If it is that node, name it under metallb.speakers.',
      '02:00:00:00:00:66 answers for the address of node a and for those of others: it is taken for none of them. If it is that node, name it under metallb.speakers.',
      '02:00:00:00:00:66 answers for the address of node a, and for addresses all over the segment (proxy ARP): it is not taken for the node. If it is that node, name it under metallb.speakers.',
    ]);
  });
});

describe('who announces an address', () => {
  const difference = { address: ip('192.0.2.200'), service: 'shop/web', elected: 'a', reported: ['b'], sinceMs: AT_MS };
  const told = (answering: string | null, more = {}) =>
    announcerNotices(
      { differences: [{ ...difference, ...more }] },
      { answering: () => (answering === null ? null : { mac: mac('02:00:00:00:00:01'), node: answering, atMs: AT_MS }) },
    );

  it.each<[string | null, object, string]>([
    ['a', {}, "MetalLB's status of Service shop/web names b, but a answers for 192.0.2.200: the status is stale."],
    ['b', {}, "MetalLB's status of Service shop/web names b, which answers for 192.0.2.200, but a is next by its election"],
    [
      null,
      {},
      "MetalLB's status of Service shop/web names b, but a is next by its election, and nobody was heard answering for 192.0.2.200 lately.",
    ],
    [
      null,
      { elected: null },
      "MetalLB's status of Service shop/web names b, but no node should announce it by its election: the status is stale.",
    ],
    [
      'a',
      { reported: ['a', 'b'] },
      "MetalLB's status of Service shop/web names a, b, but a answers for 192.0.2.200: the status is stale.",
    ],
  ])('is told by who answers: %s %s', (answering, more, sentence) => {
    expect(told(answering, more)).toEqual([expect.stringContaining(sentence)]);
  });

  it('names the version that mends a stale status', () => {
    expect(told('a')[0]).toContain('MetalLB up to 0.15.3 does not mend it after a failover (its issue 2930); 0.16 does.');
  });
});
