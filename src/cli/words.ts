/**
 * Figures in the words that people read: durations, times, counts, verdicts. Pure; never touches a stream.
 */
import type { VerdictKind } from '../core/evidence/proof.ts';
import { printable } from '../core/text.ts';
import type { Colors } from './output.ts';

const UNITS = [
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
  ['s', 1],
] as const;

/** `3 d 4 h`, `12 min`, `0.8 s`: the two largest units. @param seconds 0 or more */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return '?';
  if (seconds < 10) return `${Number(seconds.toFixed(1))} s`;
  let rest = Math.round(seconds);
  const parts: string[] = [];
  for (const [unit, length] of UNITS) {
    const count = Math.floor(rest / length);
    if (count > 0) parts.push(`${count} ${unit}`);
    // Nothing between the two: "3 d" is better than "3 d 5 s".
    else if (parts.length > 0) break;
    rest -= count * length;
    if (parts.length === 2) break;
  }
  return parts.join(' ');
}

/** `2026-05-01 10:20:30Z` from RFC 3339; "never" for null. */
export function moment(at: string | null): string {
  if (at === null) return 'never';
  const time = Date.parse(at);
  return Number.isNaN(time) ? printable(at, 32) : `${new Date(time).toISOString().slice(0, 19).replace('T', ' ')}Z`;
}

/** `10:20:30Z` where it is of the day of `now`, else its day, `2026-05-01`. Both RFC 3339. */
export function shortMoment(at: string, now: string): string {
  const whole = moment(at);
  if (!/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$/.test(whole)) return whole;
  return whole.slice(0, 10) === moment(now).slice(0, 10) ? whole.slice(11) : whole.slice(0, 10);
}

/** At most `most` characters, the last one "…" where something was left out. */
export const cut = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most - 1).trimEnd()}…` : text);

/** `1 address`, `12 addresses`. */
export const count = (figure: number, one: string, many = `${one}s`): string =>
  `${figure.toLocaleString('en-US')} ${figure === 1 ? one : many}`;

/** `99.8 %`, rounded down: never better than it is. @param share 0 .. 1 */
export const percent = (share: number): string => `${Math.floor(share * 1000 + 1e-9) / 10} %`;

/** `192.0.2.10-192.0.2.20`; one address is just itself. */
export const span = (start: string, end: string): string => (start === end ? start : `${start}-${end}`);

export function verdictWord(verdict: VerdictKind, colors: Colors): string {
  switch (verdict) {
    case 'free':
      return colors.green(verdict);
    case 'occupied':
      return colors.red(verdict);
    case 'recently-used':
    case 'leased':
    case 'reserved':
    case 'unproven':
      return colors.yellow(verdict);
    default:
      return printable(String(verdict satisfies never), 32);
  }
}
