import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { watchSocket } from '../../src/link/socket-events.ts';
import { fakeLibc } from './fake-libc.ts';

const READABLE = { readable: true, failed: false };
const FAILED = { readable: false, failed: true };
const ERROR_100 = Uint8Array.of(100, 0, 0, 0);

function watched() {
  const fake = fakeLibc();
  const heard: string[] = [];
  const stop = watchSocket(fake.libc, 3, {
    onReadable: () => heard.push('readable'),
    onError: (errorCode) => heard.push(errorCode),
  });
  return { fake, heard, stop };
}

describe('watchSocket', () => {
  it('tells once a turn that there is something to read', async () => {
    const { fake, heard } = watched();
    fake.report(READABLE);
    fake.report(READABLE);
    expect(heard).toEqual([]);
    await turn();
    expect(heard).toEqual(['readable']);
    fake.report(READABLE);
    await turn();
    expect([heard, fake.restarts()]).toEqual([['readable', 'readable'], 0]);
  });

  it.each([
    ['alone', [FAILED]],
    ['while a turn to read is due', [READABLE, FAILED]],
    ['before something to read', [FAILED, READABLE]],
  ])('takes the error off the socket and watches on, when the failure comes %s', async (_, events) => {
    const { fake, heard } = watched();
    fake.answer = () => ERROR_100;
    for (const event of events) fake.report(event);
    await turn();
    expect([heard, fake.restarts()]).toEqual([['E100'], 1]);
    fake.report(READABLE);
    await turn();
    expect([heard, fake.restarts()]).toEqual([['E100', 'readable'], 1]);
  });

  it('tells nothing after it was stopped', async () => {
    const { fake, heard, stop } = watched();
    fake.report(FAILED);
    stop();
    await turn();
    expect([heard, fake.restarts()]).toEqual([[], 0]);
  });
});
