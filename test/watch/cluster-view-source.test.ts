import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { formatRange } from '../../src/core/address/range.ts';
import {
  type ClusterFeed,
  type ClusterKnowledge,
  type ClusterStatus,
  type KindStatus,
  NOTHING_KNOWN,
} from '../../src/core/conflict/cluster-knowledge.ts';
import type { ClusterView, Pool } from '../../src/core/conflict/cluster-view.ts';
import type { WireSighting } from '../../src/core/conflict/wire-event.ts';
import type { StoredClusterView } from '../../src/ledger/cluster-view.ts';
import { createLogger } from '../../src/system/logger.ts';
import { MergedClusterView, type ViewStore } from '../../src/watch/cluster-view-source.ts';
import { type AskedSegment, NodeMacs } from '../../src/watch/node-macs.ts';
import { ip, mac, set } from '../ledger/fixtures.ts';
import { type FakeClock, fakeClock } from '../system/fake-clock.ts';

const SERVER = 'https://192.0.2.9:6443';
const NAMESPACE = 'metallb-system';
const NODE_A = mac('02:00:00:00:00:a1');
const NODE_B = mac('02:00:00:00:00:b1');

const pool = (name: string, ...ranges: readonly string[]): Pool => ({ name, addresses: set(...ranges) });
const OWN = pool('own', '192.0.2.230-192.0.2.239');
const PRODUCTION = pool('production', '192.0.2.200-192.0.2.209');
const STAGING = pool('staging', '192.0.2.220-192.0.2.229');
const node = (name: string, address: string) => ({ name, internal: [ip(address)], external: [], ready: true });
const WEB = { address: ip('192.0.2.200'), service: 'shop/web', node: 'node-a', reportedNodes: ['node-a'] };
const WHOLE: ClusterKnowledge = {
  pools: [PRODUCTION],
  services: { assignments: [WEB], requested: [] },
  nodes: [node('node-a', '192.0.2.11')],
};
const STORED: StoredClusterView = {
  server: SERVER,
  namespace: NAMESPACE,
  asOfMs: 5_000,
  knowledge: WHOLE,
  macs: [{ node: 'node-a', mac: NODE_A, firstMs: 1, lastMs: 5_000, suspect: false }],
};

/** A cluster as the test says; `asOfMs` of all that it knows. */
class FakeFeed implements ClusterFeed {
  now: ClusterKnowledge = NOTHING_KNOWN;
  asOfMs: number | null = null;
  server: string | null = null;
  /** Who listed a kind, where that was not `server`. */
  listedBy: Readonly<Record<string, string>> = {};
  /** Why the nodes cannot be read. */
  nodesProblem: string | null = null;
  #listener: () => void = () => undefined;

  knowledge = (): ClusterKnowledge => this.now;
  status(): ClusterStatus {
    const kind = (name: string, known: unknown): KindStatus => ({
      kind: name,
      needed: true,
      state: known === null ? 'starting' : 'up',
      problem: name === 'nodes' && this.nodesProblem !== null ? { code: this.nodesProblem, message: 'no' } : null,
      asOfMs: known === null ? null : this.asOfMs,
      leftOut: 0,
      server: this.listedBy[name] ?? this.server,
    });
    const { pools, services, nodes } = this.now;
    return { server: this.server, kinds: [kind('pools', pools), kind('services', services), kind('nodes', nodes)], remarks: [] };
  }
  onChange(listener: () => void): () => void {
    this.#listener = listener;
    return () => {
      this.#listener = () => undefined;
    };
  }
  tell(now: Partial<ClusterKnowledge>): void {
    this.now = { ...this.now, ...now };
    this.asOfMs ??= 1;
    this.server = this.server ?? SERVER;
    this.#listener();
  }
}

let clock: FakeClock;
let feed: FakeFeed;
let macs: NodeMacs;
let view: MergedClusterView;
let asks: number;
/** Who answers when the nodes are asked. */
let answers: readonly (readonly [string, typeof NODE_A])[];
let shown: ClusterView[];
let saved: StoredClusterView[];
let touched: number[];
let refusing: boolean;

const says = ({ pools, speakers, assignments }: ClusterView): string =>
  [
    pools.map(({ name, addresses }) => `${name} ${addresses.map(formatRange).join()}`).join(' + ') || 'no pool',
    speakers.map(({ mac: one, node: name }) => `${name}=${one.slice(-2)}`).join(' ') || 'no speaker',
    assignments === null ? 'services unknown' : `${assignments.length} held`,
  ].join('; ');
const shows = (): readonly string[] => shown.map(says);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
  clock = fakeClock(10_000);
  feed = new FakeFeed();
  asks = 0;
  answers = [['192.0.2.11', NODE_A]];
  shown = [];
  saved = [];
  touched = [];
  refusing = false;
  const segment = {
    config: { name: 'lan', exclude: [] },
    place: { method: 'arp', range: { first: ip('192.0.2.0'), last: ip('192.0.2.255') }, own: [], facts: null },
    ask: () => {
      asks++;
      for (const [address, who] of answers) macs.onEvent(reply(address, who));
      return new Promise((resolve) => setTimeout(() => resolve(true), 500));
    },
  } as unknown as AskedSegment;
  const logger = createLogger({ level: 'silent' });
  macs = new NodeMacs({
    segments: () => [segment],
    clock,
    logger,
    random: () => 0.5,
    doubts: () => ({ strangers: new Set(), standIns: new Set() }),
    onChange: () => view.speakersChanged(),
  });
  const store: ViewStore = {
    save(stored) {
      if (refusing) throw new Error('the disk refuses');
      saved.push(stored);
    },
    touch: (_, asOfMs) => void touched.push(asOfMs),
  };
  view = new MergedClusterView({ configured: { pools: [OWN], speakers: [] }, nodeMacs: macs, store, clock, logger });
  view.onChange((next) => shown.push(next));
});
afterEach(() => {
  view.stop();
  macs.stop();
  vi.useRealTimers();
});

const reply = (address: string, who: typeof NODE_A): WireSighting => ({
  kind: 'sighting',
  segment: 'lan',
  address: ip(address),
  mac: who,
  atMs: clock.nowMs(),
  source: 'arp-reply',
  solicited: true,
  relayedBy: null,
  client: null,
});
const pass = async (ms: number): Promise<void> => {
  for (let left = ms; left > 0; left -= 50) {
    clock.advance(Math.min(50, left));
    await vi.advanceTimersByTimeAsync(Math.min(50, left));
  }
};
const follow = (stored: StoredClusterView | null, server: string | null = SERVER): void =>
  view.follow({ feed, server, namespace: NAMESPACE }, stored);

const OWN_ONLY = 'own 192.0.2.230-192.0.2.239; no speaker; services unknown';
const BOTH = 'production 192.0.2.200-192.0.2.209 + own 192.0.2.230-192.0.2.239; node-a=a1; 1 held';

describe('without a cluster', () => {
  it('the configuration is the view, and follows a reload', async () => {
    view.follow(null, null);
    expect(says(view.current())).toBe(OWN_ONLY);
    expect(view.current()).toMatchObject({ source: 'configuration', asOfMs: null });
    view.configure({ pools: [STAGING], speakers: [{ mac: NODE_B, node: null }] });
    expect(shows()).toEqual(['staging 192.0.2.220-192.0.2.229; null=b1; services unknown']);
    await pass(600_000);
    expect([saved, touched, asks]).toEqual([[], [], 0]);
    expect(view.report()).toMatchObject({ status: null, asOfMs: null });
    expect(view.snapshot()).toBeNull();
  });
});

describe('a cluster that is read for the first time', () => {
  it('shows its pools only when its nodes have been asked', async () => {
    follow(null);
    expect(says(view.current())).toBe(OWN_ONLY);
    feed.tell({ pools: [PRODUCTION] });
    await pass(200);
    expect(says(view.current())).toBe(OWN_ONLY);
    feed.tell({ services: WHOLE.services, nodes: WHOLE.nodes });
    await pass(300);
    // Asked, and still answering: the MAC is known before the pool is.
    expect(asks).toBe(1);
    expect(says(view.current())).toBe('own 192.0.2.230-192.0.2.239; node-a=a1; 1 held');
    await pass(500);
    expect(shows().at(-1)).toBe(BOTH);
    expect(view.current().source).toBe('cluster');
    expect(shown.some(({ pools, speakers }) => pools.includes(PRODUCTION) && speakers.length === 0)).toBe(false);
  });

  it('keeps its pools from being given away all the while', async () => {
    follow(null);
    feed.tell({ pools: [PRODUCTION] });
    expect(view.ungated().pools.map(({ name }) => name)).toEqual(['production', 'own']);
    expect(view.current().pools.map(({ name }) => name)).toEqual(['own']);
    feed.tell(WHOLE);
    expect(view.ungated().assignments).toEqual([WEB]);
    await pass(2_000);
    expect(view.ungated()).toMatchObject({ pools: view.current().pools });
  });

  it('does not wait for ever for nodes that are silent', async () => {
    follow(null);
    answers = [];
    feed.tell(WHOLE);
    await pass(4_000);
    expect(says(view.current())).toBe('production 192.0.2.200-192.0.2.209 + own 192.0.2.230-192.0.2.239; no speaker; 1 held');
    expect(view.report().nodes).toEqual([{ name: 'node-a', addresses: [ip('192.0.2.11')], sight: 'silent' }]);
  });

  it('waits for nodes that come late, and says so', async () => {
    follow(null);
    feed.nodesProblem = 'cluster-unreachable';
    feed.tell({ pools: [PRODUCTION], services: WHOLE.services });
    await pass(600_000);
    expect(view.current().pools).toEqual([OWN]);
    expect(view.report().status?.remarks).toEqual([expect.stringContaining('are not guarded yet')]);
    feed.nodesProblem = null;
    feed.tell({ nodes: WHOLE.nodes });
    await pass(2_000);
    expect(says(view.current())).toBe(BOTH);
    expect(view.report().status?.remarks).toEqual([]);
    expect(shown.some(({ pools, speakers }) => pools.includes(PRODUCTION) && speakers.length === 0)).toBe(false);
  });

  it('is guarded without nodes after a minute where these may not be read', async () => {
    follow(null);
    feed.nodesProblem = 'cluster-forbidden';
    feed.tell({ pools: [PRODUCTION], services: WHOLE.services });
    await pass(59_000);
    expect(view.current().pools).toEqual([OWN]);
    await pass(3_000);
    expect(says(view.current())).toBe('production 192.0.2.200-192.0.2.209 + own 192.0.2.230-192.0.2.239; no speaker; 1 held');
    expect(view.report().status?.remarks).toEqual([expect.stringContaining('guarded without its nodes')]);
  });

  it('asks nobody any more once it is stopped', async () => {
    follow(null);
    feed.tell({ pools: [PRODUCTION] });
    await pass(100);
    view.stop();
    const before = vi.getTimerCount();
    await pass(10_000);
    expect(vi.getTimerCount()).toBeLessThan(before);
    expect(asks).toBe(0);
  });

  it('shows a pool that comes later at once', async () => {
    follow(null);
    feed.tell(WHOLE);
    await pass(2_000);
    feed.tell({ pools: [PRODUCTION, STAGING] });
    expect(view.current().pools.map(({ name }) => name)).toEqual(['production', 'staging', 'own']);
    feed.tell({ pools: [] });
    expect(view.current().pools.map(({ name }) => name)).toEqual(['own']);
  });

  it('tells its listeners only of what is new', async () => {
    follow(null);
    feed.tell(WHOLE);
    await pass(2_000);
    const before = shown.length;
    feed.asOfMs = 77;
    feed.tell({});
    expect(shown).toHaveLength(before);
    expect(view.current().asOfMs).toBe(77);
  });
});

describe('a cluster that an earlier run knew', () => {
  it('is as it was, at once, with its speakers, while it is away', async () => {
    follow(STORED);
    expect(says(view.current())).toBe(BOTH);
    expect(view.current()).toMatchObject({ source: 'cluster', asOfMs: 5_000 });
    await pass(600_000);
    expect(says(view.current())).toBe(BOTH);
    expect(view.report().asOfMs).toBe(5_000);
  });

  it('is replaced part by part, its pools once the nodes were asked', async () => {
    follow(STORED);
    feed.tell({ services: { assignments: [], requested: [] } });
    expect(says(view.current())).toBe(BOTH.replace('1 held', '0 held'));
    expect(view.current().asOfMs).toBe(5_000);
    answers = [
      ['192.0.2.11', NODE_A],
      ['192.0.2.12', NODE_B],
    ];
    feed.asOfMs = 12_000;
    feed.tell({ pools: [STAGING], nodes: [...(WHOLE.nodes ?? []), node('node-b', '192.0.2.12')] });
    expect(view.current().pools).toContain(PRODUCTION);
    await pass(1_000);
    expect(says(view.current())).toBe(
      'staging 192.0.2.220-192.0.2.229 + own 192.0.2.230-192.0.2.239; node-a=a1 node-b=b1; 0 held',
    );
    expect(view.current().asOfMs).toBe(12_000);
    expect(shown.some(({ pools, speakers }) => pools.includes(STAGING) && speakers.length < 2)).toBe(false);
  });

  it.each([
    ['is not taken up for another server', STORED, 'https://192.0.2.8:6443', OWN_ONLY],
    ['is not taken up for another namespace', { ...STORED, namespace: 'other' }, SERVER, OWN_ONLY],
    ['is taken up where the kubeconfig cannot be read just now', STORED, null, BOTH],
    ['is taken up for the same server, written otherwise', STORED, 'HTTPS://192.0.2.9:6443/', BOTH],
    [
      'is taken up for the same server, whose name was cut',
      { ...STORED, server: 'https://[2001:db8' },
      'https://[2001:db8',
      BOTH,
    ],
  ])('%s', (_, stored, server, wanted) => {
    follow(stored, server);
    expect(says(view.current())).toBe(wanted);
  });

  it('goes on where the server is read under the same name, written otherwise', () => {
    follow(STORED, null);
    feed.server = `${SERVER}/`;
    feed.tell({ services: WHOLE.services });
    expect(says(view.current())).toBe(BOTH);
  });

  it('without its nodes is not guarded before they are known, or a minute has gone', async () => {
    follow({ ...STORED, knowledge: { ...WHOLE, nodes: null }, macs: [] });
    expect(view.current().pools).toEqual([OWN]);
    expect(view.ungated().pools.map(({ name }) => name)).toEqual(['production', 'own']);
    await pass(59_000);
    expect(view.current().pools).toEqual([OWN]);
    await pass(3_000);
    expect(view.current().pools.map(({ name }) => name)).toEqual(['production', 'own']);
  });

  it('is dropped as soon as the server turns out to be another one', () => {
    follow(STORED, null);
    feed.server = 'https://192.0.2.8:6443';
    feed.tell({ nodes: [] });
    expect(says(view.current())).toBe('own 192.0.2.230-192.0.2.239; no speaker; services unknown');
  });
});

describe('another cluster', () => {
  it('takes the place of the former one, and waits for its own nodes', async () => {
    follow(null);
    feed.tell(WHOLE);
    await pass(2_000);
    const before = view.snapshot();
    feed = new FakeFeed();
    feed.server = 'https://192.0.2.8:6443';
    follow(before, 'https://192.0.2.8:6443');
    expect(says(view.current())).toBe(OWN_ONLY);
    feed.tell({ ...WHOLE, pools: [STAGING] });
    expect(view.current().pools).toEqual([OWN]);
    await pass(2_000);
    expect(view.current().pools.map(({ name }) => name)).toEqual(['staging', 'own']);
    view.follow(null, null);
    expect(view.current()).toMatchObject({ source: 'configuration', pools: [OWN], speakers: [] });
  });

  it('may take its place while the nodes of the former one are being asked', async () => {
    follow(null);
    feed.tell(WHOLE);
    await pass(200);
    feed = new FakeFeed();
    feed.server = 'https://192.0.2.8:6443';
    follow(null, 'https://192.0.2.8:6443');
    feed.tell({ ...WHOLE, pools: [STAGING] });
    await pass(450);
    expect(view.current().pools).toEqual([OWN]);
    await pass(3_000);
    expect(view.current().pools.map(({ name }) => name)).toEqual(['staging', 'own']);
  });

  it('behind the same watch is not mixed with the former one', async () => {
    const other = 'https://192.0.2.8:6443';
    follow(STORED);
    feed.tell(WHOLE);
    await pass(6_000);
    saved = [];
    // The kubeconfig was replaced: the nodes are listed from the other one already, the pools and Services are not.
    feed.server = other;
    feed.listedBy = { pools: SERVER, services: SERVER, nodes: SERVER };
    expect(view.snapshot()).toBeNull();
    expect(view.followed()).toMatchObject({ server: other, poolsAsOfMs: null });
    feed.listedBy = { pools: SERVER, services: SERVER };
    feed.tell({ nodes: [node('node-b', '192.0.2.12')] });
    expect(says(view.current())).toBe(OWN_ONLY);
    await pass(10_000);
    expect(says(view.current())).toBe(OWN_ONLY);
    expect(view.followed()).toMatchObject({ server: other, poolsAsOfMs: null });
    expect(view.report().asOfMs).toBeNull();
    view.stop();
    expect(saved.length).toBeGreaterThan(0);
    for (const one of saved) expect(one).toMatchObject({ server: other, knowledge: { pools: null, services: null } });
  });

  it('behind the same watch is guarded once all of it was listed and its nodes were asked', async () => {
    follow(null);
    feed.tell(WHOLE);
    await pass(2_000);
    answers = [['192.0.2.12', NODE_B]];
    feed.server = 'https://192.0.2.8:6443';
    feed.listedBy = { pools: SERVER, services: SERVER, nodes: SERVER };
    feed.tell({});
    expect(says(view.current())).toBe(OWN_ONLY);
    feed.listedBy = { services: SERVER, nodes: SERVER };
    feed.tell({ pools: [STAGING] });
    await pass(10_000);
    expect(view.current().pools).toEqual([OWN]);
    feed.listedBy = {};
    feed.tell({ nodes: [node('node-b', '192.0.2.12')] });
    await pass(2_000);
    expect(says(view.current())).toBe('staging 192.0.2.220-192.0.2.229 + own 192.0.2.230-192.0.2.239; node-b=b1; 1 held');
    expect(shown.some(({ pools, speakers }) => pools.includes(STAGING) && speakers.length === 0)).toBe(false);
  });

  it('of the same name, by another way, goes on with what was known', async () => {
    follow(null);
    feed.tell(WHOLE);
    await pass(2_000);
    const before = view.snapshot();
    feed = new FakeFeed();
    follow(before);
    expect(says(view.current())).toBe(BOTH);
  });
});

describe('what is stored', () => {
  it('is the newest, a few seconds after it changed, and once more at the end', async () => {
    follow(null);
    feed.tell(WHOLE);
    await pass(2_000);
    expect(saved).toEqual([]);
    await pass(3_500);
    expect(saved).toMatchObject([{ server: SERVER, namespace: NAMESPACE, asOfMs: 1, knowledge: WHOLE }]);
    expect(saved[0]?.macs).toMatchObject([{ node: 'node-a', mac: NODE_A }]);
    for (let i = 0; i < 20; i++) {
      feed.tell({ pools: i % 2 === 0 ? [STAGING] : [PRODUCTION] });
      await pass(100);
    }
    expect(saved.length).toBeLessThanOrEqual(2);
    view.stop();
    expect(saved.at(-1)).toMatchObject({ knowledge: WHOLE });
  });

  it('is known to be true still, now and then', async () => {
    follow(null);
    feed.tell(WHOLE);
    await pass(6_000);
    feed.asOfMs = 50_000;
    await pass(60_000);
    expect(touched).toEqual([50_000]);
    await pass(120_000);
    expect(touched).toEqual([50_000]);
    expect(saved).toHaveLength(1);
  });

  it('is all that is known, where some was never read', async () => {
    follow(null);
    feed.asOfMs = 7_000;
    feed.tell({ pools: [PRODUCTION], nodes: WHOLE.nodes });
    await pass(10_000);
    view.stop();
    expect(saved.at(-1)).toMatchObject({ asOfMs: 7_000, knowledge: { pools: [PRODUCTION], services: null, nodes: WHOLE.nodes } });
    expect(view.report().asOfMs).toBeNull();
  });

  it('is stored later where the disk refuses', async () => {
    refusing = true;
    follow(null);
    feed.tell(WHOLE);
    await pass(6_000);
    refusing = false;
    feed.asOfMs = 50_000;
    await pass(60_000);
    expect(saved).toMatchObject([{ asOfMs: 50_000, knowledge: WHOLE }]);
  });
});

describe('who differs about who announces', () => {
  it('is told after a while, and no more once they agree', async () => {
    follow(null);
    const other = { ...WEB, reportedNodes: ['node-b'] };
    feed.tell({ ...WHOLE, services: { assignments: [other], requested: [] } });
    await pass(14_000);
    expect(view.report().differences).toEqual([]);
    await pass(2_000);
    expect(view.report().differences).toMatchObject([{ service: 'shop/web', elected: 'node-a', reported: ['node-b'] }]);
    feed.tell(WHOLE);
    expect(view.report().differences).toEqual([]);
  });
});

it('names the cluster whose pools it knows, and as of when', () => {
  expect(view.followed()).toBeNull();
  view.follow({ feed, server: null, namespace: NAMESPACE }, STORED);
  expect(view.followed()).toEqual({ server: SERVER, namespace: NAMESPACE, poolsAsOfMs: STORED.asOfMs });
  feed.asOfMs = 9_000;
  feed.tell(WHOLE);
  expect(view.followed()).toEqual({ server: SERVER, namespace: NAMESPACE, poolsAsOfMs: 9_000 });
  const other = new FakeFeed();
  view.follow({ feed: other, server: 'https://192.0.2.10:6443', namespace: NAMESPACE }, STORED);
  expect(view.followed()).toEqual({ server: 'https://192.0.2.10:6443', namespace: NAMESPACE, poolsAsOfMs: null });
});

it('says which configured pools the cluster has otherwise', async () => {
  view.configure({ pools: [pool('production', '192.0.2.100-192.0.2.109')], speakers: [] });
  follow(null);
  feed.tell(WHOLE);
  expect(view.report().contradicted).toEqual([]);
  await pass(2_000);
  expect(view.report().contradicted).toEqual(['production']);
});
