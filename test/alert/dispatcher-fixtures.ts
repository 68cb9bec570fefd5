/** A dispatcher on an outbox in memory and a clock that tests move. */
import { onTestFinished } from 'vitest';
import { Dispatcher, type DispatcherOptions } from '../../src/alert/dispatcher.ts';
import { type Channel, type OpenAlert, retry, type SendOutcome } from '../../src/alert/types.ts';
import type { AlertMessage } from '../../src/core/conflict/alert-message.ts';
import { type entry, logTo, MemoryOutbox, manualTime } from './fixtures.ts';

export const never = (_: unknown, signal: AbortSignal): Promise<SendOutcome> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(retry('stopped'))));

export function dispatcher(channels: readonly Channel[], over: Partial<DispatcherOptions> = {}) {
  const time = manualTime();
  const outbox = new MemoryOutbox();
  const log: string[] = [];
  const settled: [string, string, number | null][] = [];
  const made = new Dispatcher({
    outbox,
    channels,
    logger: logTo(log),
    openMessages: () => [],
    clock: time.clock,
    sleep: time.sleep,
    random: () => 1,
    onSettled: (channel, outcome, latencyMs) => void settled.push([channel, outcome, latencyMs]),
    ...over,
  });
  onTestFinished(() => made.stop());
  /** The way of the guard: written, then woken. */
  const record = (...entries: ReturnType<typeof entry>[]): void => {
    outbox.record(entries);
    made.wake(entries);
  };
  return { dispatcher: made, outbox, time, log, settled, record };
}

export const openAlerts = (messages: readonly AlertMessage[]): OpenAlert[] =>
  messages.map((message) => ({ conflictId: message.conflict?.id ?? 0, make: () => message }));
