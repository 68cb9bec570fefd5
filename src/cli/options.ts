/**
 * Readers of option values: a value, or a sentence that says what is expected (commander puts the option's name before it).
 */
import { InvalidArgumentError } from 'commander';
import type { Rate } from '../core/probe/types.ts';
import { formatDuration, parseDuration } from '../system/duration.ts';

/** A whole number within both bounds. */
export const wholeNumber =
  (least: number, most: number) =>
  (text: string): number => {
    const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= least && value <= most)) {
      throw new InvalidArgumentError(
        `Expected a whole number from ${least.toLocaleString('en-US')} to ${most.toLocaleString('en-US')}.`,
      );
    }
    return value;
  };

export function rate(text: string): Rate {
  if (text === 'max') return 'max';
  const value = /^\d{1,7}$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > 1_000_000) throw new InvalidArgumentError('Expected probes per second from 1 to 1,000,000, or max.');
  return value;
}

/** A duration as the daemon takes it: checked here, passed on as written. */
export function durationText(text: string): string {
  const value = parseDuration(text);
  if (!value.ok) throw new InvalidArgumentError(`Expected a whole number and a unit, like 90s, 10m, 72h or 14d.`);
  return text;
}

/** In ms, 0 .. `mostMs`. */
export const durationMs =
  (mostMs: number) =>
  (text: string): number => {
    const value = parseDuration(text);
    if (!value.ok || value.value > mostMs) {
      throw new InvalidArgumentError(`Expected a duration of at most ${formatDuration(mostMs)}, like 700ms or 2s.`);
    }
    return value.value;
  };

/** 0 .. 1 */
export function share(text: string): number {
  const value = /^\d(?:\.\d{1,9})?$/.test(text) ? Number(text) : Number.NaN;
  if (!(value <= 1)) throw new InvalidArgumentError('Expected a share from 0 to 1, like 0.95.');
  return value;
}

/** Some of these names, separated by commas; as written. */
export const names =
  (known: readonly string[]) =>
  (text: string): string => {
    const unknown = text.split(',').find((name) => !known.includes(name));
    if (unknown !== undefined) throw new InvalidArgumentError(`Expected some of ${known.join(', ')}, separated by commas.`);
    return text;
  };

/** Probes per second where none is asked for: the same as a segment's in the configuration. */
export const DEFAULT_RATE = 500;
