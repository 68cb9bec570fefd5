/**
 * Conflicts in the words and colours that people read. Pure. Everything that the daemon says passes printable() here: it may hold
 * what strangers on the network wrote.
 */
import type { Severity } from '../core/conflict/types.ts';
import { printable } from '../core/text.ts';
import type { ConflictJson, ConflictsAnswer } from '../http/guard-service.ts';
import type { Colors } from './output.ts';
import { LOCAL_MAC, vendorLabelOf } from './vendors.ts';
import { cut } from './words.ts';

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

/** Of a name in a narrow table. */
const SHORT_NAME = 14;

/** `02:00:00:00:00:05 printer`: the name that a device gives itself, or else its maker. */
export function shortWho(mac: string | null, vendor: string | null, hostname: string | null): string {
  const name = cut(printable(hostname ?? '', NAME), SHORT_NAME);
  if (mac === null) return name === '' ? '-' : name;
  const maker = vendorLabelOf(mac, vendor);
  const shortMaker = maker === LOCAL_MAC ? '(random)' : maker.startsWith('(') ? maker : `(${cut(maker, SHORT_NAME - 2)})`;
  return `${printable(mac, NAME)} ${name === '' ? shortMaker : name}`;
}

/** How it was heard, in a word for each way: `arp`, `probe`, `dhcp`, `lease`, `icmp`; as the sources of the daemon. */
export function heardWords(sources: readonly string[]): string {
  return [...new Set(sources.map(shortSource))].join(',');
}

function shortSource(source: string): string {
  if (source === 'arp-probe') return 'probe';
  if (source === 'neighbour') return 'kernel';
  if (source === 'lease-file') return 'lease';
  return printable(source.replace(/-.*$/s, ''), NAME);
}

/** What was asked for; nothing: all. */
export interface Asked {
  readonly segment?: string | undefined;
  readonly kind?: string | undefined;
}

const figure = (value: number): string => value.toLocaleString('en-US');

/** `2 conflicts are open: 1 squatter, 1 imminent.` Of what was asked for; and it says so where that is not all. */
export function openHeadline(answer: ConflictsAnswer, { segment, kind }: Asked = {}): string {
  const { open, openMatching } = answer;
  const isAll = segment === undefined && kind === undefined;
  const of = `${kind === undefined ? '' : ` of kind ${printable(kind, NAME)}`}${segment === undefined ? '' : ` on segment ${printable(segment, 64)}`}`;
  const others = isAll || open === openMatching ? '' : ` (in all: ${figure(open)})`;
  if (openMatching === 0) return `No conflict${of} is open${others}${but(answer)}.`;
  const kinds = Object.entries(answer.openByKind).flatMap(([name, many]) =>
    many > 0 ? [`${figure(many)} ${printable(name, NAME)}`] : [],
  );
  const what = `${figure(openMatching)} ${openMatching === 1 ? 'conflict' : 'conflicts'}${of} ${openMatching === 1 ? 'is' : 'are'} open`;
  return `${what}${isAll ? `: ${kinds.join(', ')}` : others}.`;
}

/** That nothing is known is no all-clear. */
function but({ notices, blind }: ConflictsAnswer): string {
  if (blind) return ', but nothing of it can be heard now: this is no all-clear';
  return notices.length > 0 ? ', but not everything is heard' : '';
}

export const sentenceOf = (conflict: ConflictJson): string => printable(conflict.summary, SENTENCE);
