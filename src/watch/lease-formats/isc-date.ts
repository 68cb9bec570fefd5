/**
 * The dates of ISC dhcpd's lease file, in UTC: `WEEKDAY YYYY/MM/DD HH:MM:SS`, `epoch SECONDS` (db-time-format local), `never`.
 */

/** @returns epoch ms, Infinity for never; null for what is no date. */
export function iscDate(words: readonly string[]): number | null {
  const [first = '', second = '', third = ''] = words;
  if (first === 'never') return words.length === 1 ? Number.POSITIVE_INFINITY : null;
  if (first === 'epoch') return words.length === 2 && /^\d{1,12}$/.test(second) ? Number(second) * 1000 : null;
  // The day of the week is for people.
  if (words.length !== 3 || !/^[0-6]$/.test(first)) return null;
  const day = /^(\d{4,6})\/(\d{1,2})\/(\d{1,2})$/.exec(second);
  const time = /^(\d{1,2}):(\d{1,2}):(\d{1,2})$/.exec(third);
  if (day === null || time === null) return null;
  const [year, month, date] = [Number(day[1]), Number(day[2]), Number(day[3])];
  const [hours, minutes, seconds] = [Number(time[1]), Number(time[2]), Number(time[3])];
  const fits = month >= 1 && month <= 12 && date >= 1 && date <= 31 && hours <= 23 && minutes <= 59 && seconds <= 60;
  const ms = Date.UTC(year, month - 1, date, hours, minutes, seconds);
  return fits && year >= 1970 && Number.isFinite(ms) ? ms : null;
}
