/**
 * How many addresses have which verdict.
 */
import { sizeOf } from '../address/range.ts';
import type { VerdictKind, VerdictSpan } from '../evidence/proof.ts';

/** Every kind has its figure, also where it is 0. */
export function verdictCounts(spans: readonly VerdictSpan[]): Readonly<Record<VerdictKind, number>> {
  const counts: Record<VerdictKind, number> = { occupied: 0, 'recently-used': 0, leased: 0, reserved: 0, unproven: 0, free: 0 };
  for (const span of spans) counts[span.verdict.kind] += sizeOf(span);
  return counts;
}
