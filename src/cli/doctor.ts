/**
 * `freehold doctor`: gathers what the checks look at, runs them, prints what they say. Reads only: of the cluster (and one dry run that
 * stores nothing), the daemon, this machine, and who answers ARP where an interface is named. Judges nothing itself.
 */
import { CHECKS, countByStatus, type Examined, examine, sourcesOf } from '../cluster/doctor/checks.ts';
import type { Check, DoctorContext, Known, Source } from '../cluster/doctor/types.ts';
import { EXIT, type ExitCode } from '../core/error.ts';
import { nearestName } from '../system/nearest-name.ts';
import type { ClusterOptions } from './cluster-options.ts';
import type { ConnectOptions } from './connect.ts';
import { doctorDocument } from './doctor/document.ts';
import { type GatherPorts, gather, realPorts } from './doctor/gather.ts';
import { usageError } from './exit.ts';
import type { Output } from './output.ts';

export interface DoctorOptions extends ClusterOptions, ConnectOptions {
  /** Names of checks, separated by commas. */
  readonly only?: string | undefined;
  readonly config?: string | undefined;
  readonly interface?: string | undefined;
  readonly json?: boolean | undefined;
}

/**
 * Exit 3 where a check fails; 4 or 5 where neither the cluster nor the daemon could be read, if either is needed. Otherwise 0: also with
 * warnings, and with checks that were skipped.
 */
export async function doctorCommand(options: DoctorOptions, output: Output, ports: GatherPorts = realPorts): Promise<ExitCode> {
  const checks = chosenChecks(options.only);
  const sources = sourcesOf(checks);
  const gathered = await gather(options, sources, output, ports);
  const examined = examine(checks, gathered.context);
  const document = doctorDocument(examined, gathered, ports.nowMs());
  if (options.json) {
    output.json(document);
  } else {
    const { doctorText } = await import('./doctor/text.ts');
    output.text(doctorText(document, output.colors, process.stdout.columns));
  }
  return exitCodeOf(gathered.context, sources, examined) ?? (countByStatus(examined).failed > 0 ? EXIT.no : EXIT.ok);
}

/** @throws FreeholdError `usage` that lists the names */
export function chosenChecks(only: string | undefined): readonly Check[] {
  if (only === undefined) return CHECKS;
  const names = only
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const known = CHECKS.map(({ name }) => name);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    const near = nearestName(unknown, known);
    throw usageError(
      `there is no check "${unknown}"`,
      near === undefined ? `These are there: ${known.join(', ')}.` : `Did you mean ${near}?`,
    );
  }
  if (names.length === 0) throw usageError('--only names no check', `These are there: ${known.join(', ')}.`);
  return CHECKS.filter(({ name }) => names.includes(name));
}

/** null where something could be read. */
function exitCodeOf(
  { cluster, daemon, wire }: DoctorContext,
  sources: ReadonlySet<Source>,
  examined: readonly Examined[],
): ExitCode | null {
  const wanted: readonly Known<unknown>[] = [
    ...(sources.has('cluster') ? [cluster] : []),
    ...(sources.has('daemon') ? [daemon] : []),
  ];
  const missing = wanted.flatMap((one) => (one.known ? [] : [one]));
  const onlyWire =
    sources.has('wire') && !wire.known && !wire.unasked && examined.every(({ result }) => result.status === 'skipped');
  if (onlyWire) missing.push(wire);
  else if (wanted.length === 0 || missing.length < wanted.length) return null;
  return missing.some(({ exitCode }) => exitCode === EXIT.notPermitted) ? EXIT.notPermitted : EXIT.unreachable;
}
