/**
 * The answer of `freehold doctor`, for people, in 80 columns or what the terminal has: a line for each check, then what was skipped, the
 * warnings, and the failures, so that these stand last, above the summary. Pure.
 */
import type { CheckStatus } from '../../cluster/doctor/types.ts';
import { GROUPS } from '../../cluster/doctor/types.ts';
import type { Colors } from '../output.ts';
import { count, cut } from '../words.ts';
import type { DoctorDocument } from './document.ts';

type Line = DoctorDocument['checks'][number];

const NARROWEST = 60;
const WIDEST = 110;
const DEFAULT_WIDTH = 80;
const STATUS_WIDTH = 'skipped'.length;

/** @param columns of the terminal; undefined: there is none */
export function doctorText(document: DoctorDocument, colors: Colors, columns: number | undefined): string {
  const width = Math.min(Math.max(columns ?? DEFAULT_WIDTH, NARROWEST), WIDEST);
  const of = (status: CheckStatus): readonly Line[] => document.checks.filter((line) => line.status === status);
  const parts = [
    headline(document, width),
    ...GROUPS.flatMap((group) => groupLines(group, document.checks, width, colors)),
    ...skippedPart(of('skipped'), width, colors),
    document.notes.map((note) => wrap(note, width).map(colors.dim).join('\n')).join('\n'),
    ...of('warning').map((line) => details(line, width, colors)),
    ...of('failed').map((line) => details(line, width, colors)),
    summary(document, colors),
  ];
  return parts.join('\n\n');
}

function headline({ cluster, daemon, interfaces }: DoctorDocument, width: number): string {
  const parts = [
    cluster === null
      ? 'cluster: not read'
      : `cluster: Kubernetes ${cluster.version} at ${cluster.server}, MetalLB in ${cluster.namespace}`,
    `daemon: ${daemon ?? 'not read'}`,
    `wire: ${interfaces.length === 0 ? 'not asked' : interfaces.join(', ')}`,
  ];
  return parts.flatMap((part) => wrap(part, width, '  ')).join('\n');
}

function groupLines(group: string, all: readonly Line[], width: number, colors: Colors): readonly string[] {
  const lines = all.filter((line) => line.group === group);
  if (lines.length === 0) return [];
  const names = Math.max(...all.map(({ name }) => name.length));
  const room = width - STATUS_WIDTH - names - 6;
  const rows = lines.map(({ status, name, seen }) => {
    return `  ${statusWord(status, colors)}  ${name.padEnd(names)}  ${colors.dim(cut(seen, room))}`.trimEnd();
  });
  return [[colors.bold(group), ...rows].join('\n')];
}

function statusWord(status: CheckStatus, colors: Colors): string {
  const padded = status.padEnd(STATUS_WIDTH);
  switch (status) {
    case 'ok':
      return colors.green(padded);
    case 'warning':
      return colors.yellow(padded);
    case 'failed':
      return colors.bold(colors.red('FAILED'.padEnd(STATUS_WIDTH)));
    case 'skipped':
      return colors.cyan(padded);
  }
}

/** Checks that were skipped for one reason are told together. */
function skippedPart(lines: readonly Line[], width: number, colors: Colors): readonly string[] {
  if (lines.length === 0) return [];
  const byReason = new Map<string, Line[]>();
  for (const line of lines) {
    const key = `${line.seen}\n${line.fix}`;
    const same = byReason.get(key);
    if (same === undefined) byReason.set(key, [line]);
    else same.push(line);
  }
  const blocks = [...byReason.values()].map((same) => {
    const [first] = same;
    const names = wrap(same.map(({ name }) => name).join(', '), width - 2).map((text) => `  ${colors.cyan(text)}`);
    return [
      ...names,
      ...field('seen', first?.seen ?? '', width, colors),
      ...field('needs', first?.fix ?? '', width, colors),
    ].join('\n');
  });
  return [[colors.bold('Not looked at'), ...blocks].join('\n')];
}

function details(line: Line, width: number, colors: Colors): string {
  const { name, title, seen, why, fix, status } = line;
  const word = status === 'failed' ? colors.bold(colors.red('FAILED')) : colors.yellow('warning');
  return [
    `${word}  ${colors.bold(name)}`,
    ...field('want', title, width, colors),
    ...field('seen', seen, width, colors),
    ...field('why', why, width, colors),
    ...field('fix', fix, width, colors),
  ].join('\n');
}

const LABEL_WIDTH = 5;

function field(label: string, text: string, width: number, colors: Colors): readonly string[] {
  const indent = ' '.repeat(LABEL_WIDTH + 6);
  return wrap(text, width - indent.length).map((line, index) =>
    index === 0 ? `    ${colors.dim(label.padEnd(LABEL_WIDTH))}  ${line}` : `${indent}${line}`,
  );
}

function summary({ counts, checks }: DoctorDocument, colors: Colors): string {
  const { ok, warning, failed, skipped } = counts;
  const parts = [
    failed === 0 ? 'none failed' : colors.bold(colors.red(`${failed} FAILED`)),
    ...(warning === 0 ? [] : [colors.yellow(count(warning, 'warning'))]),
    colors.green(`${ok} ok`),
    ...(skipped === 0 ? [] : [colors.cyan(`${skipped} not looked at`)]),
  ];
  return `${count(checks.length, 'check')}: ${parts.join(', ')}.`;
}

/** Lines of at most `width` characters; a word that is longer stands on a line of its own. @param indent of all but the first */
export function wrap(text: string, width: number, indent = ''): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/).filter((one) => one !== '')) {
    const next = line === '' || line === indent ? `${line}${word}` : `${line} ${word}`;
    if (next.length <= width || line === '' || line === indent) {
      line = next;
      continue;
    }
    lines.push(line);
    line = `${indent}${word}`;
  }
  return line === '' ? lines : [...lines, line];
}
