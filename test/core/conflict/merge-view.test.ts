import { describe, expect, it } from 'vitest';
import { compareAnnouncers, DIFFER_GRACE_MS, explain, lasting, NO_DIFFERENCES } from '../../../src/core/conflict/announcers.ts';
import {
  asOfNeeded,
  type ClusterKnowledge,
  type KindStatus,
  NOTHING_KNOWN,
  orLastKnown,
} from '../../../src/core/conflict/cluster-knowledge.ts';
import type { Assignment } from '../../../src/core/conflict/cluster-view.ts';
import { contradicted, mergeView } from '../../../src/core/conflict/merge-view.ts';
import { ip, lan, mac, NODE_1, NODE_2, setOf, T } from './scene.ts';

const pool = (name: string, ...ranges: readonly string[]) => ({ name, addresses: setOf(...ranges) });
const names = (pools: readonly { readonly name: string }[]): readonly string[] => pools.map(({ name }) => name);

const KNOWN: ClusterKnowledge = {
  pools: [pool('production', '192.0.2.200-192.0.2.209'), pool('staging', '192.0.2.220-192.0.2.229')],
  services: {
    assignments: [{ address: lan(200), service: 'shop/web', node: 'node-1', reportedNodes: ['node-1'] }],
    requested: [{ address: lan(9), service: 'shop/mail' }],
  },
  nodes: [{ name: 'node-1', internal: [lan(11)], external: [ip('203.0.113.1'), lan(11)], ready: true }],
};

describe('mergeView', () => {
  it('is the configuration alone where there is no cluster', () => {
    const speakers = [{ mac: NODE_1, node: null }];
    expect(mergeView({ pools: [pool('own', '192.0.2.5')], speakers }, null, [], T)).toEqual({
      source: 'configuration',
      asOfMs: null,
      pools: [pool('own', '192.0.2.5')],
      speakers,
      assignments: null,
      requested: [],
      nodeAddresses: [],
    });
  });

  it('has all that is known of the cluster', () => {
    const view = mergeView({ pools: [], speakers: [] }, KNOWN, [{ mac: NODE_1, node: 'node-1' }], T);
    expect(view).toEqual({
      source: 'cluster',
      asOfMs: T,
      pools: KNOWN.pools,
      speakers: [{ mac: NODE_1, node: 'node-1' }],
      assignments: KNOWN.services?.assignments,
      requested: KNOWN.services?.requested,
      nodeAddresses: [
        { address: lan(11), node: 'node-1' },
        { address: ip('203.0.113.1'), node: 'node-1' },
      ],
    });
  });

  it.each([
    ['apart from all', pool('own', '192.0.2.230-192.0.2.239'), true, false],
    ['of the same name, with other addresses', pool('staging', '192.0.2.230-192.0.2.239'), false, true],
    ['of the same name and addresses', pool('staging', '192.0.2.220-192.0.2.229'), false, false],
    ['with addresses of two pools of the cluster', pool('own', '192.0.2.209-192.0.2.220'), false, true],
    ['within a pool of the cluster', pool('own', '192.0.2.201'), false, false],
  ])('keeps a configured pool beside those of the cluster: %s', (_, own, kept, told) => {
    const { pools } = mergeView({ pools: [own], speakers: [] }, KNOWN, [], T);
    expect(names(pools)).toEqual(['production', 'staging', ...(kept ? [own.name] : [])]);
    expect(contradicted([own], KNOWN.pools ?? [])).toEqual(told ? [own.name] : []);
  });

  it('guards the configured pools as ever while the pools of the cluster are not known', () => {
    const own = pool('production', '192.0.2.200-192.0.2.205');
    const view = mergeView({ pools: [own], speakers: [] }, { ...NOTHING_KNOWN, nodes: [] }, [], T);
    expect(view).toMatchObject({ source: 'cluster', pools: [own], assignments: null });
  });

  it('names each MAC once: as configured, with the name of the node where only the wire has it', () => {
    const configured = [
      { mac: NODE_1, node: null },
      { mac: mac(7), node: 'seven' },
    ];
    const learned = [
      { mac: NODE_1, node: 'node-1' },
      { mac: NODE_2, node: 'node-2' },
      { mac: mac(7), node: 'eight' },
    ];
    expect(mergeView({ pools: [], speakers: configured }, KNOWN, learned, T).speakers).toEqual([
      { mac: NODE_1, node: 'node-1' },
      { mac: mac(7), node: 'seven' },
      { mac: NODE_2, node: 'node-2' },
    ]);
  });
});

describe('what is known of a cluster', () => {
  it('is as it was last known, part by part, and an empty list is one', () => {
    expect(orLastKnown(NOTHING_KNOWN, KNOWN)).toEqual(KNOWN);
    expect(orLastKnown({ ...NOTHING_KNOWN, pools: [] }, KNOWN)).toEqual({ ...KNOWN, pools: [] });
    const services = { assignments: [], requested: [] };
    expect(orLastKnown({ pools: null, services, nodes: null }, KNOWN)).toEqual({ ...KNOWN, services });
  });

  it('is as old as its oldest part that is needed', () => {
    const kind = (needed: boolean, asOfMs: number | null): KindStatus => ({
      kind: 'pools',
      needed,
      state: 'up',
      problem: null,
      asOfMs,
      leftOut: 0,
    });
    const asOf = (...kinds: readonly KindStatus[]) => asOfNeeded({ server: null, kinds, remarks: [] });
    expect(asOf(kind(true, 7), kind(true, 5), kind(false, 1), kind(false, null))).toBe(5);
    expect(asOf(kind(true, 7), kind(true, null))).toBeNull();
  });
});

describe('who announces', () => {
  const held = (node: string | null, reportedNodes?: readonly string[]): Assignment => ({
    address: lan(200),
    service: 'shop/web',
    node,
    ...(reportedNodes === undefined ? {} : { reportedNodes }),
  });

  it.each([
    ['both say the same', held('node-1', ['node-1']), false],
    ['no report at all', held('node-1', []), false],
    ['reports are not known', held('node-1'), false],
    ['nobody is elected, and nobody says so', held(null, []), false],
    ['another one', held('node-1', ['node-2']), true],
    ['the right one, and another', held('node-1', ['node-1', 'node-2']), true],
    ['somebody, where nobody is elected', held(null, ['node-2']), true],
  ])('differs or not: %s', (_, assignment, differs) => {
    const found = compareAnnouncers([assignment], NO_DIFFERENCES, T);
    expect(lasting(found, T + DIFFER_GRACE_MS)).toHaveLength(differs ? 1 : 0);
    expect(lasting(found, T + DIFFER_GRACE_MS - 1)).toEqual([]);
  });

  it('counts from when the two began to differ in this way', () => {
    const first = compareAnnouncers([held('node-1', ['node-2'])], NO_DIFFERENCES, T);
    const same = compareAnnouncers([held('node-1', ['node-2'])], first, T + 20_000);
    expect(lasting(same, T + 20_000)).toEqual([
      { address: lan(200), service: 'shop/web', elected: 'node-1', reported: ['node-2'], sinceMs: T },
    ]);
    const moved = compareAnnouncers([held('node-3', ['node-2'])], same, T + 21_000);
    expect(lasting(moved, T + 30_000)).toEqual([]);
    const agreed = compareAnnouncers([held('node-2', ['node-2'])], moved, T + 22_000);
    expect(agreed.size).toBe(0);
    expect(compareAnnouncers(null, moved, T + 22_000).size).toBe(0);
  });

  it.each([
    ['node-1', ['node-2'], 'node-1', 'stale-status'],
    ['node-1', ['node-2'], 'node-3', 'stale-status'],
    ['node-1', ['node-2'], 'node-2', 'other-election'],
    ['node-1', ['node-1', 'node-2'], 'node-1', 'stale-status'],
    ['node-1', ['node-1', 'node-2'], null, 'stale-status'],
    ['node-1', ['node-2'], null, 'unclear'],
    [null, ['node-2'], null, 'stale-status'],
    [null, ['node-2'], 'node-2', 'other-election'],
  ] as const)('elected %s, reported %s, heard %s: %s', (elected, reported, answering, meaning) => {
    expect(explain({ address: lan(200), service: 's/s', elected, reported, sinceMs: T }, answering)).toBe(meaning);
  });
});
