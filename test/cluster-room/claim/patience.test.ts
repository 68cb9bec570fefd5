import { describe, expect, it } from 'vitest';
import { type Patience, sleepFor, withPatience } from '../../../src/cluster/claim/patience.ts';
import { ClusterError, type ClusterErrorCode } from '../../../src/cluster/kube/errors.ts';

const trouble = (code: ClusterErrorCode, mayPass = true): ClusterError =>
  new ClusterError(code, `trouble: ${code}`, { hint: 'wait', exitCode: 5, mayPass });

/** Fails with these, one after the other, then succeeds. The clock stands still but for pauses. */
function scene(errors: readonly unknown[], more: Partial<Patience> = {}) {
  let [nowMs, tries] = [1_000, 0];
  const pauses: number[] = [];
  const told: string[] = [];
  const patience: Patience = {
    untilMs: 61_000,
    now: () => nowMs,
    onRetry: ({ code }, pauseMs) => void told.push(`${code} ${pauseMs}`),
    sleep: async (ms) => {
      pauses.push(ms);
      nowMs += ms;
    },
    ...more,
  };
  const work = async (): Promise<string> => {
    const error = errors[tries++];
    if (error !== undefined) throw error;
    return 'done';
  };
  return { pauses, told, tries: () => tries, run: () => withPatience(work, patience) };
}

const webhook = trouble('cluster-webhook-unready');
const busy = trouble('cluster-busy');

describe('withPatience', () => {
  it('tries again what may pass, with growing pauses', async () => {
    const { run, pauses } = scene(Array.from({ length: 7 }, () => webhook));
    expect(await run()).toBe('done');
    expect(pauses).toEqual([500, 1_000, 2_000, 4_000, 5_000, 5_000, 5_000]);
  });

  it.each([
    ['what does not pass', trouble('cluster-denied', false)],
    ['what is no error of the cluster', new Error('a fault of ours')],
  ])('throws %s at once', async (_, error) => {
    const { run, pauses, tries } = scene([error]);
    await expect(run()).rejects.toBe(error);
    expect([pauses, tries()]).toEqual([[], 1]);
  });

  it('throws what does not pass after what did', async () => {
    const denied = trouble('cluster-denied', false);
    const { run, pauses } = scene([webhook, denied]);
    await expect(run()).rejects.toBe(denied);
    expect(pauses).toEqual([500]);
  });

  it('tells each kind of trouble once, until it changes', async () => {
    const { run, told } = scene([webhook, webhook, busy, busy, webhook]);
    await run();
    expect(told).toEqual(['cluster-webhook-unready 500', 'cluster-busy 2000', 'cluster-webhook-unready 5000']);
  });

  it.each([
    ['which is over already', 999, []],
    ['which a pause would outlast', 1_499, []],
    ['of one pause', 1_500, [500]],
    ['of two and a half', 4_000, [500, 1_000]],
  ])('gives up with the last error at the end of a patience %s', async (_, untilMs, expected) => {
    const errors = Array.from({ length: 50 }, () => trouble('cluster-busy'));
    const { run, pauses, told, tries } = scene(errors, { untilMs });
    await expect(run()).rejects.toBe(errors[expected.length]);
    expect([pauses, tries(), told.length]).toEqual([expected, expected.length + 1, Math.min(1, expected.length)]);
  });

  it('hands the signal to the pause, and tries no more once it aborts', async () => {
    const stop = new AbortController();
    const { run, tries } = scene([webhook, webhook, webhook], {
      signal: stop.signal,
      sleep: async (_, signal) => {
        expect(signal).toBe(stop.signal);
        stop.abort(new Error('Ctrl-C'));
      },
    });
    await expect(run()).rejects.toThrow('Ctrl-C');
    expect(tries()).toBe(1);
  });

  it('cuts a pause of real time short', async () => {
    const stop = new AbortController();
    const pause = sleepFor(3_600_000, stop.signal);
    stop.abort();
    await expect(pause).rejects.toThrow();
  });

  it('really pauses where no other way is given', async () => {
    const begun = performance.now();
    let tries = 0;
    await withPatience(
      async () => {
        if (tries++ === 0) throw webhook;
      },
      { untilMs: 1e9, now: () => 0 },
    );
    expect(performance.now() - begun).toBeGreaterThan(450);
  });
});
