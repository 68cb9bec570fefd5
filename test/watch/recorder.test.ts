import { describe, expect, it, vi } from 'vitest';
import { ipv4 } from '../../src/core/address/ipv4.ts';
import type { Mac } from '../../src/core/address/mac.ts';
import { type Sighting, sourceBit, sourcesOf } from '../../src/core/evidence/sighting.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import type { LedgerBatch, SegmentId, SweepRecord } from '../../src/ledger/types.ts';
import { createLogger } from '../../src/system/logger.ts';
import { FLUSH_INTERVAL_MS, Recorder, SLICE } from '../../src/watch/recorder.ts';
import { fakeClock } from '../system/fake-clock.ts';

const SEGMENT = 1 as SegmentId;
const mac = (n: number): Mac => `02:00:00:00:00:${n.toString(16).padStart(2, '0')}` as Mac;
const HOST = ipv4(0xc000020a);

const seen = (over: Partial<Sighting> = {}): Sighting => ({
  segment: 'lan',
  address: HOST,
  mac: mac(1),
  atMs: 1000,
  source: 'arp-reply',
  ...over,
});

const SWEEP: SweepRecord = {
  segment: SEGMENT,
  trigger: 'schedule',
  method: 'arp',
  startedMs: 0,
  endedMs: 1,
  probesPlanned: 1,
  probesSent: 1,
  sendFailures: 0,
  repliesReceived: 0,
  answered: 0,
  kernelDrops: 0,
  controlsAsked: 0,
  controlsAnswered: 0,
  valid: true,
  invalidReason: null,
  looked: [],
  standIns: [],
};

/** A disk that keeps what it is given, and refuses while `refuses` is true. */
function recorder(onFlush?: () => void) {
  const batches: LedgerBatch[] = [];
  const disk = { refuses: false, onWrite: (): void => undefined };
  const scanned: number[] = [];
  const write = (batch: LedgerBatch): void => {
    if (disk.refuses) throw new Error('no space left');
    batches.push(batch);
    disk.onWrite();
  };
  const clock = fakeClock();
  const made = new Recorder({
    ledger: { write } as Pick<Ledger, 'write'> as Ledger,
    clock,
    logger: createLogger({ level: 'silent' }),
    onScanner: (_segment, _mac, probes) => scanned.push(probes),
    ...(onFlush === undefined ? {} : { onFlush }),
  });
  return { recorder: made, batches, disk, scanned, clock };
}

describe('Recorder', () => {
  it('folds the sightings of one address by one MAC into one', () => {
    const { recorder: made, batches } = recorder();
    made.sighting(SEGMENT, seen({ atMs: 1000.4 }));
    made.sighting(SEGMENT, seen({ atMs: 3000.6, source: 'arp-request' }));
    made.sighting(SEGMENT, seen({ atMs: 2000, hostname: 'printer' }));
    made.flush();
    expect(batches[0]?.sightings).toEqual([
      {
        segment: SEGMENT,
        address: HOST,
        mac: mac(1),
        intent: false,
        firstMs: 1000,
        lastMs: 3001,
        sources: sourceBit('arp-reply') | sourceBit('arp-request'),
        hostname: 'printer',
      },
    ]);
  });

  it('keeps every MAC apart, and intents from uses', () => {
    const { recorder: made, batches } = recorder();
    made.sighting(SEGMENT, seen());
    made.sighting(SEGMENT, seen({ mac: mac(2) }));
    made.sighting(SEGMENT, seen({ source: 'dhcp-request' }));
    made.flush();
    expect(batches[0]?.sightings.map((fold) => [fold.mac, fold.intent])).toEqual([
      [mac(1), false],
      [mac(2), false],
      [mac(1), true],
    ]);
  });

  it('never drops a use, however many MACs a stranger shows: the rest are "others"', () => {
    const { recorder: made, batches } = recorder();
    for (let n = 0; n < 200; n++) made.sighting(SEGMENT, seen({ mac: mac(n), atMs: 1000 + n }));
    made.flush();
    const folds = batches[0]?.sightings ?? [];
    expect(folds).toHaveLength(17);
    expect(folds.at(-1)).toMatchObject({ mac: null, lastMs: 1199 });
  });

  it('writes what was heard and the sweep that heard it in one batch', () => {
    const { recorder: made, batches } = recorder();
    made.sighting(SEGMENT, seen());
    made.sweep(SWEEP);
    made.flush();
    expect(batches).toHaveLength(1);
    expect([batches[0]?.sightings.length, batches[0]?.sweeps.length]).toEqual([1, 1]);
  });

  it('keeps everything while the disk refuses, and says so', () => {
    const { recorder: made, batches, disk } = recorder();
    disk.refuses = true;
    made.sighting(SEGMENT, seen());
    made.flush();
    made.sighting(SEGMENT, seen({ atMs: 9000 }));
    made.sweep(SWEEP);
    made.flush();
    expect([made.healthy, batches.length]).toEqual([false, 0]);
    disk.refuses = false;
    made.flush();
    expect(made.healthy).toBe(true);
    expect(batches[0]?.sightings).toMatchObject([{ firstMs: 1000, lastMs: 9000 }]);
    expect(batches[0]?.sweeps).toHaveLength(1);
    made.flush();
    expect(batches[1]?.sightings).toEqual([]);
  });

  it('forgets the oldest looks, never a sighting, when the disk refuses for long', () => {
    const { recorder: made, batches, disk } = recorder();
    disk.refuses = true;
    made.sighting(SEGMENT, seen());
    for (let startedMs = 0; startedMs < 600; startedMs++) made.sweep({ ...SWEEP, startedMs });
    made.flush();
    disk.refuses = false;
    made.flush();
    expect(batches[0]?.sightings).toHaveLength(1);
    expect(batches[0]?.sweeps).toHaveLength(512);
    expect(batches[0]?.sweeps[0]?.startedMs).toBe(88);
  });

  it('leaves out the probes of a scanner, counts them, and records a lone probe a little late', () => {
    const { recorder: made, batches, scanned, clock } = recorder();
    vi.useFakeTimers();
    made.start();
    const pass = (ms: number): void => {
      clock.advance(ms);
      vi.advanceTimersByTime(ms);
    };
    for (let n = 0; n < 50; n++) made.sighting(SEGMENT, seen({ address: ipv4(HOST + n), source: 'arp-probe', mac: mac(9) }));
    made.sighting(SEGMENT, seen({ source: 'arp-probe' }));
    made.flush();
    expect([batches[0]?.sightings, scanned]).toEqual([[], []]);
    pass(FLUSH_INTERVAL_MS);
    expect(scanned).toEqual([50]);
    expect(batches[1]?.sightings.map((fold) => [fold.mac, sourcesOf(fold.sources)])).toEqual([[mac(1), ['arp-probe']]]);
    // The scanner's own address, an hour later: it means it.
    pass(3_600_000);
    made.sighting(SEGMENT, seen({ source: 'arp-probe', mac: mac(9), atMs: 3_601_000 }));
    pass(2 * FLUSH_INTERVAL_MS);
    expect(batches.flatMap(({ sightings }) => sightings).at(-1)).toMatchObject({ mac: mac(9), intent: true, lastMs: 3_601_000 });
    made.sighting(SEGMENT, seen({ source: 'arp-probe', mac: mac(8) }));
    made.stop();
    expect(batches.at(-1)?.sightings).toMatchObject([{ mac: mac(8) }]);
    vi.useRealTimers();
  });

  it('keeps what each source says of a lease', () => {
    const { recorder: made, batches } = recorder();
    const lease = { address: HOST, mac: mac(1), hostname: null };
    made.lease(SEGMENT, { ...lease, endsMs: Number.POSITIVE_INFINITY, source: 'lease-file' }, 1);
    made.lease(SEGMENT, { ...lease, endsMs: 5000, source: 'dhcp-ack' }, 2);
    made.lease(SEGMENT, { ...lease, endsMs: 9000, source: 'dhcp-ack' }, 3);
    made.flush();
    expect(batches[0]?.leases.map(({ source, endsMs }) => [source, endsMs])).toEqual([
      ['lease-file', Number.POSITIVE_INFINITY],
      ['dhcp-ack', 9000],
    ]);
  });

  describe('under a flood', () => {
    const flood = (made: Recorder, count: number, atMs = 1000): void => {
      for (let n = 0; n < count; n++) made.sighting(SEGMENT, seen({ address: ipv4(0xc6120000 + n), atMs }));
    };
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    /** The timer ticks once; the turns between slices are real ones. */
    const tick = (made: Recorder): void => {
      vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
      made.start();
      vi.advanceTimersByTime(FLUSH_INTERVAL_MS);
      vi.useRealTimers();
    };

    it('writes in slices with a turn of the loop in between, and the sweep with the last', async () => {
      const { recorder: made, batches, clock } = recorder();
      flood(made, 2 * SLICE + 10);
      made.sweep(SWEEP);
      tick(made);
      expect(batches.map(({ sightings, sweeps }) => [sightings.length, sweeps.length])).toEqual([[SLICE, 0]]);
      // What comes meanwhile waits for the next round, but where it joins what still waits; it does not hold the sweep up.
      flood(made, 3 * SLICE, 2000);
      clock.advance(1000);
      made.sweep({ ...SWEEP, startedMs: 7 });
      for (let n = 0; n < 5; n++) await turn();
      expect(batches.map(({ sightings, sweeps }) => [sightings.length, sweeps.length])).toEqual([
        [SLICE, 0],
        [SLICE, 0],
        [10, 1],
      ]);
      made.flush();
      expect(batches.slice(3).map(({ sightings, sweeps }) => [sightings.length, sweeps.length])).toEqual([
        [SLICE, 0],
        [SLICE - 10, 1],
      ]);
      expect(batches.at(-1)?.sweeps).toMatchObject([{ startedMs: 7 }]);
    });

    it('never stores a sweep before what was heard before it, also when a flush comes in between, or the disk refuses', async () => {
      const { recorder: made, batches, disk } = recorder();
      flood(made, SLICE + 10);
      made.sweep(SWEEP);
      tick(made);
      disk.refuses = true;
      for (let n = 0; n < 3; n++) await turn();
      expect([made.healthy, batches.length]).toEqual([false, 1]);
      disk.refuses = false;
      made.flush();
      for (let n = 0; n < 3; n++) await turn();
      expect(batches.map(({ sightings, sweeps }) => [sightings.length, sweeps.length])).toEqual([
        [SLICE, 0],
        [10, 1],
      ]);
    });

    it('lets the wire be read first while the flood comes, but not for longer than a second; then it goes on', () => {
      const { recorder: made, batches, clock, disk } = recorder();
      disk.onWrite = () => clock.advance(5);
      const pass = (ms: number): void => {
        clock.advance(ms);
        vi.advanceTimersByTime(ms);
      };
      flood(made, 3 * SLICE);
      vi.useFakeTimers();
      made.start();
      vi.advanceTimersByTime(FLUSH_INTERVAL_MS);
      expect(batches).toHaveLength(1);
      for (let passed = 0; passed < 900; passed += 5) {
        flood(made, SLICE);
        pass(5);
      }
      expect(batches).toHaveLength(1);
      for (let passed = 0; passed < 200; passed += 5) {
        flood(made, SLICE);
        pass(5);
      }
      expect(batches).toHaveLength(2);
      pass(20);
      expect(batches).toHaveLength(3);
      made.stop();
      vi.useRealTimers();
    });

    it('writes nothing after it was stopped in the middle', async () => {
      const { recorder: made, batches } = recorder();
      flood(made, 2 * SLICE);
      tick(made);
      made.stop();
      for (let n = 0; n < 3; n++) await turn();
      expect(batches.map(({ sightings }) => sightings.length)).toEqual([SLICE, SLICE]);
    });

    it('gives up after a second when it must stop', () => {
      const { recorder: made, batches, clock, disk } = recorder();
      flood(made, 4 * SLICE);
      made.sweep(SWEEP);
      disk.onWrite = () => clock.advance(600);
      vi.useFakeTimers();
      made.start();
      made.stop();
      vi.useRealTimers();
      expect(batches.map(({ sightings, sweeps }) => [sightings.length, sweeps.length])).toEqual([
        [SLICE, 0],
        [SLICE, 0],
      ]);
    });
  });

  it('records all the same when telling of it fails', () => {
    const { recorder: made, batches } = recorder(() => {
      throw new Error('nobody listens');
    });
    made.sighting(SEGMENT, seen());
    made.flush();
    made.flush();
    expect([made.healthy, batches[0]?.sightings.length]).toEqual([true, 1]);
  });
});
