/**
 * The answer of `freehold verify`, for people. Pure.
 */

import { printable } from '../core/text.ts';
import type { VerifyAnswer } from '../http/service.ts';
import { whoWords } from './conflict-words.ts';
import type { Colors } from './output.ts';
import { criteriaSentence, proofLines, withheldTable } from './proof-text.ts';
import { table } from './table.ts';
import { vendorLabelOf } from './vendors.ts';
import { count, duration, moment, span } from './words.ts';

const MAX_SCANNERS = 5;

/** Why the answer is no, in one sentence. */
function whyNot(answer: VerifyAnswer): string {
  if (answer.live.conflicts.length > 0) return 'somebody answered for an address of it just now';
  if (!answer.live.valid)
    return `the live probing was not valid (${printable(answer.live.invalidReason ?? 'no reason given', 64)})`;
  if (answer.live.heard.length > 0) return 'somebody was heard of an address of it just now';
  return 'its history does not prove it';
}

/** What was heard beside the answers to our own probes: mostly who asks a DHCP server for an address, or is given one. */
function heardTable({ heard, heardSince, heardTruncated, conflicts }: VerifyAnswer['live'], colors: Colors): string {
  const answered = new Set(conflicts.map(({ address, mac }) => `${address} ${mac}`));
  const rows = heard
    .filter(({ address, mac }) => !answered.has(`${address} ${mac}`))
    .map(({ address, mac, vendor, hostname, sources, intent, at }) => [
      address,
      whoWords(mac, vendor, hostname),
      colors.red(`${intent ? 'is about to use it' : 'uses it'} (${sources.map((source) => printable(source, 32)).join(', ')})`),
      moment(at),
    ]);
  if (rows.length === 0) return '';
  const more = heardTruncated ? '\nMore was heard than is shown here.' : '';
  return `Heard since ${moment(heardSince)}, beside the answers:\n${table(['address', 'who', 'how', 'last heard'], rows, colors)}${more}`;
}

function liveSentence(answer: VerifyAnswer): string {
  const { live } = answer;
  const probes = `${count(live.probesSent, 'RFC 5227 probe')} in ${duration(answer.durationMs / 1000)}`;
  if (!live.valid)
    return `Live: ${probes}, but the run is not valid (${printable(live.invalidReason ?? 'no reason given', 64)}): it proves nothing.`;
  return live.conflicts.length === 0 ? `Live: ${probes}, and nobody answered.` : `Live: ${probes}; somebody is there:`;
}

export function verifyText(answer: VerifyAnswer, colors: Colors): string {
  const { start, end, size } = answer.range;
  const where = `${span(start, end)} (${count(size, 'address', 'addresses')}, segment ${printable(answer.segment, 64)})`;
  const verdict = answer.free
    ? `${colors.bold(colors.green('FREE'))}: ${where}`
    : `${colors.bold(colors.red('NOT FREE'))}: ${where}: ${whyNot(answer)}.`;
  const conflicts = answer.live.conflicts.map(({ address, mac, vendor, kind }) => [
    address,
    printable(mac, 17),
    vendorLabelOf(mac, vendor),
    colors.red(kind === 'used' ? 'uses it' : 'is probing for it, to use it'),
  ]);
  const live = conflicts.length === 0 ? '' : `\n${table(['address', 'mac', 'vendor', 'who'], conflicts, colors)}`;
  const { scanners } = answer.live;
  const scanned =
    scanners.length === 0
      ? ''
      : `\n${count(scanners.length, 'scanner')} asked for many addresses meanwhile, which announces no use: ${scanners
          .slice(0, MAX_SCANNERS)
          .map((mac) => printable(mac, 17))
          .join(', ')}${scanners.length > MAX_SCANNERS ? ' …' : ''}.`;
  const finished = new Date(Date.parse(answer.startedAt) + answer.durationMs).toISOString();
  const [quiet, watched] = proofLines(answer.proof, finished);
  const heard = heardTable(answer.live, colors);
  const parts = [
    verdict,
    liveSentence(answer) + live + scanned,
    ...(heard === '' ? [] : [heard]),
    `History, the weakest proof in the range:\n  ${quiet}\n  ${watched}\n${criteriaSentence(answer.criteria, answer.criteria.weakerThanConfigured, colors)}`,
  ];
  if (answer.withheld.length > 0) parts.push(withheldTable(answer.withheld, colors));
  return parts.join('\n\n');
}
