/** The glue of the guard on a real ledger: what is heard is judged, stored, told and shown, in that order, whatever refuses. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Mac } from '../../src/core/address/mac.ts';
import { mergeView } from '../../src/core/conflict/merge-view.ts';
import type { ConflictChange } from '../../src/core/conflict/types.ts';
import type { WireSighting } from '../../src/core/conflict/wire-event.ts';
import type { SightingSource } from '../../src/core/evidence/sighting.ts';
import type { GuardStore } from '../../src/ledger/guard-types.ts';
import { type Ledger, openLedger } from '../../src/ledger/ledger.ts';
import { createLogger } from '../../src/system/logger.ts';
import { Guard } from '../../src/watch/guard.ts';
import { createLiveEvents } from '../../src/watch/live-events.ts';
import { placed } from '../../src/watch/segment-place.ts';
import { lan as address, setOf } from '../core/conflict/scene.ts';
import { FACTS } from './fake-segment.ts';

const STRANGER = '02:00:00:00:00:77' as Mac;
const NODE = '02:00:00:00:00:a1' as Mac;
const CIDR = { network: address(0), prefixLength: 24 };

let folder: string;
let ledger: Ledger;
let told: string[];
let refusing: boolean;
let nowMs: number;
let guard: Guard;

const store = (): GuardStore =>
  new Proxy(ledger.guard, {
    get(target, key) {
      if (key === 'record' && refusing)
        return () => {
          throw new Error('the disk refuses');
        };
      const value: unknown = Reflect.get(target, key);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });

const VIEW = mergeView(
  { pools: [{ name: 'pool', addresses: setOf('192.0.2.200-192.0.2.219') }], speakers: [{ mac: NODE, node: null }] },
  null,
  [],
  null,
);

function start(): Guard {
  const made = new Guard({
    store: store(),
    source: { current: () => VIEW, onChange: () => () => undefined },
    settings: { closeAfterMs: 60_000, splitBrainGraceMs: 15_000 },
    dhcp: { servers: [] },
    desk: {
      message: () => null,
      channelsFor: ({ event }: ConflictChange) => (event === 'updated' ? [] : ['hook']),
      wake: (entries) => void told.push(...entries.map(({ change }) => `stored ${change.event} ${change.conflict.id}`)),
      offerVolatile: (entries) => void told.push(...entries.map(({ change }) => `memory ${change.event} ${change.conflict.id}`)),
    },
    live,
    clock: { nowMs: () => nowMs, monotonicMs: () => nowMs },
    logger: createLogger({ level: 'silent' }),
    places: () => [{ name: 'lan', place: placed('arp', CIDR, FACTS, [FACTS]) }],
    standIns: () => [],
  });
  made.onPlace();
  return made;
}

let live: ReturnType<typeof createLiveEvents>;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'freehold-guard-'));
  nowMs = 1_700_000_000_000;
  ledger = openLedger({ path: join(folder, 'freehold.db'), nowMs });
  told = [];
  refusing = false;
  live = createLiveEvents();
  guard = start();
});
afterEach(() => {
  guard.stop();
  ledger.close();
  rmSync(folder, { recursive: true, force: true });
});

const heard = (last: number, source: SightingSource, mac = STRANGER): WireSighting => ({
  kind: 'sighting',
  segment: 'lan',
  address: address(last),
  mac,
  atMs: nowMs,
  source,
  solicited: false,
  relayedBy: null,
  client: null,
});
const turn = (): Promise<void> => new Promise(setImmediate);

describe('Guard', () => {
  it('stores and tells when the frames at hand have been read, all of them in one go', async () => {
    guard.onEvent(heard(200, 'arp-announcement'));
    guard.onEvent(heard(201, 'dhcp-request'));
    expect(told).toEqual([]);
    await turn();
    expect(told).toEqual(['stored opened 1', 'stored opened 2']);
    expect(ledger.guard.openConflicts().map(({ kind }) => kind)).toEqual(['squatter', 'imminent']);
  });

  it('shows sightings of pool addresses live, and whose they are', async () => {
    guard.onEvent(heard(200, 'arp-announcement', NODE));
    guard.onEvent(heard(100, 'arp-announcement'));
    guard.onEvent(heard(201, 'arp-announcement'));
    const events = live.since(0).events.map((event) => (event.type === 'sighting' ? [event.pool, event.speaker] : event.type));
    expect(events).toEqual([['pool', true], ['pool', false], 'conflict']);
  });

  it('tells from memory while the disk refuses, and stores it later, once', async () => {
    refusing = true;
    guard.onEvent(heard(200, 'arp-announcement'));
    await turn();
    expect([told, guard.healthy, guard.open()]).toMatchObject([['memory opened 1'], false, [{ id: 1 }]]);
    expect(ledger.guard.openConflicts()).toEqual([]);
    refusing = false;
    guard.stop();
    expect(told).toEqual(['memory opened 1', 'stored opened 1']);
    expect([guard.healthy, ledger.guard.openConflicts()]).toMatchObject([true, [{ id: 1 }]]);
  });

  it('goes on where an earlier run ended: the same conflict, and new numbers', async () => {
    guard.onEvent(heard(200, 'dhcp-request'));
    guard.stop();
    guard = start();
    guard.onEvent(heard(200, 'arp-announcement'));
    guard.onEvent(heard(201, 'arp-announcement'));
    await turn();
    expect(guard.open()).toMatchObject([{ id: 1, kind: 'squatter', seq: 2 }, { id: 2 }]);
  });

  it('acknowledges what is open, and nothing else', async () => {
    guard.onEvent(heard(200, 'arp-announcement'));
    expect(guard.acknowledge(1, 'alice', 'on it')).toMatchObject({ acknowledged: { by: 'alice', note: 'on it' } });
    expect(guard.acknowledge(7, 'alice', '')).toBeNull();
    expect(ledger.guard.conflict(1)).toMatchObject({ acknowledged: { by: 'alice' } });
  });

  it('says once that a second DHCP server is there, where none was named', () => {
    const server = (last: number) => guard.onDhcp('lan', { server: address(last), address: null, mac: STRANGER }, nowMs);
    for (const last of [2, 2, 3, 3, 2]) server(last);
    const notices = live.since(0).events.flatMap((event) => (event.type === 'notice' ? [event.text] : []));
    expect(notices).toEqual([expect.stringContaining('192.0.2.3')]);
  });

  it('stays deaf to nothing after a mistake of its own', async () => {
    guard.onEvent({ ...heard(200, 'arp-announcement'), mac: undefined as unknown as Mac });
    guard.onEvent(heard(201, 'arp-announcement'));
    await turn();
    expect(guard.open().map(({ address: where }) => where)).toContain(address(201));
  });
});
