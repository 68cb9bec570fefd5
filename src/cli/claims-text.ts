/** The answer of `freehold claims`, for people: a table in 80 to 100 columns, and below it what each rests on. Pure. */
import type { ClaimState } from '../core/claim/types.ts';
import { printable } from '../core/text.ts';
import type { ClaimJson, ClaimProofJson, ClaimsAnswer } from '../http/claim-service.ts';
import type { Colors } from './output.ts';
import { table } from './table.ts';
import { count, cut, duration, moment, percent, span } from './words.ts';

const NAME = 32;
const RANGES_SHOWN = 4;
/** A push takes a minute or two. */
const LONGEST_PUSH_MS = 10 * 60_000;

export function claimsText({ claims, generatedAt, next }: ClaimsAnswer, colors: Colors, state?: ClaimState): string {
  if (claims.length === 0) return state === undefined ? 'No claim has been made.' : `No claim is ${state}.`;
  const rows = claims.map((claim) => [
    String(claim.id),
    moment(claim.startedAt),
    cut(printable(claim.by, 128), NAME),
    cut(printable(claim.pool, 253), NAME),
    rangesOf(claim),
    stateWord(claim, generatedAt, colors),
  ]);
  const parts = [
    table(['id', 'when', 'who', 'pool', 'ranges', 'state'], rows, colors),
    claims.flatMap((claim) => remarks(claim, generatedAt)).join('\n'),
  ];
  if (next !== null) parts.push('There is more than is shown here: ask for it with --limit.');
  return parts.join('\n\n');
}

const rangesOf = ({ ranges }: ClaimJson): string =>
  [
    ...ranges.slice(0, RANGES_SHOWN).map(({ start, end }) => span(printable(start, 15), printable(end, 15))),
    ...(ranges.length > RANGES_SHOWN ? [`and ${ranges.length - RANGES_SHOWN} more`] : []),
  ].join('\n');

/** Nobody ends a claim whose maker was killed. */
const isStuck = ({ state, startedAt }: ClaimJson, now: string): boolean =>
  state === 'pushing' && Date.parse(now) - Date.parse(startedAt) > LONGEST_PUSH_MS;

function stateWord(claim: ClaimJson, now: string, colors: Colors): string {
  switch (claim.state) {
    case 'complete':
      return colors.green('complete');
    case 'failed':
      return colors.red('failed');
    case 'unknown':
      return colors.yellow('unknown');
    case 'pushing':
      return isStuck(claim, now) ? colors.yellow('never ended') : colors.cyan('pushing');
    default:
      return printable(String(claim.state satisfies never), 16);
  }
}

function remarks(claim: ClaimJson, now: string): readonly string[] {
  const { id, outcome, proof, overridden } = claim;
  const why = overridden === null ? [] : [`overridden: ${printable(overridden, 500)}`];
  const rests = proof === null ? [] : [proofWords(proof)];
  const said = printable(outcome, 1000);
  const lines = [
    ...why,
    ...rests,
    ...(said === '' ? [] : [said]),
    ...(isStuck(claim, now)
      ? [
          `Whoever made it was killed: whether the pool is in the cluster, kubectl -n ${printable(claim.namespace, 63)} get ipaddresspools tells.`,
        ]
      : []),
  ];
  return lines.map((line) => `${id}: ${line}`);
}

function proofWords(proof: ClaimProofJson): string {
  // Where all of it was in the pool before there was nothing to prove; an overridden claim may have proven nothing at all.
  const unproven = proof.since === null && proof.looks === 0;
  const history = [
    `quiet for ${duration(proof.quietForSeconds)} in ${count(proof.looks, 'look')}`,
    `${percent(proof.coverage)} of the time covered`,
    `longest gap ${duration(proof.longestGapSeconds)}`,
  ];
  const parts = [
    ...(unproven ? ['no proof by its history'] : history),
    `${count(proof.probesSent, 'RFC 5227 probe')} until ${moment(proof.verifiedAt)}`,
    ...(proof.methods.length === 1 && proof.methods[0] === 'icmp' ? ['ICMP only'] : []),
    ...(proof.kept === 0 ? [] : [`${count(proof.kept, 'address', 'addresses')} in the pool before`]),
    ...(proof.weakerThanConfigured ? ['by criteria weaker than configured'] : []),
  ];
  return parts.join(', ');
}
