/**
 * Whether criteria make sense, field by field, with the bounds that criteria.ts names. Changes nothing: what is out of bounds is
 * refused with words, never moved silently to a bound.
 */
import { err, ok, type Result } from '../result.ts';
import type { Criteria } from './criteria.ts';
import { formatDuration } from './duration-text.ts';

export interface CriteriaProblem {
  readonly field: keyof Criteria;
  /** What is expected and what came, without the field's name. */
  readonly message: string;
}

const DAY = 86_400_000;

/** Inclusive bounds; durations in ms. */
export const CRITERIA_BOUNDS: Readonly<Record<keyof Criteria, { readonly min: number; readonly max: number }>> = {
  quietForMs: { min: 5_000, max: 400 * DAY },
  minSweeps: { min: 1, max: 10_000_000 },
  maxGapMs: { min: 1_000, max: 7 * DAY },
  minCoverage: { min: 0, max: 1 },
};

const within = (field: keyof Criteria, value: number): boolean =>
  Number.isFinite(value) && value >= CRITERIA_BOUNDS[field].min && value <= CRITERIA_BOUNDS[field].max;

function durationProblem(field: 'quietForMs' | 'maxGapMs', value: number): CriteriaProblem[] {
  if (within(field, value)) return [];
  const { min, max } = CRITERIA_BOUNDS[field];
  const got = Number.isFinite(value) && value >= 0 ? formatDuration(value) : String(value);
  return [{ field, message: `expected a duration of ${formatDuration(min)} to ${formatDuration(max)}, got ${got}` }];
}

/** The same criteria, or all that is wrong with them at once. */
export function checkCriteria(criteria: Criteria): Result<Criteria, readonly CriteriaProblem[]> {
  const { minSweeps, minCoverage } = criteria;
  const problems: CriteriaProblem[] = [
    ...durationProblem('quietForMs', criteria.quietForMs),
    ...durationProblem('maxGapMs', criteria.maxGapMs),
  ];
  if (!within('minSweeps', minSweeps) || !Number.isInteger(minSweeps)) {
    problems.push({ field: 'minSweeps', message: `expected a whole number of 1 to 10000000, got ${minSweeps}` });
  }
  if (!within('minCoverage', minCoverage)) {
    problems.push({ field: 'minCoverage', message: `expected a share of 0 to 1, got ${minCoverage}` });
  }
  return problems.length === 0 ? ok(criteria) : err(problems);
}
