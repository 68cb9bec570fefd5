import { describe, expect, it } from 'vitest';
import { frameSender } from '../../src/link/frame-sender.ts';
import { type Libc, libc } from '../../src/link/libc.ts';
import { arpProbe, joined } from './frames.ts';

/** A kernel that answers each call as told: how many it takes, or why it takes none. */
function kernel(answers: readonly (number | string)[]) {
  const asked: { count: number; firstMessage: number }[] = [];
  let reason = '';
  let base = 0n;
  const fake: Libc = {
    ...libc(),
    sendmmsg(_fd, messages, count) {
      if (asked.length === 0) base = messages;
      asked.push({ count, firstMessage: Number(messages - base) / 64 });
      const answer = answers[asked.length - 1] ?? count;
      if (typeof answer === 'number') return answer;
      reason = answer;
      return -1;
    },
    errno: () => reason,
  };
  return { sender: frameSender(fake), asked };
}

const probes = (count: number): Uint8Array => joined(Array.from({ length: count }, (_, host) => arpProbe(host)));

describe('frameSender', () => {
  it.each<
    [string, number, (number | string)[], { sent: number; errorCode: string | null }, { count: number; firstMessage: number }[]]
  >([
    ['all at once', 10, [], { sent: 10, errorCode: null }, [{ count: 10, firstMessage: 0 }]],
    ['none', 0, [], { sent: 0, errorCode: null }, []],
    ['batches of 256', 513, [], { sent: 513, errorCode: null }, [256, 256, 1].map((count) => ({ count, firstMessage: 0 }))],
    [
      'a short count asks again for the reason',
      10,
      [4, 'ENOBUFS'],
      { sent: 4, errorCode: 'ENOBUFS' },
      [
        { count: 10, firstMessage: 0 },
        { count: 6, firstMessage: 4 },
      ],
    ],
    [
      'a short count that was nothing goes on',
      10,
      [4, 6],
      { sent: 10, errorCode: null },
      [
        { count: 10, firstMessage: 0 },
        { count: 6, firstMessage: 4 },
      ],
    ],
    ['a refusal', 10, ['ENETDOWN'], { sent: 0, errorCode: 'ENETDOWN' }, [{ count: 10, firstMessage: 0 }]],
    [
      'a refusal in the second batch',
      262,
      [256, 'EPERM'],
      { sent: 256, errorCode: 'EPERM' },
      [
        { count: 256, firstMessage: 0 },
        { count: 6, firstMessage: 0 },
      ],
    ],
    ['an answer of 0 does not loop', 10, [0], { sent: 0, errorCode: 'EAGAIN' }, [{ count: 10, firstMessage: 0 }]],
  ])('%s', (_, count, answers, outcome, calls) => {
    const { sender, asked } = kernel(answers);
    expect(sender.send(3, probes(count), 42)).toEqual(outcome);
    expect(asked).toEqual(calls);
  });

  it('fits fewer long frames into a batch', () => {
    const { sender, asked } = kernel([]);
    expect(sender.send(3, new Uint8Array(100 * 1514), 1514)).toEqual({ sent: 100, errorCode: null });
    expect(asked.map(({ count }) => count)).toEqual([43, 43, 14]);
  });

  it.each([
    [100, 42],
    [42, 0],
    [42, 10.5],
    [26, 13],
    [70_000, 70_000],
  ])('refuses %d octets as frames of %d', (length, frameLength) => {
    expect(() => kernel([]).sender.send(3, new Uint8Array(length), frameLength)).toThrow(RangeError);
  });
});
