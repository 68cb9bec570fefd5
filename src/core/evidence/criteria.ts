/**
 * What must hold before an address is called free. All times in milliseconds.
 */
export interface Criteria {
  /** W: no sighting of any kind for this long. 5 s .. 400 d. */
  readonly quietForMs: number;
  /** n: looks within the window W, at least. 1 .. 10,000,000. */
  readonly minSweeps: number;
  /** g: a look vouches for this long after it; the newest look must be younger. 1 s .. 7 d. */
  readonly maxGapMs: number;
  /** c: the share of W that lies within g after a look. 0 .. 1. */
  readonly minCoverage: number;
}

export const DEFAULT_CRITERIA: Criteria = {
  quietForMs: 72 * 3_600_000,
  minSweeps: 100,
  maxGapMs: 15 * 60_000,
  minCoverage: 0.95,
};

/** Whether `asked` would accept something that `configured` would not. */
export const isWeaker = (asked: Criteria, configured: Criteria): boolean =>
  asked.quietForMs < configured.quietForMs ||
  asked.minSweeps < configured.minSweeps ||
  asked.maxGapMs > configured.maxGapMs ||
  asked.minCoverage < configured.minCoverage;
