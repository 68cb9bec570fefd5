import { describe, expect, it } from 'vitest';
import { createAnswers, MAX_MACS_PER_ADDRESS, macsAt, noteAnswer, positionsByMac } from '../../../src/core/probe/answers.ts';
import { mac } from './simulated-lan.ts';

describe('answers', () => {
  it('keeps every MAC of an address, in order of first answer, each once', () => {
    const answers = createAnswers(4);
    const first = [7, 9, 7, 8, 9].map((number) => noteAnswer(answers, 2, mac(number)));
    expect(first).toEqual([true, false, false, false, false]);
    expect(macsAt(answers, 2)).toEqual({ macs: [mac(7), mac(9), mac(8)], more: false });
    expect(macsAt(answers, 1)).toEqual({ macs: [], more: false });
    expect(answers.answeredCount).toBe(1);
  });

  it('bounds what a stranger with ever new MACs can take', () => {
    const answers = createAnswers(1);
    for (let number = 0; number < 500; number++) noteAnswer(answers, 0, mac(number));
    const { macs, more } = macsAt(answers, 0);
    expect(macs).toHaveLength(MAX_MACS_PER_ADDRESS);
    expect(more).toBe(true);
    expect(answers.macs).toHaveLength(MAX_MACS_PER_ADDRESS);
    noteAnswer(answers, 0, mac(0));
    expect(macsAt(answers, 0).macs).toHaveLength(MAX_MACS_PER_ADDRESS);
  });

  it('counts an answer without a MAC', () => {
    const answers = createAnswers(2);
    expect(noteAnswer(answers, 1, null)).toBe(true);
    expect(macsAt(answers, 1).macs).toEqual([]);
    expect(answers.answeredCount).toBe(1);
  });

  it('lists the positions of each MAC, and their number', () => {
    const answers = createAnswers(5);
    for (const [position, number] of [
      [0, 1],
      [3, 1],
      [3, 2],
      [3, 2],
      [4, 2],
    ] as const) {
      noteAnswer(answers, position, mac(number));
    }
    expect([...positionsByMac(answers)].map(([key, positions]) => [key, [...positions].sort()])).toEqual([
      [mac(1), [0, 3]],
      [mac(2), [3, 4]],
    ]);
    expect(answers.addressesByMac).toEqual([2, 2]);
  });
});
