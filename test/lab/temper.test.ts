import { describe, expect, it } from 'vitest';
import { answerDelay, freshMemory, seededSequence, type Temper } from './temper.ts';

const always = (value: number) => () => value;

/** The delays with which a host of this temper answers requests at these times. */
function answers(temper: Temper, times: readonly number[]): readonly (number | null)[] {
  const memory = freshMemory();
  return times.map((atMs) => answerDelay(temper, memory, atMs, always(0.5)));
}

describe('tempers', () => {
  it.each<[string, Temper, readonly number[], readonly (number | null)[]]>([
    ['prompt answers at once', { kind: 'prompt' }, [0, 1, 2], [0, 0, 0]],
    ['slow answers within its span', { kind: 'slow', minMs: 300, maxMs: 1500 }, [0], [900]],
    ['slow may be exact', { kind: 'slow', minMs: 1200, maxMs: 1200 }, [0, 9], [1200, 1200]],
    ['lossy hears every third', { kind: 'lossy', oneOf: 3 }, [0, 1, 2, 3, 4, 5], [null, null, 0, null, null, 0]],
    ['asleep hears nothing', { kind: 'asleep' }, [0, 1, 2], [null, null, null]],
    ['drowsy wakes at the third in a row', { kind: 'drowsy', wakesAt: 3, withinMs: 100 }, [0, 50, 100, 150], [null, null, 0, 0]],
    ['drowsy falls asleep again', { kind: 'drowsy', wakesAt: 2, withinMs: 100 }, [0, 101, 201, 400], [null, null, 0, null]],
  ])('%s', (_name, temper, times, expected) => {
    expect(answers(temper, times)).toEqual(expected);
  });

  it('draws the same delays from the same seed, spread over 0 to 1', () => {
    const draw = (seed: number): readonly number[] => Array.from({ length: 1000 }, seededSequence(seed));
    const numbers = draw(7);
    expect(draw(7)).toEqual(numbers);
    expect(draw(8)).not.toEqual(numbers);
    expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...numbers)).toBeLessThan(1);
    const mean = numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
    expect(mean).toBeGreaterThan(0.45);
    expect(mean).toBeLessThan(0.55);
  });
});
