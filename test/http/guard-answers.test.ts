import { beforeEach, describe, expect, it } from 'vitest';
import { parseCidr, rangeOfCidr } from '../../src/core/address/cidr.ts';
import type { Ipv4 } from '../../src/core/address/ipv4.ts';
import { EMPTY_VIEW } from '../../src/core/conflict/cluster-view.ts';
import { CONFLICT_KINDS, type Conflict } from '../../src/core/conflict/types.ts';
import type { DhcpServer } from '../../src/core/dhcp/types.ts';
import type { Lease } from '../../src/core/evidence/facts.ts';
import { conflictSentence } from '../../src/http/answers/conflict-json.ts';
import type { LeaseFileStatus } from '../../src/http/answers/dhcp.ts';
import { createGuardAnswers } from '../../src/http/answers/guard-answers.ts';
import { poolNotices } from '../../src/http/answers/pools.ts';
import * as schemas from '../../src/http/guard-schemas.ts';
import type { ConflictsQuery, GuardService } from '../../src/http/guard-service.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import type { ClusterReport } from '../../src/watch/cluster-view-source.ts';
import type { GuardControl } from '../../src/watch/guard-types.ts';
import { createLiveEvents } from '../../src/watch/live-events.ts';
import type { Watch } from '../../src/watch/watch.ts';
import { ip, mac, newLedger, range, set } from '../ledger/fixtures.ts';
import { fakeClock } from '../system/fake-clock.ts';
import { AT_MS, closed, conflict, STRANGER } from './guard-fixtures.ts';

const NO_SERVICES =
  'Which addresses Services hold is not known: a stranger at a pool address is a squatter, or contested where a node was heard answering for it within a day.';
const EVIL = '\u001b[2J<script>\u202e\u0000x';
const OPEN: ConflictsQuery = { state: 'open', segment: undefined, kind: undefined, before: undefined, limit: 100 };

type Segment = {
  readonly name: string;
  readonly cidr: string;
  readonly method?: 'arp' | 'icmp';
  readonly waiting?: string;
  readonly row?: boolean;
  /** Age of the last valid sweep; null: there was none. */
  readonly sweptMs?: number | null;
  /** Its network is not known yet. */
  readonly placed?: boolean;
};

/** As much of a Watch as answers look at. */
function fakeWatch(segments: readonly Segment[]): Pick<Watch, 'all'> {
  const entries = segments.map(({ name, cidr, method = 'arp', waiting = null, row = true, placed = true }, index) => {
    const parsed = parseCidr(cidr);
    if (!parsed.ok) throw new Error(parsed.error);
    return {
      intervalMs: 30_000,
      watch: {
        config: { name },
        place: placed ? { method, range: rangeOfCidr(parsed.value) } : null,
        row: row ? { id: index, name } : null,
        lastSweep: null,
        status: () => ({ waitingDetail: waiting }),
      },
    };
  });
  return { all: () => entries } as unknown as Pick<Watch, 'all'>;
}

let open: Conflict[];
let servers: DhcpServer[];
let leases: Lease[];
let files: LeaseFileStatus[];
let view: ReturnType<GuardControl['view']>;
const answering = new Map<Ipv4, NonNullable<ReturnType<GuardControl['answering']>>>();
let report: ClusterReport | null;
let ledger: Ledger;
let answers: GuardService;

const POOL = { name: 'production-pool', addresses: set('192.0.2.200-192.0.2.210', '192.0.2.224/28') };

function make(segments: readonly Segment[] = [{ name: 'lan', cidr: '192.0.2.0/24' }]): void {
  const guard: GuardControl = {
    healthy: true,
    open: () => open,
    acknowledge(id, by, note) {
      const found = open.find((each) => each.id === id);
      return found === undefined ? null : { ...found, acknowledged: { atMs: AT_MS, by, note } };
    },
    view: () => view,
    answering: (address) => answering.get(address) ?? null,
    dismissed: () => ({ 'own-probe': 4 }),
    servers: (segment) => servers.filter((server) => server.segment === segment),
    isUnexpected: ({ server }) => server === ip('192.0.2.66'),
  };
  answers = createGuardAnswers({
    guard,
    store: ledger.guard,
    watch: fakeWatch(segments),
    ledger: {
      leases: () => leases,
      lastValidSweepMs: (segment) => {
        const { sweptMs = 1000 } = segments[segment] ?? {};
        return sweptMs === null ? null : AT_MS - sweptMs;
      },
    },
    clock: fakeClock(AT_MS),
    live: createLiveEvents(),
    cluster: () => report,
    leaseFiles: () => files,
  });
}

beforeEach(() => {
  ledger = newLedger(true).ledger;
  open = [];
  servers = [];
  leases = [];
  files = [];
  report = null;
  answering.clear();
  view = { ...EMPTY_VIEW, pools: [POOL], speakers: [{ mac: mac('00:00:0c:00:00:01'), node: 'worker-1' }] };
  make();
});

const store = (...conflicts: readonly Conflict[]): void =>
  ledger.guard.record(
    conflicts.map((each) => ({
      change: { event: each.closedMs === null ? 'opened' : 'closed', conflict: each, from: null, causedMs: AT_MS } as const,
      message: null,
      channels: [],
    })),
  );

const ids = (query: Partial<ConflictsQuery>): (number | null)[] => {
  const { conflicts, next } = answers.conflicts({ ...OPEN, ...query });
  return [...conflicts.map(({ id }) => id), ...(next === null ? [] : [null])];
};

describe('conflicts', () => {
  beforeEach(() => {
    open = [conflict({ id: 3 }), conflict({ id: 5, kind: 'imminent', segment: 'dmz' }), conflict({ id: 8, sightings: 99 })];
    store(closed(1), closed(2, { kind: 'contested' }), conflict({ id: 3 }), closed(4, { segment: 'dmz' }), closed(6), closed(7));
    // The guard knows something newer of 8 than the ledger, which was full.
    store(conflict({ id: 8, sightings: 1 }));
  });

  it.each<[Partial<ConflictsQuery>, (number | null)[]]>([
    [{}, [8, 5, 3]],
    [{ segment: 'dmz' }, [5]],
    [{ kind: 'squatter' }, [8, 3]],
    [{ before: 8 }, [5, 3]],
    [{ limit: 2 }, [8, 5, null]],
    [{ limit: 3 }, [8, 5, 3]],
    [{ state: 'closed' }, [7, 6, 4, 2, 1]],
    [{ state: 'closed', limit: 2 }, [7, 6, null]],
    [{ state: 'closed', before: 6, limit: 3 }, [4, 2, 1]],
    [{ state: 'closed', kind: 'contested' }, [2]],
    [{ state: 'all' }, [8, 7, 6, 5, 4, 3, 2, 1]],
    [{ state: 'all', segment: 'dmz' }, [5, 4]],
    [{ state: 'all', limit: 3 }, [8, 7, 6, null]],
    [{ state: 'all', before: 6, limit: 4 }, [5, 4, 3, 2, null]],
  ])('asked for %j: %j, null for more', (query, expected) => {
    expect(ids(query)).toEqual(expected);
  });

  it('pages tell of each one once, whatever their size', () => {
    for (const limit of [1, 2, 3, 5]) {
      const seen: number[] = [];
      for (let before: number | undefined; ; ) {
        const page = answers.conflicts({ ...OPEN, state: 'all', before, limit });
        seen.push(...page.conflicts.map(({ id }) => id));
        if (page.next === null) break;
        before = page.next;
      }
      expect(seen).toEqual([8, 7, 6, 5, 4, 3, 2, 1]);
    }
  });

  it('counts what is open, whatever is asked for, and tells what raised nothing', () => {
    const answer = answers.conflicts({ ...OPEN, state: 'closed', segment: 'lan', kind: 'imminent' });
    expect(answer).toMatchObject({ conflicts: [], open: 3, openMatching: 0, dismissed: { 'own-probe': 4 }, next: null });
    expect(answer.openByKind).toEqual({
      ...Object.fromEntries(CONFLICT_KINDS.map((kind) => [kind, 0])),
      squatter: 2,
      imminent: 1,
    });
    expect(schemas.conflicts.parse(answer)).toEqual(answer);
  });

  it.each<[Partial<ConflictsQuery>, number]>([
    [{}, 3],
    [{ state: 'closed', before: 2, limit: 1 }, 3],
    [{ segment: 'lan' }, 2],
    [{ segment: 'dmz' }, 1],
    [{ kind: 'squatter' }, 2],
    [{ segment: 'dmz', kind: 'squatter' }, 0],
  ])('counts what was asked for: %j: %i', (query, matching) => {
    expect(answers.conflicts({ ...OPEN, ...query })).toMatchObject({ open: 3, openMatching: matching });
  });

  it('refuses a segment that there is not, unless it has left conflicts behind', () => {
    expect(ids({ segment: 'dmz', state: 'closed' })).toEqual([4]);
    open = [];
    expect(ids({ segment: 'dmz' })).toEqual([]);
    expect(ids({ segment: 'lan' })).toEqual([]);
    expect(() => ids({ segment: 'lna' })).toThrow(
      expect.objectContaining({ code: 'segment-unknown', exitCode: 2, hint: 'These are configured: lan.' }),
    );
  });

  it('tells what the guard knows before what is stored', () => {
    expect(answers.conflict(8).sightings).toBe(99);
    expect(answers.conflicts({ ...OPEN, state: 'all', limit: 1 }).conflicts[0]?.sightings).toBe(99);
    expect(answers.conflict(7)).toMatchObject({ id: 7, state: 'closed', closeReason: 'quiet' });
    expect(() => answers.conflict(99)).toThrow(expect.objectContaining({ code: 'conflict-unknown' }));
  });

  it('acknowledges what is open, and only that', () => {
    expect(answers.acknowledge(5, 'Ada', 'unplugged')).toMatchObject({
      id: 5,
      acknowledged: { at: '2026-05-05T10:00:00.000Z', by: 'Ada', note: 'unplugged' },
    });
    expect(() => answers.acknowledge(7, 'Ada', '')).toThrow(expect.objectContaining({ code: 'conflict-closed' }));
    expect(() => answers.acknowledge(99, 'Ada', '')).toThrow(expect.objectContaining({ code: 'conflict-unknown' }));
    expect(answers.acknowledge(5, `A${EVIL}`, 'x'.repeat(600)).acknowledged).toEqual({
      at: '2026-05-05T10:00:00.000Z',
      by: 'A[2J<script>x',
      note: 'x'.repeat(500),
    });
  });

  it('keeps the note of an earlier acknowledgement, unless there is a new one', () => {
    open = [conflict({ id: 5, acknowledged: { atMs: AT_MS - 1000, by: 'Ada', note: 'unplugged' } })];
    expect(answers.acknowledge(5, 'Bob', '').acknowledged).toMatchObject({ by: 'Bob', note: 'unplugged' });
    expect(answers.acknowledge(5, 'Bob', '\u0000').acknowledged).toMatchObject({ by: 'Bob', note: 'unplugged' });
    expect(answers.acknowledge(5, 'Bob', 'found it').acknowledged).toMatchObject({ by: 'Bob', note: 'found it' });
  });

  it('shows a conflict whole, in the words of the contract', () => {
    open = [conflict({ id: 3, stranger: mac('00:00:0c:01:02:03'), macs: [mac('00:00:0c:01:02:03')], hostname: EVIL })];
    const json = answers.conflict(3);
    expect(schemas.conflict.parse(json)).toEqual(json);
    expect(json).toMatchObject({
      severity: 'critical',
      state: 'open',
      address: '192.0.2.201',
      mac: '00:00:0c:01:02:03',
      vendor: 'Cisco Systems, Inc',
      hostname: '[2J<script>x',
      summary: '00:00:0c:01:02:03 ([2J<script>x, Cisco Systems, Inc) uses 192.0.2.201 of pool production-pool.',
      firstSeenAt: '2026-05-05T09:59:00.000Z',
      closedAt: null,
      sources: ['arp-reply', 'dhcp-request'],
    });
  });
});

describe('conflictSentence', () => {
  const nobody = { stranger: null, hostname: null, macs: [] };
  it.each<[Partial<Conflict>, string]>([
    [{}, '02:00:00:00:00:05 (printer) uses 192.0.2.201 of pool production-pool.'],
    [{ hostname: null }, '02:00:00:00:00:05 uses 192.0.2.201 of pool production-pool.'],
    [{ hostname: '\u0000' }, '02:00:00:00:00:05 uses 192.0.2.201 of pool production-pool.'],
    [{ ...nobody }, 'somebody uses 192.0.2.201 of pool production-pool.'],
    [{ ...nobody, detail: { strangers: 17 } }, '17 strangers use 192.0.2.201 of pool production-pool.'],
    [{ kind: 'imminent' }, '02:00:00:00:00:05 (printer) is about to use 192.0.2.201 of pool production-pool.'],
    [
      { kind: 'imminent', ...nobody, detail: { strangers: 3 } },
      '3 strangers are about to use 192.0.2.201 of pool production-pool.',
    ],
    [
      { kind: 'contested', service: 'shop/web' },
      '02:00:00:00:00:05 (printer) answers for 192.0.2.201 of pool production-pool, which Service shop/web holds.',
    ],
    [
      { kind: 'contested' },
      '02:00:00:00:00:05 (printer) answers for 192.0.2.201 of pool production-pool, which a node answers for.',
    ],
    [
      { kind: 'split-brain', ...nobody, macs: [STRANGER, mac('02:00:00:00:00:06')], detail: { nodes: ['worker-1'] } },
      'several nodes answer for 192.0.2.201 of pool production-pool: worker-1 (02:00:00:00:00:05, 02:00:00:00:00:06).',
    ],
    [{ kind: 'split-brain', ...nobody, detail: { nodes: [] } }, 'several nodes answer for 192.0.2.201 of pool production-pool.'],
    [
      { kind: 'split-brain', ...nobody, detail: { nodes: ['a', 'b', 'c', 'd', 'e'] } },
      'several nodes answer for 192.0.2.201 of pool production-pool: a, b, c, d ….',
    ],
    [
      { kind: 'split-brain', ...nobody, macs: [STRANGER, mac('02:00:00:00:00:06')] },
      'several nodes answer for 192.0.2.201 of pool production-pool: 02:00:00:00:00:05, 02:00:00:00:00:06.',
    ],
    [
      { kind: 'scope-overlap', detail: { server: ip('192.0.2.1'), overlap: range('192.0.2.200-192.0.2.204') } },
      'DHCP server 192.0.2.1 hands out 192.0.2.200-192.0.2.204 of pool production-pool.',
    ],
    [
      { kind: 'scope-overlap', ...nobody, detail: { server: 'lease-file' } },
      'the DHCP server of the lease files hands out 192.0.2.201 of pool production-pool.',
    ],
    [
      { kind: 'infrastructure', ...nobody, detail: { role: 'gateway' } },
      '192.0.2.201 of pool production-pool is a gateway, and no Service can have it.',
    ],
    [
      { kind: 'infrastructure', ...nobody, detail: { role: 'node' } },
      '192.0.2.201 of pool production-pool is the address of a node, and no Service can have it.',
    ],
    [
      { kind: 'unannounced', ...nobody, service: 'shop/web' },
      'Service shop/web holds 192.0.2.201 of pool production-pool, and nobody answers for it.',
    ],
    [
      { closedMs: AT_MS, closeReason: 'quiet' },
      '02:00:00:00:00:05 (printer) uses 192.0.2.201 of pool production-pool (over: not heard any more).',
    ],
    [
      { closedMs: AT_MS, closeReason: 'dismissed', detail: { rule: 'vrrp' } },
      '02:00:00:00:00:05 (printer) uses 192.0.2.201 of pool production-pool (over: no stranger after all, by rule vrrp).',
    ],
  ])('%j', (more, sentence) => {
    expect(conflictSentence(conflict(more))).toBe(sentence);
  });

  it('has words for every kind, role and reason, and nothing of a terminal in them', () => {
    for (const kind of CONFLICT_KINDS) {
      for (const closeReason of ['quiet', 'withdrawn', 'dismissed', 'not-in-pool', 'mended', null] as const) {
        for (const role of ['network', 'broadcast', 'gateway', 'own', 'node'] as const) {
          const text = conflictSentence(
            conflict({
              kind,
              closeReason,
              closedMs: closeReason === null ? null : AT_MS,
              hostname: EVIL,
              pool: EVIL,
              service: EVIL,
              detail: { role, rule: EVIL, nodes: [EVIL] },
            }),
          );
          expect(text).toMatch(/^[\x20-\x7e]+\.$/);
          expect(text).not.toContain('undefined');
        }
      }
    }
  });
});

describe('pools', () => {
  it('tells sizes, segments, speakers and open conflicts', () => {
    open = [conflict(), conflict({ id: 2, pool: 'another' })];
    const answer = answers.pools();
    expect(schemas.pools.parse(answer)).toEqual(answer);
    expect(answer).toEqual({
      generatedAt: '2026-05-05T10:00:00.000Z',
      source: 'configuration',
      asOf: null,
      cluster: null,
      pools: [
        {
          name: 'production-pool',
          addresses: [
            { start: '192.0.2.200', end: '192.0.2.210', size: 11 },
            { start: '192.0.2.224', end: '192.0.2.239', size: 16 },
          ],
          size: 27,
          segments: ['lan'],
          unwatched: [],
          openConflicts: 1,
        },
      ],
      speakers: [{ mac: '00:00:0c:00:00:01', node: 'worker-1', vendor: 'Cisco Systems, Inc' }],
      assigned: null,
      requested: [],
      notices: [NO_SERVICES],
    });
  });

  it('says where nobody listens: outside of all segments, on a routed one, on one that waits', () => {
    make([
      { name: 'low', cidr: '192.0.2.200/29' },
      { name: 'routed', cidr: '192.0.2.208/28', method: 'icmp' },
      { name: 'down', cidr: '198.51.100.0/24', waiting: `link is down ${EVIL}` },
    ]);
    const { pools, notices } = answers.pools();
    expect(pools).toMatchObject([
      {
        segments: ['low'],
        unwatched: [
          { start: '192.0.2.208', end: '192.0.2.210', size: 3 },
          { start: '192.0.2.224', end: '192.0.2.239', size: 16 },
        ],
      },
    ]);
    expect(notices.slice(1)).toEqual([
      'Nobody listens where 19 addresses of pool production-pool are: no segment holds them.',
      'Segment routed is routed: no ARP can be heard there, so it is not guarded.',
      'Segment down cannot be heard now: link is down [2J<script>x.',
    ]);
  });

  it('says so where nothing is guarded, and where everybody would be a stranger', () => {
    view = { ...view, speakers: [], assignments: [{ address: ip('192.0.2.201'), service: 'shop/web', node: 'worker-1' }] };
    expect(answers.pools()).toMatchObject({
      assigned: [{ address: '192.0.2.201', service: 'shop/web', node: 'worker-1' }],
      notices: [expect.stringContaining('metallb.speakers')],
    });
    view = EMPTY_VIEW;
    expect(answers.pools().notices).toEqual([expect.stringContaining('metallb.pools')]);
  });
});

describe('a cluster that is read', () => {
  const SERVER = 'https://192.0.2.9:6443';
  const kind = (name: string, needed: boolean, code: string | null) => ({
    kind: name,
    needed,
    state: code === null ? ('up' as const) : ('failing' as const),
    problem: code === null ? null : { code, message: 'It is so.' },
    asOfMs: AT_MS - 60_000,
    leftOut: 0,
  });
  const read = (pools: string | null, statuses: string | null = null): ClusterReport => ({
    status: {
      server: SERVER,
      kinds: [kind('pools', true, pools), kind('layer2Statuses', false, statuses)],
      remarks: ['A remark.'],
    },
    asOfMs: AT_MS - 60_000,
    nodes: [{ name: 'worker-2', addresses: [ip('192.0.2.12')], sight: 'silent' }],
    heldBack: [],
    differences: [
      { address: ip('192.0.2.201'), service: 'shop/web', elected: 'worker-1', reported: ['worker-2'], sinceMs: AT_MS - 20_000 },
    ],
    contradicted: [],
  });
  beforeEach(() => {
    view = {
      ...view,
      source: 'cluster',
      asOfMs: AT_MS - 60_000,
      assignments: [
        { address: ip('192.0.2.201'), service: `shop/web${EVIL}`, node: 'worker-1', reportedNodes: ['worker-2'] },
        { address: ip('192.0.2.202'), service: 'shop/old', node: null },
      ],
      requested: [{ address: ip('192.0.2.203'), service: 'shop/new' }],
    };
    answering.set(ip('192.0.2.201'), { mac: mac('00:00:0c:00:00:01'), node: 'worker-1', atMs: AT_MS - 1_000 });
  });

  it('is told of with who holds what, who is elected, who says so and who answers', () => {
    report = read(null);
    const answer = answers.pools();
    expect(schemas.pools.parse(answer)).toEqual(answer);
    expect(answer).toMatchObject({
      source: 'cluster',
      asOf: '2026-05-05T09:59:00.000Z',
      cluster: {
        server: SERVER,
        kinds: [
          { kind: 'pools', needed: true, state: 'up', code: null, message: null, asOf: '2026-05-05T09:59:00.000Z' },
          { kind: 'layer2Statuses', needed: false, state: 'up', code: null },
        ],
      },
      assigned: [
        {
          address: '192.0.2.201',
          service: 'shop/web[2J<script>x',
          node: 'worker-1',
          reportedNodes: ['worker-2'],
          answeredBy: { mac: '00:00:0c:00:00:01', node: 'worker-1', at: '2026-05-05T09:59:59.000Z' },
        },
        { address: '192.0.2.202', service: 'shop/old', node: null, reportedNodes: null, answeredBy: null },
      ],
      requested: [{ address: '192.0.2.203', service: 'shop/new' }],
      notices: [
        expect.stringMatching(/^Node worker-2 .* does not answer ARP/),
        expect.stringMatching(/^MetalLB's status of Service shop\/web names worker-2, but worker-1 answers .* stale/),
        'A remark.',
      ],
    });
  });

  it('is told of at the conflicts, too, where that matters for them, and makes nothing blind', () => {
    report = read('cluster-unreachable', 'cluster-forbidden');
    const { notices, blind } = answers.conflicts(OPEN);
    expect(notices).toEqual([
      expect.stringContaining('cannot be read (cluster-unreachable: It is so): the guard goes on with what was known 1 min ago.'),
      expect.stringMatching(/^Node worker-2 /),
    ]);
    expect(blind).toBe(false);
    expect(answers.pools().notices).toContainEqual(expect.stringContaining("The cluster's layer2Statuses cannot be read"));
  });

  it('is told of where it has no pool', () => {
    report = read('cluster-kind-unknown');
    view = EMPTY_VIEW;
    expect(answers.conflicts(OPEN).notices).toEqual([
      expect.stringContaining('No pool is known, so nothing is guarded: the cluster has none, as far as it could be read'),
      expect.stringContaining('MetalLB is not installed there'),
    ]);
  });
});

describe('what the guard does not hear', () => {
  const ROUTED = 'Segment routed is routed: no ARP can be heard there, so it is not guarded.';
  const DOWN = 'Segment down cannot be heard now: eth0 is down [2J<script>x.';
  const lan: Segment = { name: 'lan', cidr: '192.0.2.0/24' };
  const down: Segment = { name: 'down', cidr: '192.0.2.0/24', waiting: `eth0 is down ${EVIL}` };
  const stale = (sweptMs: number | null): Segment => ({ name: 'stale', cidr: '192.0.2.0/24', sweptMs });
  const routed: Segment = { name: 'routed', cidr: '198.51.100.0/24', method: 'icmp' };
  const part: Segment = { name: 'part', cidr: '192.0.2.192/28' };
  const elsewhere: Segment = { name: 'elsewhere', cidr: '203.0.113.0/24' };
  const dull = (detail: string): string =>
    `Segment stale is not looked at as it should be: ${detail}. Who is silent there is not seen.`;
  const nobody = (size: string): string =>
    `Nobody listens where ${size} addresses of pool production-pool are: no segment holds them.`;

  it.each<[string, readonly Segment[], string | undefined, readonly string[], boolean]>([
    ['nothing', [lan], undefined, [], false],
    ['no segment', [], undefined, ['No segment is configured, so nothing is heard: name one under segments.'], true],
    ['the only one is down', [down], undefined, [DOWN], true],
    ['it was never there', [{ ...down, placed: false }], undefined, [DOWN, nobody('27')], true],
    ['one of two is down', [lan, down], undefined, [DOWN], false],
    ['the one that was asked for is down', [lan, down], 'down', [DOWN], true],
    ['the other one is down', [lan, down], 'lan', [], false],
    ['no sweep was valid yet', [stale(null)], undefined, [dull('no valid sweep yet')], true],
    ['the last valid sweep is long ago', [stale(3_600_000)], undefined, [dull('last valid sweep 1 h ago')], true],
    ['the last valid sweep is late, but not too late', [stale(80_000)], undefined, [], false],
    ['part of the pool is nowhere', [part], undefined, [nobody('19')], false],
    ['part of the pool is nowhere; asked for a segment', [part], 'part', [], false],
    ['the pool is nowhere', [elsewhere], undefined, [nobody('27')], true],
    ['the pool is elsewhere', [lan, elsewhere], 'elsewhere', ['Segment elsewhere holds no address of a pool.'], true],
    ['a routed one beside it', [lan, routed], undefined, [ROUTED], false],
    ['only a routed one', [{ ...routed, cidr: '192.0.2.0/24' }], undefined, [ROUTED, nobody('27')], true],
  ])('%s', (_, segments, segment, notices, blind) => {
    make(segments);
    const answer = answers.conflicts({ ...OPEN, segment });
    expect(answer).toMatchObject({ notices, blind });
    expect(schemas.conflicts.parse(answer)).toEqual(answer);
    if (segment === undefined && segments.length > 0)
      expect(answers.pools().notices).toEqual([NO_SERVICES, ...notices].sort(byKind));
  });
  // GET /pools tells of the pools first.
  const byKind = (a: string, b: string): number =>
    Number(b.startsWith('Which')) - Number(a.startsWith('Which')) ||
    Number(b.startsWith('Nobody')) - Number(a.startsWith('Nobody'));

  it('no pool, and a segment that was taken out', () => {
    store(closed(4, { segment: 'dmz' }));
    expect(answers.conflicts({ ...OPEN, segment: 'dmz' })).toMatchObject({
      notices: ['Segment dmz is not configured any more: nobody listens there.'],
      blind: true,
    });
    view = EMPTY_VIEW;
    expect(answers.conflicts(OPEN)).toMatchObject({ notices: [expect.stringContaining('metallb.pools')], blind: true });
  });

  it('poolNotices tells of each pool of which a part is not heard, by ARP', () => {
    const places = (...ranges: string[]) =>
      ranges.map((each, index) => ({ name: `s${index}`, place: { method: 'arp' as const, range: range(each) } }));
    const pools = [POOL, { name: 'one', addresses: set('203.0.113.7') }];
    expect(poolNotices({ pools }, places('192.0.2.0/24', '203.0.113.0/24'))).toEqual([]);
    expect(poolNotices({ pools }, places('192.0.2.0/24'))).toEqual([
      'Nobody listens where 1 address of pool one is: no segment holds it.',
    ]);
    expect(poolNotices({ pools }, [])).toHaveLength(2);
  });
});

describe('dhcp', () => {
  const server = (more: Partial<DhcpServer>): DhcpServer => ({
    segment: 'lan',
    server: ip('192.0.2.1'),
    mac: mac('00:00:0c:00:00:01'),
    span: { first: ip('192.0.2.100'), last: ip('192.0.2.203') },
    firstHeardMs: AT_MS - 1000,
    lastHeardMs: AT_MS,
    messages: 4,
    ...more,
  });
  const lease = (address: string, more: Partial<Lease> = {}): Lease => ({
    address: ip(address),
    mac: null,
    hostname: EVIL,
    endsMs: Number.POSITIVE_INFINITY,
    source: 'dhcp-ack',
    ...more,
  });

  it('tells servers, spans, overlaps and leases', () => {
    servers = [server({}), server({ server: ip('192.0.2.66'), mac: null, span: null }), server({ segment: 'dmz' })];
    leases = [lease('192.0.2.101'), lease('192.0.2.201', { endsMs: AT_MS + 1000, hostname: null, mac: STRANGER })];
    files = [{ path: '/x/dnsmasq.leases', format: 'dnsmasq', leases: 2, malformed: 1, problem: `cannot be read ${EVIL}` }];
    const answer = answers.dhcp(undefined);
    expect(schemas.dhcp.parse(answer)).toEqual(answer);
    expect(answer).toEqual({
      generatedAt: '2026-05-05T10:00:00.000Z',
      segments: [
        {
          segment: 'lan',
          state: 'heard',
          servers: [
            {
              server: '192.0.2.1',
              mac: '00:00:0c:00:00:01',
              vendor: 'Cisco Systems, Inc',
              span: { start: '192.0.2.100', end: '192.0.2.203', size: 104 },
              firstHeardAt: '2026-05-05T09:59:59.000Z',
              lastHeardAt: '2026-05-05T10:00:00.000Z',
              messages: 4,
              unexpected: false,
              overlaps: [{ pool: 'production-pool', start: '192.0.2.200', end: '192.0.2.203', size: 4 }],
            },
            expect.objectContaining({
              server: '192.0.2.66',
              mac: null,
              vendor: null,
              span: null,
              unexpected: true,
              overlaps: [],
            }),
          ],
          leases: [
            { address: '192.0.2.101', mac: null, hostname: '[2J<script>x', endsAt: null, source: 'dhcp-ack', pool: null },
            {
              address: '192.0.2.201',
              mac: '02:00:00:00:00:05',
              hostname: null,
              endsAt: '2026-05-05T10:00:01.000Z',
              source: 'dhcp-ack',
              pool: 'production-pool',
            },
          ],
          leasesTruncated: false,
        },
      ],
      files: [{ path: '/x/dnsmasq.leases', format: 'dnsmasq', leases: 2, malformed: 1, problem: 'cannot be read [2J<script>x' }],
    });
  });

  it.each<[string, () => void]>([
    ['unknown', () => undefined],
    ['unknown', () => leases.push(lease('192.0.2.101'))],
    ['lease-files', () => leases.push(lease('192.0.2.101', { source: 'lease-file' }))],
    ['lease-files', () => servers.push(server({ server: 'lease-file', mac: null }))],
    ['heard', () => servers.push(server({ server: 'lease-file' }), server({}))],
  ])('is "%s" by what was heard', (state, prepare) => {
    prepare();
    expect(answers.dhcp('lan').segments[0]?.state).toBe(state);
  });

  it('leaves out of too many leases none that is within a pool', () => {
    const first = ip('192.0.2.0');
    leases = Array.from({ length: 5000 }, (_, i) => ({ ...lease('192.0.2.0'), address: (first - 4000 + i) as typeof first }));
    const [lan] = answers.dhcp('lan').segments;
    expect(lan).toMatchObject({ leasesTruncated: true });
    expect(lan?.leases).toHaveLength(4096);
    expect(lan?.leases.filter(({ pool }) => pool !== null)).toHaveLength(27);
    const addresses = lan?.leases.map(({ address }) => ip(address)) ?? [];
    expect(addresses).toEqual([...addresses].sort((a, b) => a - b));
  });

  it('knows the segments by name, also those that were never seen', () => {
    make([
      { name: 'lan', cidr: '192.0.2.0/24' },
      { name: 'dmz', cidr: '198.51.100.0/24', row: false },
    ]);
    leases = [lease('192.0.2.101')];
    expect(answers.dhcp(undefined).segments.map(({ segment, leases }) => [segment, leases.length])).toEqual([
      ['lan', 1],
      ['dmz', 0],
    ]);
    expect(answers.dhcp('dmz').segments).toHaveLength(1);
    expect(() => answers.dhcp('wan')).toThrow(
      expect.objectContaining({ code: 'segment-unknown', hint: expect.stringContaining('lan, dmz') }),
    );
  });
});
