/** Faults of the wire that no real one shows on demand: a socket that refuses, a ring that overran, a frame that cannot be read. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ARP_FRAME_LENGTH } from '../../src/core/codec/arp.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import type { SegmentWatch } from '../../src/watch/segment-watch.ts';
import { ALIVE, answering, type FakeSegment, fakeSegment, HOST_MAC, SILENT, type Temper } from './fake-segment.ts';

let segment: FakeSegment;
let ledger: Ledger;
let watch: SegmentWatch;
let temper: Temper = answering;

beforeEach(() => {
  segment = fakeSegment(() => temper);
  ({ ledger, watch } = segment);
});
afterEach(() => segment.close());

const known = () => {
  const { id } = watch.row ?? { id: undefined };
  if (id === undefined) throw new Error('the segment is not known');
  return {
    looks: ledger.lookRuns(id, 0),
    alive: ledger.history(id, ALIVE, 10),
    silent: ledger.history(id, SILENT, 10),
    lastValid: ledger.lastValidSweepMs(id, Date.now()),
  };
};

describe('SegmentWatch', () => {
  it('records a sweep that it can trust', async () => {
    temper = answering;
    expect(await watch.sweep('request')).toMatchObject({ valid: true, answered: 1, probesPlanned: expect.any(Number) });
    expect(known()).toMatchObject({ looks: [{ looks: 1 }], alive: [{ mac: HOST_MAC }], silent: [] });
  });

  const faults: readonly [name: string, reason: string, temper: Temper][] = [
    ['a socket that refuses every frame', 'send-failed', () => ({ sent: 0, errorCode: 'EPERM' })],
    ['a queue that stays full', 'send-failed', () => ({ sent: 0, errorCode: 'ENOBUFS' })],
    ['a socket on a link that went down', 'link-down', () => ({ sent: 0, errorCode: 'ENETDOWN' })],
    ['a socket on an interface that is gone', 'interface-gone', () => ({ sent: 0, errorCode: 'ENXIO' })],
    [
      'frames dropped before they were read',
      'kernel-drops',
      (frames, handlers) => ({ ...answering(frames, handlers), drops: 1 }),
    ],
    [
      'an error on the receiving side',
      'receive-failed',
      (frames, handlers) => {
        handlers.onError('EIO');
        return answering(frames, handlers);
      },
    ],
    [
      'a frame that could not be read',
      'receive-failed',
      (frames, handlers) => {
        handlers.onHandlerError?.(new Error('our own mistake'));
        return answering(frames, handlers);
      },
    ],
    [
      'a wire on which nothing comes back',
      'control-silent',
      (frames) => ({ sent: frames.length / ARP_FRAME_LENGTH, errorCode: null }),
    ],
  ];
  it.each(faults)('proves nothing and ends nobody with %s', async (_name, reason, broken) => {
    temper = answering;
    await watch.sweep('request');
    const before = known();
    temper = broken;
    expect(await watch.sweep('request')).toMatchObject({ valid: false, invalidReason: reason, looked: [] });
    const after = known();
    expect({ ...after, alive: [] }).toEqual({ ...before, alive: [] });
    expect(after.alive).toHaveLength(1);
    expect(after.alive[0]?.firstSeenMs).toBe(before.alive[0]?.firstSeenMs);
    temper = answering;
    expect(await watch.sweep('request')).toMatchObject({ valid: true });
  });

  it('joins a sweep under way instead of doubling it', async () => {
    temper = answering;
    const [a, b] = [watch.sweep('request'), watch.sweep('schedule')];
    expect(a).toBe(b);
    await a;
  });
});
