import { describe, expect, it } from 'vitest';
import { checkCriteria } from '../../../src/core/evidence/check-criteria.ts';
import { type Criteria, DEFAULT_CRITERIA } from '../../../src/core/evidence/criteria.ts';

const DAY = 86_400_000;

describe('criteria', () => {
  it.each<Partial<Criteria>>([
    {},
    { quietForMs: 5_000, minSweeps: 1, maxGapMs: 1_000, minCoverage: 0 },
    { quietForMs: 400 * DAY, minSweeps: 10_000_000, maxGapMs: 7 * DAY, minCoverage: 1 },
  ])('within the bounds are taken as they are: %j', (some) => {
    const criteria = { ...DEFAULT_CRITERIA, ...some };
    expect(checkCriteria(criteria)).toEqual({ ok: true, value: criteria });
  });

  it.each<[Partial<Criteria>, string]>([
    [{ quietForMs: 4_999 }, 'expected a duration of 5 s to 400 d, got 4 s'],
    [{ quietForMs: 400 * DAY + 1 }, 'expected a duration of 5 s to 400 d, got 400 d'],
    [{ quietForMs: Number.NaN }, 'expected a duration of 5 s to 400 d, got NaN'],
    [{ quietForMs: -1 }, 'expected a duration of 5 s to 400 d, got -1'],
    [{ maxGapMs: 999 }, 'expected a duration of 1 s to 7 d, got 999 ms'],
    [{ maxGapMs: Number.POSITIVE_INFINITY }, 'expected a duration of 1 s to 7 d, got Infinity'],
    [{ minSweeps: 0 }, 'expected a whole number of 1 to 10000000, got 0'],
    [{ minSweeps: 1.5 }, 'expected a whole number of 1 to 10000000, got 1.5'],
    [{ minSweeps: 10_000_001 }, 'expected a whole number of 1 to 10000000, got 10000001'],
    [{ minCoverage: 1.01 }, 'expected a share of 0 to 1, got 1.01'],
    [{ minCoverage: -0.1 }, 'expected a share of 0 to 1, got -0.1'],
  ])('%j is refused by name', (some, message) => {
    expect(checkCriteria({ ...DEFAULT_CRITERIA, ...some })).toEqual({
      ok: false,
      error: [{ field: Object.keys(some)[0], message }],
    });
  });

  it('are refused all at once', () => {
    const checked = checkCriteria({ quietForMs: 0, minSweeps: 0, maxGapMs: 0, minCoverage: 2 });
    expect(checked.ok ? [] : checked.error.map(({ field }) => field)).toEqual([
      'quietForMs',
      'maxGapMs',
      'minSweeps',
      'minCoverage',
    ]);
  });
});
