/**
 * The answer of `freehold free`, for people. Pure.
 */

import { printable } from '../core/text.ts';
import type { FreeRangesAnswer } from '../http/service.ts';
import type { Colors } from './output.ts';
import { criteriaSentence, noticeLines, outagesTable, proofLines, withheldTable } from './proof-text.ts';
import { table } from './table.ts';
import { count, moment, span } from './words.ts';

function rangesTable(answer: FreeRangesAnswer, colors: Colors): string {
  const rows = answer.ranges.map(({ start, end, size, proof }) => [
    colors.green(span(start, end)),
    size.toLocaleString('en-US'),
    proofLines(proof, answer.generatedAt).join('\n'),
  ]);
  return table(['free range', 'size', 'proof (the weakest in the range)'], rows, colors);
}

function headline(answer: FreeRangesAnswer): string {
  const { size, alignment } = answer.criteria;
  const asked = [
    ...(size > 1 ? [`of at least ${count(size, 'address', 'addresses')}`] : []),
    ...(alignment === 'cidr' ? ['that are whole CIDR blocks'] : []),
  ].join(' ');
  const found = answer.ranges.length === 0 ? 'no free range' : count(answer.ranges.length, 'free range');
  const all = `${count(answer.freeAddresses, 'address is', 'addresses are')} proven free in all`;
  return `Segment ${printable(answer.segment, 64)} at ${moment(answer.generatedAt)}: ${found}${asked === '' ? '' : ` ${asked}`}; ${all}.`;
}

export function freeText(answer: FreeRangesAnswer, colors: Colors): string {
  const parts = [`${headline(answer)}\n${criteriaSentence(answer.criteria, answer.criteria.weakerThanConfigured, colors)}`];
  if (answer.ranges.length > 0) parts.push(rangesTable(answer, colors));
  if (answer.withheld.length > 0) parts.push(withheldTable(answer.withheld, colors));
  if (answer.truncated) parts.push('There is more than is shown here: ask for it with --limit.');
  if (answer.outages.length > 0) parts.push(outagesTable(answer.outages, colors));
  const notices = noticeLines(answer.notices, colors);
  if (notices.length > 0) parts.push(notices.join('\n'));
  return parts.join('\n\n');
}
