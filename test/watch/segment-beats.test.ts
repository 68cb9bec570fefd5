import { afterEach, describe, expect, it } from 'vitest';
import { SegmentBeats } from '../../src/watch/segment-beats.ts';
import { answering, type FakeSegment, fakeSegment } from './fake-segment.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const NOW = 1_700_000_000_000;

let segment: FakeSegment | null = null;
afterEach(() => segment?.close());

/** One segment of eight addresses at rate max, whose next sweep is due in `dueMs`; what its beat was told. */
function judged(dueMs: () => number | null, interval = () => MINUTE) {
  const made = fakeSegment(() => answering);
  segment = made;
  const told: (number | string)[] = [];
  const register = (name: string, allowanceMs: number) => {
    told.push(`${name} ${allowanceMs}`);
    return { beat: () => told.push('beat'), allow: (ms: number) => void told.push(ms), end: () => void told.push('end') };
  };
  let segments = [
    {
      watch: made.watch,
      get intervalMs() {
        return interval();
      },
      nextRunMs: () => {
        const due = dueMs();
        return due === null ? null : NOW + due;
      },
    },
  ];
  const beats = new SegmentBeats(() => segments, { register }, { nowMs: () => NOW, monotonicMs: () => 0 });
  const remove = (): void => {
    segments = [];
  };
  return { beats, told, remove };
}

describe('SegmentBeats', () => {
  it('gives a segment until some sweeps after the next one', () => {
    const { beats, told } = judged(() => 20_000);
    beats.refresh();
    expect(told).toEqual([`segment:lan ${20_000 + 3 * MINUTE + MINUTE}`]);
  });

  it('is not taken in by its own looking: only a sweep moves the time on', () => {
    const { beats, told } = judged(() => 20_000);
    for (let i = 0; i < 5; i++) beats.refresh();
    expect(told).toHaveLength(1);
    beats.swept('lan');
    expect(told.slice(1)).toEqual([20_000 + 4 * MINUTE]);
  });

  it('waits through a night that the schedule leaves out', () => {
    let due = 20_000;
    const { beats, told } = judged(() => due);
    beats.refresh();
    due = 14 * HOUR;
    beats.swept('lan');
    expect(told.at(-1)).toBe(14 * HOUR + 4 * MINUTE);
  });

  it('gives a new time where a reload makes sweeps longer or rarer', () => {
    let interval = MINUTE;
    const made = judged(
      () => 20_000,
      () => interval,
    );
    made.beats.refresh();
    interval = HOUR;
    made.beats.refresh();
    made.beats.refresh();
    expect(made.told.slice(1)).toEqual([20_000 + 3 * HOUR + MINUTE]);
  });

  it('never judges a schedule that never fires again', () => {
    const { beats, told } = judged(() => null);
    beats.refresh();
    expect(told).toEqual(['segment:lan Infinity']);
  });

  it('lets go of a segment that is gone, and knows no other', () => {
    const { beats, told, remove } = judged(() => 0);
    beats.refresh();
    beats.swept('elsewhere');
    remove();
    beats.refresh();
    beats.stop();
    expect(told.slice(1)).toEqual(['end']);
  });
});
