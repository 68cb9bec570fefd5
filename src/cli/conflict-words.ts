/**
 * Conflicts in the words and colours that people read. Pure. Everything that the daemon says passes printable() here: it may hold
 * what strangers on the network wrote.
 */
import type { Severity } from '../core/conflict/types.ts';
import { printable } from '../core/text.ts';
import type { ConflictJson } from '../http/guard-service.ts';
import type { Colors } from './output.ts';
import { vendorLabelOf } from './vendors.ts';

/** Of names: of pools, devices, people. */
export const NAME = 32;
/** Of sentences. */
export const SENTENCE = 600;

export function bySeverity(severity: Severity, text: string, colors: Colors): string {
  switch (severity) {
    case 'critical':
      return colors.red(text);
    case 'warning':
      return colors.yellow(text);
    case 'notice':
      return colors.cyan(text);
    default:
      // A newer daemon may know more.
      return String(severity satisfies never) === '' ? text : colors.bold(text);
  }
}

/** `02:00:00:00:00:05 (random or virtual), printer`; `-` where nobody is known. */
export function whoWords(mac: string | null, vendor: string | null, hostname: string | null): string {
  const maker = mac === null ? null : vendorLabelOf(mac, vendor);
  const name = hostname === null || printable(hostname, NAME) === '' ? null : printable(hostname, NAME);
  if (mac === null) return name ?? '-';
  const parts = [printable(mac, NAME), ...(maker === null ? [] : [maker.startsWith('(') ? maker : `(${maker})`])].join(' ');
  return name === null ? parts : `${parts}, ${name}`;
}

/** `2 conflicts are open: 1 squatter, 1 imminent.` */
export function openSentence(open: number, byKind: Readonly<Record<string, number>>): string {
  if (open === 0) return 'No conflict is open.';
  const kinds = Object.entries(byKind).flatMap(([kind, figure]) =>
    figure > 0 ? [`${figure.toLocaleString('en-US')} ${printable(kind, NAME)}`] : [],
  );
  return `${open.toLocaleString('en-US')} ${open === 1 ? 'conflict is' : 'conflicts are'} open: ${kinds.join(', ')}.`;
}

export const sentenceOf = (conflict: ConflictJson): string => printable(conflict.summary, SENTENCE);
