import { describe, expect, it, vi } from 'vitest';
import { ipv4 } from '../../src/core/address/ipv4.ts';
import type { Mac } from '../../src/core/address/mac.ts';
import { type Sighting, sourceBit, sourcesOf } from '../../src/core/evidence/sighting.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import type { LedgerBatch, SegmentId, SweepRecord } from '../../src/ledger/types.ts';
import { createLogger } from '../../src/system/logger.ts';
import { Recorder } from '../../src/watch/recorder.ts';
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
function recorder() {
  const batches: LedgerBatch[] = [];
  const disk = { refuses: false };
  const scanned: number[] = [];
  const write = (batch: LedgerBatch): void => {
    if (disk.refuses) throw new Error('no space left');
    batches.push(batch);
  };
  const made = new Recorder({
    ledger: { write } as Pick<Ledger, 'write'> as Ledger,
    clock: fakeClock(),
    logger: createLogger({ level: 'silent' }),
    onScanner: (_segment, _mac, probes) => scanned.push(probes),
  });
  return { recorder: made, batches, disk, scanned };
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

  it('leaves out the probes of a scanner, and counts them', () => {
    const { recorder: made, batches, scanned } = recorder();
    for (let n = 0; n < 50; n++) made.sighting(SEGMENT, seen({ address: ipv4(HOST + n), source: 'arp-probe', mac: mac(9) }));
    made.sighting(SEGMENT, seen({ source: 'arp-probe' }));
    // Only a whole second tells a scanner: a flush in between leaves probes alone.
    made.flush();
    expect([batches[0]?.sightings, scanned]).toEqual([[], []]);
    vi.useFakeTimers();
    made.start();
    vi.advanceTimersByTime(1000);
    vi.useRealTimers();
    expect(scanned).toEqual([50]);
    expect(batches[1]?.sightings.map((fold) => [fold.mac, sourcesOf(fold.sources)])).toEqual([[mac(1), ['arp-probe']]]);
  });
});
