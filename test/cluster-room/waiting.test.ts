import { describe, expect, it } from 'vitest';
import { ClusterError } from '../../src/cluster/kube/errors.ts';
import { insist, type Pace, systemPace, waitUntil } from '../../src/cluster/waiting.ts';
import { EXIT } from '../../src/core/error.ts';

/** Time passes only in pauses. */
function pretended(): Pace & { readonly pauses: number[] } {
  let now = 0;
  const pauses: number[] = [];
  return {
    pauses,
    everyMs: 1000,
    clock: { nowMs: () => now, monotonicMs: () => now },
    async pause(ms, signal) {
      signal?.throwIfAborted();
      pauses.push(ms);
      now += ms;
    },
  };
}
const away = new ClusterError('cluster-unreachable', 'away', { hint: '', exitCode: EXIT.unreachable, mayPass: true });
const forbidden = new ClusterError('cluster-forbidden', 'no', { hint: '', exitCode: EXIT.notPermitted });

describe('waitUntil', () => {
  it('looks once, also where there is no time', async () => {
    expect(await waitUntil(async () => ({ done: 7 }), { pace: pretended(), waitMs: 0 })).toEqual({ ok: true, value: 7 });
    expect(await waitUntil(async () => ({ why: 'no' }), { pace: pretended(), waitMs: 0 })).toEqual({
      ok: false,
      why: 'no',
      error: null,
    });
  });

  it('says what it waits for, once for each', async () => {
    const whys = ['a', 'a', 'b', 'b', 'a'];
    const said: string[] = [];
    let turn = 0;
    const look = async () => (turn < whys.length ? { why: whys[turn++] ?? '' } : { done: null });
    await waitUntil(look, { pace: pretended(), waitMs: 60_000, onWhy: (why) => said.push(why) });
    expect(said).toEqual(['a', 'b', 'a']);
  });

  it('takes its last look when the time is over', async () => {
    const pace = pretended();
    let looks = 0;
    await waitUntil(async () => ({ why: String(looks++) }), { pace, waitMs: 2500 });
    expect(pace.pauses).toEqual([1000, 1000, 500]);
    expect(looks).toBe(4);
  });

  it('waits for a cluster that is away, and gives its error at the end', async () => {
    let turn = 0;
    const look = async () => {
      if (turn++ < 3) throw away;
      return { done: turn };
    };
    expect(await waitUntil(look, { pace: pretended(), waitMs: 10_000 })).toEqual({ ok: true, value: 4 });
    turn = 0;
    expect(await waitUntil(look, { pace: pretended(), waitMs: 1500 })).toEqual({ ok: false, why: 'away', error: away });
  });

  it('throws what will not pass', async () => {
    const look = async (): Promise<never> => {
      throw forbidden;
    };
    await expect(waitUntil(look, { pace: pretended(), waitMs: 10_000 })).rejects.toBe(forbidden);
    await expect(insist(look, { pace: pretended(), waitMs: 10_000 })).rejects.toBe(forbidden);
  });

  it('ends with the reason of the signal, in a pause too', async () => {
    const stop = new AbortController();
    const reason = new Error('interrupted');
    const waiting = waitUntil(async () => ({ why: 'no' }), {
      pace: { ...systemPace, everyMs: 60_000 },
      waitMs: 120_000,
      signal: stop.signal,
    });
    setTimeout(() => stop.abort(reason), 20);
    await expect(waiting).rejects.toBe(reason);
  });
});

describe('insist', () => {
  it('does it until it was done', async () => {
    let turn = 0;
    const work = async () => {
      if (turn++ < 2) throw away;
      return turn;
    };
    expect(await insist(work, { pace: pretended(), waitMs: 10_000 })).toBe(3);
  });

  it('throws the last error where the time is over', async () => {
    const work = async (): Promise<never> => {
      throw away;
    };
    await expect(insist(work, { pace: pretended(), waitMs: 3000 })).rejects.toBe(away);
  });
});
