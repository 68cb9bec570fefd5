/**
 * A C library for tests of what is made of its answers: no socket, no memory of a kernel's. Calls that a test does not expect throw.
 */
import type { Libc, PollEvent } from '../../src/link/libc.ts';

export interface FakeLibc {
  readonly libc: Libc;
  /** What the event loop would report. */
  report(event: PollEvent): void;
  /** How often the poll handle was started again. */
  restarts(): number;
  /** What getsockopt answers: octets for (level, option), or null for a failure. */
  answer: (level: number, option: number) => Uint8Array | null;
}

const unexpected = (): never => {
  throw new Error('not expected in this test');
};

/** @param errno the reason of every failed call */
export function fakeLibc(errno = 'EBADF'): FakeLibc {
  let onEvent: (event: PollEvent) => void = () => {};
  let restarts = 0;
  const fake: FakeLibc = {
    report: (event) => onEvent(event),
    restarts: () => restarts,
    answer: (_level, _option) => new Uint8Array(12),
    libc: {
      socket: unexpected,
      bind: unexpected,
      getsockname: unexpected,
      setsockopt: unexpected,
      send: unexpected,
      recv: unexpected,
      sendmmsg: unexpected,
      map: unexpected,
      pageSize: () => 4096,
      interfaceIndex: unexpected,
      interfaceExists: () => true,
      close: () => 0,
      getsockopt(_fd, level, option, value) {
        const answer = fake.answer(level, option);
        if (answer === null) return -1;
        value.set(answer.subarray(0, value.length));
        return 0;
      },
      errno: () => errno,
      errnoName: (number) => `E${number}`,
      addressOf: () => 0n,
      poll(_fd, listener) {
        onEvent = listener;
        return {
          restart: () => {
            restarts++;
          },
          close: () => {
            onEvent = () => {};
          },
        };
      },
    },
  };
  return fake;
}
