/**
 * `freehold strict-arp [--enable]`: whether kube-proxy needs strictARP and has it; with --enable it is switched on, after the change was
 * shown and agreed to. Shows, asks and prints; cluster/strict-arp does it.
 */
import type { KubeApi } from '../cluster/kube/api.ts';
import type { Step } from '../cluster/steps.ts';
import { type EnableProgress, enableStrictArp, RESTART_COMMAND } from '../cluster/strict-arp/enable.ts';
import { lookAtStrictArp, type StrictArpLook } from '../cluster/strict-arp/look.ts';
import { type Pace, systemPace } from '../cluster/waiting.ts';
import { EXIT, type ExitCode } from '../core/error.ts';
import type { ClusterOptions } from './cluster-options.ts';
import { confirm, isConfirmed } from './confirm.ts';
import type { Ask } from './interfaces.ts';
import type { Output } from './output.ts';
import { recording, stepScreen, wrap } from './steps-text.ts';
import { type StrictArpState, stateOf, strictArpSentences } from './strict-arp-text.ts';

export interface StrictArpOptions extends ClusterOptions {
  readonly enable?: boolean | undefined;
  readonly yes?: boolean | undefined;
  readonly dryRun?: boolean | undefined;
  readonly waitMs: number;
  readonly json?: boolean | undefined;
}

export interface StrictArpParts {
  readonly api: KubeApi;
  /** null where nobody can be asked. */
  readonly ask: Ask | null;
  readonly signal: AbortSignal;
  readonly pace?: Pace;
}

export interface StrictArpDocument {
  readonly server: string;
  readonly state: StrictArpState;
  /** null where kube-proxy's configuration says none, or is not to be seen. */
  readonly mode: string | null;
  readonly strictArp: boolean | null;
  readonly stalePods: readonly string[] | null;
  readonly dryRun: boolean;
  readonly changed: boolean;
  readonly restarted: boolean;
  /** The command that is left to do. */
  readonly left: string | null;
  readonly text: readonly string[];
  readonly diff: readonly string[];
  readonly steps: readonly Step[];
}

/** Exit 0 where nothing is left to do, 3 where something is. */
export async function strictArpCommand(
  options: StrictArpOptions,
  output: Output,
  { api, ask, signal, pace = systemPace }: StrictArpParts,
): Promise<ExitCode> {
  const json = options.json === true;
  const look = await lookAtStrictArp(api, signal);
  const progress: EnableProgress = { changed: false, restarted: false, inForce: false };
  const wanted = options.enable === true && (look.kind === 'off' || (look.kind === 'on' && (look.stale ?? []).length > 0));
  if (!wanted) {
    const document = documentOf(api, look, progress, { left: leftOf(look), diff: [], steps: [], dryRun: false });
    return finish(document, output, json);
  }
  const steps: Step[] = [];
  const screen = stepScreen(output, json);
  const shown: string[] = [];
  try {
    const left = await enableStrictArp(
      look,
      {
        api,
        pace,
        signal,
        waitMs: options.waitMs,
        dryRun: options.dryRun === true,
        listener: recording(screen, steps),
        agree: async (before, after) => {
          const { diff, plain } = await differenceOf(before, after, output);
          shown.splice(0, shown.length, ...plain);
          (json ? output.note : output.text)(`${diff.join('\n')}\n`);
          if (options.dryRun !== true) await confirm(question(api), { yes: options.yes === true, ask });
        },
        agreeToRestart: async (stale) => {
          const text = `strictARP is on, but ${stale.length} of the pods of kube-proxy are older than that. Restart kube-proxy?`;
          return options.yes === true || (ask !== null && (await isConfirmed(text, ask)));
        },
      },
      progress,
    );
    const document = documentOf(api, look, progress, { left, diff: shown, steps, dryRun: options.dryRun === true });
    return finish(document, output, json);
  } catch (error) {
    sayHowFar(progress, output);
    throw error;
  }
}

const question = (api: KubeApi): string => `Write this to ${api.server} and restart kube-proxy on every node, one after another?`;

async function differenceOf(
  before: string,
  after: string,
  output: Output,
): Promise<{ readonly diff: readonly string[]; readonly plain: readonly string[] }> {
  const { textDiff } = await import('../cluster/diff-text.ts');
  const names = { from: 'kube-system/kube-proxy config.conf', to: 'with strictARP' };
  return { diff: textDiff(before, after, names, output.colors), plain: textDiff(before, after, names) };
}

/** What is true of the cluster where it did not come to its end. */
function sayHowFar({ changed, restarted }: EnableProgress, output: Output): void {
  if (!changed && !restarted) {
    output.note('Nothing was changed.');
    return;
  }
  if (changed) output.note('Done so far: strictARP is written.');
  if (restarted) {
    output.note('kube-proxy was told to restart, and goes on restarting by itself:');
    output.note('  kubectl -n kube-system rollout status daemonset kube-proxy');
  } else {
    output.note('It is in force only once kube-proxy has restarted, which was not asked for yet:');
    output.note(`  ${RESTART_COMMAND}`);
  }
}

const leftOf = (look: StrictArpLook): string | null => {
  if (look.kind === 'off') return 'freehold strict-arp --enable';
  if (look.kind === 'on' && (look.stale ?? []).length > 0) return RESTART_COMMAND;
  return null;
};

function documentOf(
  api: KubeApi,
  look: StrictArpLook,
  progress: EnableProgress,
  done: Pick<StrictArpDocument, 'left' | 'diff' | 'steps' | 'dryRun'>,
): StrictArpDocument {
  const state = stateOf(look, progress, done.dryRun);
  const config = 'config' in look ? look.config : null;
  return {
    server: api.server,
    state,
    mode: config?.mode ?? (look.kind === 'by-flags' ? look.mode : null),
    strictArp: progress.changed ? true : (config?.strictArp ?? (look.kind === 'by-flags' ? look.strictArp : null)),
    stalePods: look.kind === 'on' && !progress.restarted ? look.stale : null,
    changed: progress.changed,
    restarted: progress.restarted,
    text: strictArpSentences(state, look, progress),
    ...done,
  };
}

function finish(document: StrictArpDocument, output: Output, json: boolean): ExitCode {
  if (json) output.json(document);
  else {
    for (const sentence of document.text) output.text(wrap(sentence, 0));
    if (document.left !== null) output.text(`Next: ${document.left}`);
  }
  switch (document.state) {
    case 'not-needed':
    case 'on':
    case 'enabled':
    case 'dry-run':
      return EXIT.ok;
    case 'needed':
    case 'restart-needed':
    case 'restart-unfinished':
    case 'by-flags':
    case 'unknown':
      return EXIT.no;
  }
}
