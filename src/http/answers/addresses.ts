/** Answers "what is known of the addresses of a segment", a page at a time, and "what is known of this one". */
import { formatIpv4, type Ipv4 } from '../../core/address/ipv4.ts';
import { contains } from '../../core/address/range.ts';
import { FreeholdError } from '../../core/error.ts';
import type { Criteria } from '../../core/evidence/criteria.ts';
import type { VerdictKind, VerdictSpan } from '../../core/evidence/proof.ts';
import { verdictCounts } from '../../core/range/verdict-counts.ts';
import type { Occupancy } from '../../ledger/types.ts';
import { vendorOf } from '../../system/vendors.ts';
import type { AddressAnswer, AddressesAnswer, AddressesQuery, AddressRow } from '../service.ts';
import type { AnswerContext } from './context.ts';
import { outagesOf } from './evidence.ts';
import { criteriaJson, occupancyJson, outageJson, proofJson, time, timeOrNull } from './json.ts';

const HISTORY_ROWS = 100;

/** With no verdict asked for, addresses of which nothing is known but silence are left out: they are in /free-ranges. */
const QUIET: ReadonlySet<VerdictKind> = new Set(['free', 'unproven']);

export function answerAddresses(
  { watch, ledger, judge, criteria, nowMs }: AnswerContext,
  query: AddressesQuery,
): AddressesAnswer {
  const segment = watch.named(query.segment);
  const judged = judge.segment(segment, criteria, {}, nowMs);
  const occupants = groupByAddress(ledger.occupants(segment.row.id, { sinceMs: nowMs - judged.criteria.quietForMs }));
  const rows: AddressRow[] = [];
  let next: string | null = null;
  for (const [address, span] of wanted(judged.spans, query)) {
    if (rows.length === query.limit) {
      next = rows.at(-1)?.address ?? null;
      break;
    }
    rows.push(addressRow(address, span, occupants.get(address) ?? []));
  }
  return {
    segment: segment.row.name,
    generatedAt: time(judged.nowMs),
    addresses: rows,
    counts: verdictCounts(judged.spans),
    next,
  };
}

function* wanted(spans: readonly VerdictSpan[], query: AddressesQuery): Generator<[Ipv4, VerdictSpan]> {
  const after = query.after ?? -1;
  for (const span of spans) {
    if (span.last <= after) continue;
    const asked =
      query.verdict === undefined
        ? !QUIET.has(span.verdict.kind) || span.proof.lastSeenMs !== null
        : span.verdict.kind === query.verdict;
    if (!asked) continue;
    for (let address: number = Math.max(span.first, after + 1); address <= span.last; address++) yield [address as Ipv4, span];
  }
}

function addressRow(address: Ipv4, span: VerdictSpan, occupants: readonly Occupancy[]): AddressRow {
  const used = occupants.filter(({ intent }) => !intent);
  const shown = used.length > 0 ? used : occupants;
  const macs = [...new Set(shown.flatMap(({ mac }) => (mac === null ? [] : [mac])))];
  const first = macs[0];
  return {
    address: formatIpv4(address),
    verdict: span.verdict.kind,
    reason: span.verdict.reasons[0]?.text ?? '',
    macs,
    vendor: first === undefined ? null : vendorOf(first),
    hostname: occupants.find(({ hostname }) => hostname !== null)?.hostname ?? null,
    lastSeenAt: timeOrNull(span.proof.lastSeenMs),
  };
}

function groupByAddress(rows: readonly Occupancy[]): Map<Ipv4, Occupancy[]> {
  const groups = new Map<Ipv4, Occupancy[]>();
  for (const row of rows) {
    const group = groups.get(row.address);
    if (group === undefined) groups.set(row.address, [row]);
    else group.push(row);
  }
  return groups;
}

export function answerAddress(
  { watch, ledger, judge, criteria, nowMs }: AnswerContext,
  address: Ipv4,
  asked: Partial<Criteria>,
): AddressAnswer {
  const segment = watch.holding({ first: address, last: address });
  const judged = judge.segment(segment, criteria, asked, nowMs);
  const span = judged.spans.find((candidate) => contains(candidate, address));
  if (span === undefined) throw new FreeholdError('address-not-watched', `${formatIpv4(address)} is not in a watched segment`);
  const lease = judged.facts.leases.find((candidate) => candidate.address === address);
  return {
    address: formatIpv4(address),
    segment: segment.row.name,
    generatedAt: time(judged.nowMs),
    verdict: span.verdict.kind,
    use: span.verdict.use,
    reasons: span.verdict.reasons,
    proof: proofJson(span.proof),
    criteria: criteriaJson(judged.criteria),
    lease: lease === undefined ? null : { mac: lease.mac, hostname: lease.hostname, endsAt: timeOrNull(lease.endsMs) },
    history: ledger.history(segment.row.id, address, HISTORY_ROWS).map(occupancyJson),
    outages: outagesOf(segment, ledger, judged).map(outageJson),
  };
}
