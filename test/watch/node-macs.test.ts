import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Ipv4, ipv4FromBytes } from '../../src/core/address/ipv4.ts';
import type { Mac } from '../../src/core/address/mac.ts';
import { addressesOf, type RangeSet, rangeSetOfAddresses } from '../../src/core/address/range-set.ts';
import { ARP_FRAME_LENGTH, encodeArpFrame } from '../../src/core/codec/arp.ts';
import type { ClusterNodeFacts } from '../../src/core/conflict/cluster-knowledge.ts';
import type { Doubts } from '../../src/core/conflict/node-macs.ts';
import type { WireSighting } from '../../src/core/conflict/wire-event.ts';
import { createLogger } from '../../src/system/logger.ts';
import type { Hearing } from '../../src/watch/hearing.ts';
import { type AskedSegment, NodeMacs } from '../../src/watch/node-macs.ts';
import { ip, mac, set } from '../ledger/fixtures.ts';
import { fakeClock } from '../system/fake-clock.ts';
import { ALIVE, type FakeSegment, fakeSegment, HOST_MAC, NETWORK, OURS, OWN, SILENT, type Temper } from './fake-segment.ts';

const NODE_A = mac('02:00:00:00:00:a1');
const NODE_A2 = mac('02:00:00:00:00:a2');
const THIEF = mac('02:00:00:00:00:66');

const node = (name: string, address: string, more: Partial<ClusterNodeFacts> = {}): ClusterNodeFacts => ({
  name,
  internal: [ip(address)],
  external: [],
  ready: true,
  ...more,
});

const sighting = (address: string, who: Mac, source: WireSighting['source'] = 'arp-reply', atMs = 1): WireSighting => ({
  kind: 'sighting',
  segment: 'lan',
  address: ip(address),
  mac: who,
  atMs,
  source,
  solicited: false,
  relayedBy: null,
  client: null,
});

/** 192.0.2.0/24, or another part of it. */
function segment(
  ask: (addresses: RangeSet) => Promise<boolean>,
  more: { readonly method?: 'arp' | 'icmp'; readonly exclude?: RangeSet } = {},
) {
  return {
    config: { name: 'lan', exclude: more.exclude ?? [] },
    place: {
      method: more.method ?? 'arp',
      range: { first: ip('192.0.2.0'), last: ip('192.0.2.255') },
      own: [ip('192.0.2.5')],
      facts: { mac: OWN },
    },
    ask,
  } as unknown as AskedSegment;
}

const opened: NodeMacs[] = [];
afterEach(() => {
  for (const one of opened.splice(0)) one.stop();
  vi.useRealTimers();
});

function make(segments: readonly AskedSegment[], doubts: () => Doubts = () => ({ strangers: new Set(), standIns: new Set() })) {
  let changes = 0;
  const clock = fakeClock(1000);
  const macs = new NodeMacs({
    segments: () => segments,
    clock,
    logger: createLogger({ level: 'silent' }),
    random: () => 0.5,
    doubts,
    onChange: () => void changes++,
  });
  opened.push(macs);
  const speakers = () => macs.learned.speakers.map((one) => `${one.node} ${one.mac}`);
  return { macs, clock, speakers, changes: () => changes };
}

describe('the MACs of nodes', () => {
  it('are learned from whoever answers, asks or announces, for nodes only, and told once', () => {
    const { macs, speakers, changes } = make([]);
    macs.setNodes([node('a', '192.0.2.11')]);
    macs.onEvent(sighting('192.0.2.11', NODE_A));
    macs.onEvent(sighting('192.0.2.11', NODE_A));
    macs.onEvent(sighting('192.0.2.11', NODE_A2, 'arp-request'));
    macs.onEvent(sighting('192.0.2.12', THIEF));
    for (const source of ['arp-probe', 'dhcp-request', 'dhcp-ack', 'neighbour', 'lease-file'] as const) {
      macs.onEvent(sighting('192.0.2.11', THIEF, source));
    }
    macs.onEvent({ kind: 'dhcp-nak', segment: 'lan', client: THIEF, atMs: 1 });
    expect(speakers()).toEqual([`a ${NODE_A}`, `a ${NODE_A2}`]);
    expect(changes()).toBe(2);
    expect(macs.report()).toEqual([{ name: 'a', addresses: [ip('192.0.2.11')], sight: 'known' }]);
  });

  it('are not kept for ever for a stamp from the future', () => {
    const { macs } = make([]);
    macs.setNodes([node('a', '192.0.2.11')]);
    macs.onEvent(sighting('192.0.2.11', NODE_A, 'arp-reply', 1e15));
    expect(macs.records()).toMatchObject([{ lastMs: 1000 }]);
  });

  it('are asked at the segment that holds the node, but not those that may not be probed, nor our own', async () => {
    const asked: string[] = [];
    const ask = async (addresses: RangeSet) => {
      asked.push(...[...addressesOf(addresses)].map(String));
      return true;
    };
    const { macs, speakers } = make([segment(ask, { exclude: set('192.0.2.13') })]);
    macs.setNodes([
      node('a', '192.0.2.11'),
      node('b', '192.0.2.13'),
      node('c', '198.51.100.1'),
      node('self', '192.0.2.5'),
      node('two', '198.51.100.2', { internal: [ip('198.51.100.2'), ip('192.0.2.14')] }),
    ]);
    expect(macs.report().map(({ name, sight }) => `${name} ${sight}`)).toEqual([
      'a unasked',
      'b excluded',
      'c unwatched',
      'self unasked',
      'two unasked',
    ]);
    await macs.askOnce();
    expect(asked.map(Number)).toEqual([ip('192.0.2.11'), ip('192.0.2.14')]);
    expect(speakers()).toEqual([`self ${OWN}`]);
    expect(macs.report().map(({ name, sight }) => `${name} ${sight}`)).toEqual([
      'a silent',
      'b excluded',
      'c unwatched',
      'self known',
      'two silent',
    ]);
  });

  it('of a routed segment cannot be heard', async () => {
    const { macs } = make([segment(() => Promise.reject(new Error('not to be asked')), { method: 'icmp' })]);
    macs.setNodes([node('a', '192.0.2.11')]);
    await macs.askOnce();
    expect(macs.report()).toMatchObject([{ sight: 'unwatched' }]);
  });

  it('are not called silent where they could not be asked', async () => {
    let works = false;
    const { macs } = make([segment(async () => works)]);
    macs.setNodes([node('a', '192.0.2.11')]);
    await macs.askOnce();
    expect(macs.report()).toMatchObject([{ sight: 'unasked' }]);
    works = true;
    await macs.askOnce();
    expect(macs.report()).toMatchObject([{ sight: 'silent' }]);
  });

  it('are waited for three seconds at the most', async () => {
    vi.useFakeTimers();
    const { macs } = make([segment(() => new Promise(() => undefined))]);
    macs.setNodes([node('a', '192.0.2.11')]);
    let over = false;
    void macs.askOnce().then(() => {
      over = true;
    });
    await vi.advanceTimersByTimeAsync(2_900);
    expect(over).toBe(false);
    await vi.advanceTimersByTimeAsync(200);
    expect(over).toBe(true);
  });

  it('are asked when nodes or segments change, soon again while one is silent, and every few minutes', async () => {
    vi.useFakeTimers();
    let asked = 0;
    const { macs } = make([
      segment(async () => {
        asked++;
        return true;
      }),
    ]);
    const isAsked = async (ms: number, times: number): Promise<void> => {
      asked = 0;
      await vi.advanceTimersByTimeAsync(ms);
      expect(asked).toBe(times);
    };
    macs.onPlace();
    await isAsked(10_000, 0);
    macs.setNodes([node('a', '192.0.2.11')]);
    await isAsked(100, 1);
    // Nothing new: nothing is asked out of turn.
    macs.setNodes([node('a', '192.0.2.11', { ready: false })]);
    await isAsked(1_000, 0);
    macs.onPlace();
    await isAsked(100, 1);
    await isAsked(61_000, 2);
    macs.onEvent(sighting('192.0.2.11', NODE_A));
    await isAsked(30_000, 1);
    await isAsked(200_000, 0);
    await isAsked(100_000, 1);
    macs.setNodes([node('a', '192.0.2.11'), node('b', '192.0.2.12')]);
    await isAsked(100, 1);
    macs.stop();
    await isAsked(3_600_000, 0);
  });

  it('survive a segment that fails', async () => {
    const { macs } = make([segment(() => Promise.reject(new Error('no wire')))]);
    macs.setNodes([node('a', '192.0.2.11')]);
    await macs.askOnce();
    expect(macs.report()).toMatchObject([{ sight: 'unasked' }]);
  });

  it('are judged anew when somebody becomes a stranger, or is one no more', () => {
    const strangers = new Set<Mac>();
    const { macs, speakers, changes } = make([], () => ({ strangers, standIns: new Set() }));
    macs.setNodes([node('a', '192.0.2.11')]);
    macs.onEvent(sighting('192.0.2.11', NODE_A));
    strangers.add(THIEF);
    macs.onEvent(sighting('192.0.2.11', THIEF));
    expect(speakers()).toEqual([`a ${NODE_A}`]);
    expect(macs.learned.heldBack).toEqual([{ node: 'a', mac: THIEF, why: 'stranger' }]);
    const before = changes();
    macs.judgeAgain();
    expect(changes()).toBe(before);
  });
});

describe('a stranger that is the first to answer for a node', () => {
  const strangers = new Set([THIEF]);
  const doubts = () => ({ strangers, standIns: new Set<Mac>() });

  it('is not believed before the node had its time to answer', async () => {
    let answer: (() => void) | null = null;
    const asking = segment(
      () =>
        new Promise((resolve) => {
          answer = () => resolve(true);
        }),
    );
    const { macs, clock, speakers } = make([asking], doubts);
    macs.setNodes([node('a', '192.0.2.11')]);
    const asked = macs.askOnce();
    macs.onEvent(sighting('192.0.2.11', THIEF));
    expect(speakers()).toEqual([]);
    clock.advance(10);
    macs.onEvent(sighting('192.0.2.11', NODE_A, 'arp-reply', 1010));
    (answer as (() => void) | null)?.();
    await asked;
    expect(speakers()).toEqual([`a ${NODE_A}`]);
  });

  it('is the node where nobody else answers, and the node is asked at once', async () => {
    vi.useFakeTimers();
    let times = 0;
    const { macs, clock, speakers } = make(
      [
        segment(async () => {
          times++;
          return true;
        }),
      ],
      doubts,
    );
    macs.setNodes([node('a', '192.0.2.11')]);
    await vi.advanceTimersByTimeAsync(100);
    expect(times).toBe(1);
    clock.advance(100);
    macs.onEvent(sighting('192.0.2.11', THIEF, 'arp-reply', 1100));
    expect(speakers()).toEqual([]);
    await vi.advanceTimersByTimeAsync(100);
    expect(times).toBe(2);
    expect(speakers()).toEqual([`a ${THIEF}`]);
  });
});

describe('a node that was removed', () => {
  it('has its MACs for two minutes more', async () => {
    vi.useFakeTimers();
    const { macs, clock, speakers, changes } = make([]);
    macs.setNodes([node('a', '192.0.2.11'), node('b', '192.0.2.12')]);
    macs.onEvent(sighting('192.0.2.11', NODE_A));
    macs.setNodes([node('b', '192.0.2.12')]);
    expect(speakers()).toEqual([`a ${NODE_A}`]);
    expect(macs.report().map(({ name }) => name)).toEqual(['b']);
    const pass = async (ms: number): Promise<void> => {
      clock.advance(ms);
      await vi.advanceTimersByTimeAsync(ms);
    };
    await pass(119_000);
    expect(speakers()).toEqual([`a ${NODE_A}`]);
    const before = changes();
    await pass(1_000);
    expect(speakers()).toEqual([]);
    expect(changes()).toBe(before + 1);
  });

  it('comes back from an earlier run with no stamp from the future', () => {
    const { macs } = make([]);
    macs.setNodes([node('a', '192.0.2.11')], [{ node: 'a', mac: NODE_A, firstMs: 5000, lastMs: 1e15, suspect: false }]);
    expect(macs.records()).toMatchObject([{ firstMs: 1000, lastMs: 1000 }]);
  });
});

describe('asking on a wire', () => {
  const asked: string[] = [];
  let fake: FakeSegment;
  afterEach(async () => {
    await fake.close();
    asked.length = 0;
  });

  const answer = (from: Ipv4, who: Mac) => ({
    bytes: encodeArpFrame({
      etherSource: who,
      etherDestination: OWN,
      vlanIds: [],
      operation: 'reply',
      senderMac: who,
      senderAddress: from,
      targetMac: OWN,
      targetAddress: OURS,
    }),
    atMs: Date.now(),
    vlanId: null,
  });

  /** A node with two cards answers with both; what was asked is written down. */
  const twoCards: Temper = (frames, handlers) => {
    for (let offset = 0; offset < frames.length; offset += ARP_FRAME_LENGTH) {
      const target = ipv4FromBytes(frames, offset + 38);
      asked.push(String(target));
      if (target !== ALIVE) continue;
      handlers.onFrame(answer(ALIVE, HOST_MAC));
      handlers.onFrame(answer(ALIVE, NODE_A2));
    }
    return { sent: frames.length / ARP_FRAME_LENGTH, errorCode: null };
  };

  it('keeps all answers, asks nobody else, and records no look', async () => {
    const heard: { macs?: NodeMacs } = {};
    const hearing = {
      onEvent: (event) => heard.macs?.onEvent(event),
      onDhcp: () => undefined,
      onPlace: () => undefined,
    } as Partial<Hearing>;
    fake = fakeSegment(() => twoCards, {
      hearing: hearing as Hearing,
      config: { exclude: rangeSetOfAddresses([(NETWORK.network + 5) as Ipv4]) },
    });
    const { macs, speakers } = make([fake.watch]);
    heard.macs = macs;
    const address = (offset: number) => (NETWORK.network + offset) as Ipv4;
    // .8 is the network, .9 ours, .10 alive, .12 silent, .13 excluded, .15 broadcast.
    macs.setNodes([0, 1, 2, 4, 5, 7].map((offset) => node(`n${offset}`, '0.0.0.0', { internal: [address(offset)] })));
    await macs.askOnce();
    expect(speakers()).toEqual([`n1 ${OWN}`, `n2 ${HOST_MAC}`, `n2 ${NODE_A2}`]);
    expect(new Set(asked)).toEqual(new Set([String(ALIVE), String(SILENT)]));
    // The silent one is asked again, and once more by an ordinary request.
    expect(asked.filter((one) => one === String(SILENT)).length).toBeGreaterThan(2);
    const row = fake.watch.row;
    if (row === null) throw new Error('no row');
    expect(fake.ledger.lookRuns(row.id, 0)).toEqual([]);
    expect(fake.ledger.sweeps({ segment: row.id, limit: 10 })).toEqual([]);
    expect(macs.report().find(({ name }) => name === 'n4')?.sight).toBe('silent');
  });

  it('says where it could not', async () => {
    fake = fakeSegment(() => () => ({ sent: 0, errorCode: 'ENETDOWN' }));
    expect(await fake.watch.ask(rangeSetOfAddresses([SILENT]))).toBe(false);
    fake.handlers.onError('ENETDOWN');
    expect(await fake.watch.ask(rangeSetOfAddresses([OURS]))).toBe(true);
  });
});
