/**
 * `freehold smoke-test`: a Service of type LoadBalancer, from nothing to a TCP connection and back to nothing. Shows the steps and prints
 * the result; cluster/smoke does it. `--clean` only removes what earlier runs left.
 */
import type { KubeApi } from '../cluster/kube/api.ts';
import type { Connect } from '../cluster/smoke/checks.ts';
import { findLeftovers, type Leftover, removeNamespace } from '../cluster/smoke/remove.ts';
import { runSmokeTest, type SmokeResult } from '../cluster/smoke/run.ts';
import type { Wire } from '../cluster/smoke/wire.ts';
import { type Pace, systemPace } from '../cluster/waiting.ts';
import type { Mac } from '../core/address/mac.ts';
import { EXIT, type ExitCode } from '../core/error.ts';
import { printable } from '../core/text.ts';
import type { ClusterOptions } from './cluster-options.ts';
import { isConfirmed } from './confirm.ts';
import type { Ask } from './interfaces.ts';
import type { Interrupts } from './interrupts.ts';
import type { Output } from './output.ts';
import type { WireOptions } from './smoke-test-interfaces.ts';
import { stepScreen, wrap } from './steps-text.ts';
import { count, duration } from './words.ts';

export interface SmokeTestOptions extends ClusterOptions, WireOptions {
  readonly pool?: string | undefined;
  readonly image?: string | undefined;
  readonly replicas: number;
  readonly port: number;
  readonly targetPort: number;
  readonly waitMs: number;
  readonly keep?: boolean | undefined;
  readonly clean?: boolean | undefined;
  readonly json?: boolean | undefined;
}

export interface SmokeTestParts {
  readonly api: KubeApi;
  /** null where nobody can be asked. */
  readonly ask: Ask | null;
  readonly interrupts: Pick<Interrupts, 'first' | 'second'>;
  readonly wire: Wire | { readonly unavailable: string };
  readonly speakers: ReadonlySet<Mac>;
  readonly connect: Connect;
  readonly pace?: Pace;
  readonly removeMs?: number;
}

/** A namespace takes its time: every pod in it has to end. */
const REMOVE_MS = 120_000;

/** Exit 0 where every step that could be looked at went well, 3 where one did not. */
export async function smokeTestCommand(
  options: SmokeTestOptions,
  output: Output,
  { api, ask, interrupts, wire, speakers, connect, pace = systemPace, removeMs = REMOVE_MS }: SmokeTestParts,
): Promise<ExitCode> {
  const json = options.json === true;
  const { first, second } = interrupts;
  const waiting = { pace, waitMs: removeMs, signal: first };
  const leftovers = await findLeftovers(api, first);
  if (options.clean === true) return clean(api, leftovers, waiting, output, json);
  if (leftovers.length > 0) {
    const names = leftovers.map((one) => leftoverText(one, pace.clock.nowMs())).join(', ');
    output.note(wrap(`Smoke tests left, or are running: ${names}.`, 0));
    if (ask !== null && !json && (await isConfirmed(`Remove ${leftovers.length === 1 ? 'it' : 'them'} first?`, ask))) {
      for (const { name, run } of leftovers) await removeNamespace(api, name, run, waiting);
    } else output.note('To remove them: freehold smoke-test --clean');
  }
  const screen = stepScreen(output, json);
  const result = await runSmokeTest({
    api,
    pace,
    waitMs: options.waitMs,
    removeMs,
    metallb: options.namespace,
    wanted: {
      pool: options.pool ?? null,
      image: options.image ?? null,
      replicas: options.replicas,
      port: options.port,
      targetPort: options.targetPort,
    },
    keep: options.keep === true,
    wire,
    speakers,
    connect,
    random: Math.random,
    run: crypto.randomUUID(),
    first,
    second,
    listener: screen,
  });
  const { exitCode, ...document } = result;
  if (json) output.json(document);
  else for (const sentence of resultSentences(result)) output.text(sentence);
  return exitCode;
}

async function clean(
  api: KubeApi,
  leftovers: readonly Leftover[],
  waiting: Parameters<typeof removeNamespace>[3],
  output: Output,
  json: boolean,
): Promise<ExitCode> {
  for (const { name, run } of leftovers) {
    await removeNamespace(api, name, run, waiting);
    if (!json) output.text(`removed ${printable(name, 80)}`);
  }
  if (json) output.json({ removed: leftovers.map(({ name }) => name) });
  else if (leftovers.length === 0) output.text('Smoke tests left nothing.');
  return EXIT.ok;
}

const leftoverText = ({ name, madeMs }: Leftover, nowMs: number): string =>
  printable(name, 80) + (madeMs === null ? '' : ` (${duration(Math.max(0, Math.round((nowMs - madeMs) / 1000)))} old)`);

function resultSentences({
  passed,
  interrupted,
  address,
  unseen,
  error,
  left,
  namespace,
  steps,
}: SmokeResult): readonly string[] {
  const sentences: string[] = [];
  const seen = unseen.length === 0 ? '' : ` Not looked at: ${unseen.join(', ')}.`;
  if (interrupted) sentences.push('The smoke test was interrupted.');
  else if (passed) sentences.push(`The smoke test passed with ${address ?? 'no address'}.${seen}`);
  else if (error !== null)
    sentences.push(`The smoke test ended early: ${error.message}`, ...(error.hint === null ? [] : [error.hint]));
  else
    sentences.push(
      `The smoke test failed: ${count(steps.filter(({ status }) => status === 'failed').length, 'step')} of ${steps.length}.`,
    );
  if (left !== null) sentences.push(`Left in the cluster: namespace ${namespace ?? ''}. To remove it: ${left}`);
  else if (namespace !== null) sentences.push('Nothing of it is left in the cluster.');
  return sentences.map((sentence) => wrap(printable(sentence, 1000), 0));
}

/** Said at once when Ctrl-C was heard. @param again the second time */
export const interruptedText = (again: boolean): string =>
  again ? 'freehold: stopping at once; what was made stays.' : 'freehold: clearing away first; Ctrl-C again leaves it as it is.';
