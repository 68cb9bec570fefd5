/**
 * Ten minutes in which a receiver is in trouble of every kind while conflicts open, escalate and close, on the real ledger and with
 * a clock of the test's own: nothing is lost, nothing comes out of order, nobody else waits.
 */
import { expect, it, onTestFinished } from 'vitest';
import { Dispatcher } from '../../src/alert/dispatcher.ts';
import { type AlertEntry, DELIVERED, retry, type SendOutcome } from '../../src/alert/types.ts';
import { createLogger } from '../../src/system/logger.ts';
import { newLedger } from '../ledger/fixtures.ts';
import { change, manualTime, messageOf, scripted } from './fixtures.ts';

const MINUTE_MS = 60_000;
const EVENTS = ['opened', 'escalated', 'closed'] as const;
/** A conflict of three messages begins every ten seconds. */
const STEP_MS = 10_000;
const CONFLICTS = 60;

function entryOf(id: number, seq: number, atMs: number): AlertEntry {
  const event = EVENTS[seq - 1] ?? 'opened';
  const about = { id, seq, closedMs: event === 'closed' ? atMs : null };
  const kind = event === 'escalated' ? { from: 'imminent' as const } : {};
  return {
    change: change(about, { event, causedMs: atMs, ...kind }),
    message: messageOf(about, { event, causedMs: atMs, ...kind }),
    channels: ['troubled', 'well'],
  };
}

it('ten minutes of trouble: all waits in the ledger, and arrives in order when they are over', async () => {
  const { ledger } = newLedger(true);
  const time = manualTime();
  const startMs = time.clock.monotonicMs();
  const after = async (ms: number, outcome: SendOutcome, signal: AbortSignal): Promise<SendOutcome> => {
    await time.sleep(ms, signal);
    return outcome;
  };
  const troubles: readonly ((signal: AbortSignal) => SendOutcome | Promise<SendOutcome>)[] = [
    () => retry('answered 500'),
    (signal) => after(10_000, retry('did not answer within 10 s'), signal),
    () => retry('cannot be reached (ECONNREFUSED)'),
    () => retry('answered 302: redirects are never followed'),
    (signal) => after(9000, retry('answered 503', 30_000), signal),
  ];
  const minute = (): number => Math.floor((time.clock.monotonicMs() - startMs) / MINUTE_MS);
  const troubled = scripted('troubled', (_, signal) =>
    minute() < 10 ? (troubles[minute() % troubles.length]?.(signal) ?? DELIVERED) : after(500, DELIVERED, signal),
  );
  const well = scripted('well', () => DELIVERED);
  const latencies: number[] = [];
  const made = new Dispatcher({
    outbox: ledger.guard,
    channels: [troubled.channel, well.channel],
    logger: createLogger({ level: 'silent' }),
    openMessages: () => [],
    clock: time.clock,
    sleep: time.sleep,
    random: () => 0.5,
    onSettled: (channel, _, latencyMs) => {
      if (channel === 'well' && latencyMs !== null) latencies.push(latencyMs);
    },
  });
  onTestFinished(() => made.stop());
  made.start();

  for (let step = 0; step < CONFLICTS + 2; step++) {
    for (const [seq, id] of [step + 1, step, step - 1].entries()) {
      if (id < 1 || id > CONFLICTS) continue;
      const entries = [entryOf(id, seq + 1, time.clock.nowMs())];
      ledger.guard.record(entries);
      made.wake(entries);
    }
    await time.pass(step < CONFLICTS ? STEP_MS : 0);
  }
  expect(minute()).toBe(10);
  const all = 3 * CONFLICTS;
  // Nobody waited for the other one: no time has passed between frame and receipt.
  expect([well.told.length, Math.max(...latencies)]).toEqual([all, 0]);
  expect(troubled.told).toEqual([]);
  // Back-off: far fewer tries than messages, and the last ones minutes apart.
  expect(troubled.tried.length).toBeLessThan(40);
  expect(ledger.guard.depth().get('troubled')).toBe(all);
  expect(made.states().get('troubled')?.volatile).toBe(0);

  await time.pass(10 * MINUTE_MS);
  expect([troubled.told.length, new Set(troubled.told).size]).toEqual([all, all]);
  for (let id = 1; id <= CONFLICTS; id++) {
    const told = troubled.told.filter((key) => key.startsWith(`${id}-`));
    expect(told).toEqual([`${id}-1`, `${id}-2`, `${id}-3`]);
  }
  expect(ledger.guard.depth().size).toBe(0);
});
