/**
 * Durations as people write them: a whole number and one unit, `500ms 90s 10m 72h 14d`. Never guesses a missing unit.
 */
import { err, ok, type Result } from '../core/result.ts';

const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
type Unit = keyof typeof UNIT_MS;

/** For JSON Schema and OpenAPI: the same rule as `parseDuration`, without its bounds. */
export const DURATION_PATTERN = '^[0-9]{1,15}(ms|s|m|h|d)$';
const WRITTEN = new RegExp(DURATION_PATTERN);

/** @returns milliseconds, a whole number of 0 .. 2^53-1. */
export function parseDuration(text: string): Result<number> {
  const problem = `"${text}" is not a duration (expected a whole number and a unit, like 500ms, 90s, 10m, 72h or 14d)`;
  const unit = WRITTEN.exec(text)?.[1];
  if (unit === undefined) return err(problem);
  const value = Number(text.slice(0, -unit.length)) * UNIT_MS[unit as Unit];
  return Number.isSafeInteger(value) ? ok(value) : err(problem);
}

/** The largest unit that divides it; days only from a week on, since people write 72h and not 3d. */
export function formatDuration(ms: number): string {
  const whole = Math.round(ms);
  if (whole === 0) return '0s';
  if (whole % UNIT_MS.d === 0 && whole >= 7 * UNIT_MS.d) return `${whole / UNIT_MS.d}d`;
  for (const unit of ['h', 'm', 's'] as const) if (whole % UNIT_MS[unit] === 0) return `${whole / UNIT_MS[unit]}${unit}`;
  return `${whole}ms`;
}
