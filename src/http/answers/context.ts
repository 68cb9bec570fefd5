/** What every answer is made from, at one moment. */
import type { Criteria } from '../../core/evidence/criteria.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { Watch } from '../../watch/watch.ts';
import type { Judge } from './evidence.ts';

export interface AnswerContext {
  readonly watch: Watch;
  readonly ledger: Ledger;
  readonly judge: Judge;
  /** As configured. */
  readonly criteria: Criteria;
  /** Read once for each answer. */
  readonly nowMs: number;
}
