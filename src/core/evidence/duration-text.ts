/**
 * Durations as people read them: `40 s`, `15 min`, `1 h 30 min`, `72 h`, `14 d`. At most two units, always cut and never rounded up:
 * 71 h 59 min 59 s must not read as the 72 h that it misses. Parses nothing.
 */

const SECOND = 1_000;
const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 86_400_000;
/** Up to and including this, hours are not turned into days: `72 h` is what people write. */
const HOURS_UP_TO = 72 * HOUR;

/** `ms` cut to what formatDuration prints of it, so that equal results print the same. @param ms 0 or more */
export function printedPart(ms: number): number {
  if (!(ms > 0) || !Number.isFinite(ms)) return ms > 0 ? ms : 0;
  if (ms < SECOND) return Math.floor(ms);
  if (ms < HOUR) return ms - (ms % SECOND);
  return ms > HOURS_UP_TO ? ms - (ms % HOUR) : ms - (ms % MINUTE);
}

const pair = (ms: number, unit: number, name: string, part: number, partName: string): string => {
  const whole = Math.floor(ms / unit);
  const rest = Math.floor((ms % unit) / part);
  return rest === 0 ? `${whole} ${name}` : `${whole} ${name} ${rest} ${partName}`;
};

/** @param ms milliseconds; below 0 and NaN count as 0, Infinity is `unlimited time` */
export function formatDuration(ms: number): string {
  const length = printedPart(ms);
  if (length === Number.POSITIVE_INFINITY) return 'unlimited time';
  if (length === 0) return '0 s';
  if (length < SECOND) return `${length} ms`;
  if (length < MINUTE) return `${Math.floor(length / SECOND)} s`;
  if (length < HOUR) return pair(length, MINUTE, 'min', SECOND, 's');
  if (length <= HOURS_UP_TO) return pair(length, HOUR, 'h', MINUTE, 'min');
  return pair(length, DAY, 'd', HOUR, 'h');
}
