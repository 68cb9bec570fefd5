/**
 * The answer of `freehold history`, for people. Pure.
 */

import { printable } from '../core/text.ts';
import type { AddressAnswer, OccupancyJson } from '../http/service.ts';
import type { Colors } from './output.ts';
import { criteriaSentence, outagesTable, proofLines } from './proof-text.ts';
import { table } from './table.ts';
import { vendorLabelOf } from './vendors.ts';
import { duration, moment, verdictWord } from './words.ts';

const occupancyRow = (occupancy: OccupancyJson, colors: Colors): readonly string[] => [
  moment(occupancy.firstSeenAt),
  moment(occupancy.lastSeenAt),
  duration(Math.max(0, (Date.parse(occupancy.lastSeenAt) - Date.parse(occupancy.firstSeenAt)) / 1000)),
  occupancy.mac ?? '-',
  occupancy.mac === null ? '-' : vendorLabelOf(occupancy.mac, occupancy.vendor),
  occupancy.hostname === null ? '-' : printable(occupancy.hostname, 32),
  occupancy.intent ? colors.yellow('intent') : colors.red('use'),
  occupancy.sources.join(', '),
];

function leaseLine(lease: NonNullable<AddressAnswer['lease']>): string {
  const who = [
    ...(lease.mac === null ? [] : [`to ${lease.mac}`]),
    ...(lease.hostname === null ? [] : [`(${printable(lease.hostname, 32)})`]),
  ];
  return `Leased ${[...who, lease.endsAt === null ? 'without end' : `until ${moment(lease.endsAt)}`].join(' ')}.`;
}

export function historyText(answer: AddressAnswer, colors: Colors): string {
  const reasons = answer.reasons.map((reason) => `  ${printable(reason.text, 240)}`);
  const [quiet, watched] = proofLines(answer.proof, answer.generatedAt);
  const parts = [
    `${answer.address} (segment ${printable(answer.segment, 64)}) at ${moment(answer.generatedAt)}: ${verdictWord(answer.verdict, colors)}\n${reasons.join('\n')}`,
    `Proof:\n  ${quiet}\n  ${watched}\n${criteriaSentence(answer.criteria, false, colors)}`,
  ];
  if (answer.lease !== null) parts.push(leaseLine(answer.lease));
  const rows = answer.history.map((occupancy) => occupancyRow(occupancy, colors));
  parts.push(
    rows.length === 0
      ? 'Nobody was ever seen at this address.'
      : `Who was there, newest first:\n${table(['first seen', 'last seen', 'for', 'mac', 'vendor', 'name', 'as', 'heard by'], rows, colors)}`,
  );
  if (answer.outages.length > 0) parts.push(outagesTable(answer.outages, colors));
  return parts.join('\n\n');
}
