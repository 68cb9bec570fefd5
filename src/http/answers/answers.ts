/**
 * The questions of service.ts, answered from the watch and the ledger. Reads the clock once for each question.
 */
import { type Ipv4Range, overlaps } from '../../core/address/range.ts';
import { FreeholdError } from '../../core/error.ts';
import type { Criteria } from '../../core/evidence/criteria.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { Clock } from '../../system/clock.ts';
import type { Recorder } from '../../watch/recorder.ts';
import type { Watch } from '../../watch/watch.ts';
import type { GuardService } from '../guard-service.ts';
import type { FreeholdService } from '../service.ts';
import { answerAddress, answerAddresses } from './addresses.ts';
import { claimSentence, createClaims } from './claims.ts';
import type { AnswerContext } from './context.ts';
import { Judge } from './evidence.ts';
import { answerFreeRanges } from './free-ranges.ts';
import { sweepJson } from './json.ts';
import { answerReadiness, answerSegments, answerSweeps } from './segments.ts';
import { answerVerify } from './verify.ts';
import type { WithheldBySources } from './withheld-by.ts';

export interface AnswersOptions extends WithheldBySources {
  readonly watch: Watch;
  readonly ledger: Ledger;
  readonly recorder: Recorder;
  readonly clock: Clock;
  /** As configured now: a reload may change it. */
  readonly criteria: () => Criteria;
  /** guard-answers.ts makes it. */
  readonly guard: GuardService;
  /** Loops of the daemon that do not move. Default: none. */
  readonly stuck?: () => readonly string[];
}

export function createAnswers(options: AnswersOptions): FreeholdService {
  const { watch, ledger, recorder, clock, criteria, guard } = options;
  const judge = new Judge(ledger, options);
  const context = (): AnswerContext => ({ watch, ledger, judge, criteria: criteria(), nowMs: clock.nowMs() });
  /** What was just heard counts too; and where it cannot be stored, nothing is called free. */
  const upToDate = (): void => {
    recorder.flush();
    if (recorder.healthy) return;
    throw new FreeholdError('ledger-not-writable', 'the ledger refuses to be written, so what was heard lately is not in it', {
      hint: 'nothing can be called free before it can be written again; see /readyz and the log',
    });
  };
  const claims = createClaims({
    store: ledger.claims,
    now: () => clock.nowMs(),
    onChange: (claim) => {
      const segment = segmentHolding(watch, claim.ranges[0]);
      guard.events.publish({ type: 'notice', segment, code: 'claim', text: claimSentence(claim) }, clock.nowMs());
    },
  });
  return {
    guard,
    claims,
    freeRanges: (query) => {
      upToDate();
      return answerFreeRanges(context(), query);
    },
    addresses: (query) => {
      upToDate();
      return answerAddresses(context(), query);
    },
    address: (address, asked) => {
      upToDate();
      return answerAddress(context(), address, asked);
    },
    segments: () => answerSegments(context()),
    sweeps: (query) => answerSweeps(context(), query),
    async sweepNow(name, wait) {
      const segment = watch.named(name);
      const sweep = segment.watch.sweep('request');
      if (sweep === null || !wait) return null;
      return sweepJson(await sweep, null, segment.row.name);
    },
    verify: (query) =>
      answerVerify({ watch, ledger, recorder, judge, criteria: criteria(), now: () => clock.nowMs(), upToDate }, query),
    readiness: () => answerReadiness(context(), recorder.healthy, options.stuck?.() ?? []),
  };
}

/** Its name; empty where no segment holds it. */
function segmentHolding(watch: Watch, range: Ipv4Range | undefined): string {
  const holder = watch
    .all()
    .find(({ watch: { place } }) => place !== null && range !== undefined && overlaps(place.range, range));
  return holder?.watch.config.name ?? '';
}
