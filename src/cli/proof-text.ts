/**
 * Proofs, withheld ranges, outages and notices in words: shared by `free`, `verify` and `history`. Pure. Text that came from the
 * daemon may hold text from the network, and passes printable() here.
 */

import { printable } from '../core/text.ts';
import type { CriteriaJson, DhcpSpans, FreeRangesAnswer, OutageJson, ProofJson } from '../http/service.ts';
import type { Colors } from './output.ts';
import { table } from './table.ts';
import { count, duration, moment, percent, span, verdictWord } from './words.ts';

const SENTENCE = 240;

/** Quiet time starts at the last sighting, or at the first look where there never was one. */
const quietSince = ({ since, lastSeenAt }: ProofJson): string =>
  lastSeenAt === null ? `never seen, first looked at ${moment(since)}` : `last seen ${moment(lastSeenAt)}`;

/** Two lines: how long and since when it is quiet; how well that was watched. @param now RFC 3339: when the answer was made */
export function proofLines(proof: ProofJson, now: string): readonly [string, string] {
  const quiet = proof.since === null ? 'never looked at' : `quiet for ${duration(proof.quietForSeconds)}: ${quietSince(proof)}`;
  const newest =
    proof.newestLookAt === null
      ? 'no look yet'
      : `newest look ${duration(Math.max(0, (Date.parse(now) - Date.parse(proof.newestLookAt)) / 1000))} ago`;
  const watched = [
    count(proof.looks, 'look'),
    `${percent(proof.coverage)} of the time covered`,
    `longest gap ${duration(proof.longestGapSeconds)}`,
    newest,
    ...(proof.methods.length === 1 && proof.methods[0] === 'icmp' ? ['ICMP only'] : []),
  ];
  return [quiet, watched.join(', ')];
}

export function criteriaSentence(
  criteria: CriteriaJson & { readonly dhcpSpans?: DhcpSpans },
  weaker: boolean,
  colors: Colors,
): string {
  const asked =
    `Free means: quiet for ${duration(criteria.quietForSeconds)}, at least ${count(criteria.minSweeps, 'look')} in that time, ` +
    `${percent(criteria.minCoverage)} of it covered, a look being good for ${duration(criteria.maxGapSeconds)}.${criteria.dhcpSpans === 'ignore' ? ' What DHCP servers hand out is not kept clear of.' : ''}`;
  return weaker ? `${asked}\n${colors.yellow('These criteria are weaker than the ones in the configuration.')}` : asked;
}

export function withheldTable(withheld: FreeRangesAnswer['withheld'], colors: Colors): string {
  const rows = withheld.map(({ start, end, size, verdict, reason }) => [
    span(start, end),
    size.toLocaleString('en-US'),
    verdictWord(verdict, colors),
    printable(reason, SENTENCE),
  ]);
  return `Not offered, and why:\n${table(['range', 'size', 'verdict', 'reason'], rows, colors)}`;
}

export function outagesTable(outages: readonly OutageJson[], colors: Colors): string {
  const rows = outages.map(({ from, until, reason, sweeps }) => [
    moment(from),
    moment(until),
    duration(Math.max(0, (Date.parse(until) - Date.parse(from)) / 1000)),
    printable(reason, 64) + (sweeps === 0 ? '' : ` (${count(sweeps, 'invalid sweep')})`),
  ]);
  return `Time without a valid look:\n${table(['from', 'until', 'for', 'reason'], rows, colors)}`;
}

export const noticeLines = (notices: readonly string[], colors: Colors): readonly string[] =>
  notices.map((notice) => `${colors.yellow('Note:')} ${printable(notice, SENTENCE)}`);
