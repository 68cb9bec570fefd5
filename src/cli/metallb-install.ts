/**
 * `freehold metallb install`: MetalLB's official manifest, from a file or an address that the person names, applied after it was looked
 * at, shown and agreed to; then waits until MetalLB judges pools. Shows, asks and prints; cluster/install does it.
 */
import { checkWanted, type InstallProgress, installManifest } from '../cluster/install/install.ts';
import { nameOf } from '../cluster/install/kinds.ts';
import { type Manifest, readManifestObjects } from '../cluster/install/manifest.ts';
import { type Download, loadManifest, officialAddress } from '../cluster/install/manifest-source.ts';
import { countChanges, type PlannedObject, planManifest } from '../cluster/install/plan.ts';
import { type InstallWarning, installWarnings } from '../cluster/install/warnings.ts';
import type { KubeApi } from '../cluster/kube/api.ts';
import type { Step } from '../cluster/steps.ts';
import { type Pace, systemPace } from '../cluster/waiting.ts';
import { EXIT, type ExitCode } from '../core/error.ts';
import { printable } from '../core/text.ts';
import { type ClusterOptions, METALLB_NAMESPACE } from './cluster-options.ts';
import { confirm } from './confirm.ts';
import type { Ask } from './interfaces.ts';
import type { Output } from './output.ts';
import { recording, stepScreen, wrap } from './steps-text.ts';
import { count } from './words.ts';

/** The release that the documentation goes through. */
export const DEFAULT_VERSION = '0.15.3';

export interface MetallbInstallOptions extends ClusterOptions {
  /** `0.15.3`. Undefined: of the manifest that is named, any; else DEFAULT_VERSION. */
  readonly version?: string | undefined;
  /** A file or an https address; undefined: the project's own of that version. */
  readonly manifest?: string | undefined;
  readonly yes?: boolean | undefined;
  readonly dryRun?: boolean | undefined;
  readonly waitMs: number;
  readonly json?: boolean | undefined;
}

export interface MetallbInstallParts {
  readonly api: KubeApi;
  /** null where nobody can be asked. */
  readonly ask: Ask | null;
  readonly signal: AbortSignal;
  readonly pace?: Pace;
  readonly download?: Download;
}

interface InstallDocument {
  readonly server: string;
  readonly source: string;
  readonly version: string | null;
  readonly namespace: string;
  readonly images: readonly string[];
  readonly dryRun: boolean;
  readonly objects: readonly {
    readonly kind: string;
    readonly namespace: string | null;
    readonly name: string;
    readonly change: string;
  }[];
  readonly warnings: readonly InstallWarning[];
  readonly steps: readonly Step[];
  /** MetalLB judges pools. */
  readonly complete: boolean;
}

/** Exit 0 once MetalLB judges pools, 3 where it does not in time. */
export async function metallbInstallCommand(
  options: MetallbInstallOptions,
  output: Output,
  { api, ask, signal, pace = systemPace, download = {} }: MetallbInstallParts,
): Promise<ExitCode> {
  const json = options.json === true;
  const wanted = options.version ?? (options.manifest === undefined ? DEFAULT_VERSION : null);
  const place = options.manifest ?? officialAddress(wanted ?? DEFAULT_VERSION);
  if (options.manifest === undefined) output.note(`Fetching ${place}`);
  const { text, source } = await loadManifest(place, { ...download, signal });
  const manifest = readManifestObjects(text, source);
  checkWanted(manifest, {
    version: wanted,
    // The default of the option is nobody's wish.
    namespace: options.namespace === METALLB_NAMESPACE ? null : options.namespace,
  });
  const warnings = await installWarnings(api, manifest, signal);
  const plan = await planManifest(api, manifest, signal);
  const say = (text: string): void => (json ? output.note(text) : output.text(text));
  for (const line of planText(api, manifest, plan, warnings, output)) say(line);
  const finish = (steps: readonly Step[], complete: boolean): void => {
    if (json) output.json(documentOf(api, manifest, plan, warnings, { steps, complete, dryRun: options.dryRun === true }));
  };
  if (options.dryRun === true) {
    say('Nothing was changed: this was a dry run.');
    finish([], false);
    return EXIT.ok;
  }
  const { unchanged } = countChanges(plan);
  if (unchanged < plan.length) {
    await confirm(`Apply ${count(plan.length - unchanged, 'object')} to ${api.server}?`, { yes: options.yes === true, ask });
  }
  const progress: InstallProgress = { applied: 0 };
  const steps: Step[] = [];
  try {
    const listener = recording(stepScreen(output, json), steps);
    const { complete } = await installManifest(manifest, plan, { api, pace, signal, waitMs: options.waitMs, listener }, progress);
    say(wrap(complete ? readyText(manifest) : notReadyText(manifest), 0));
    finish(steps, complete);
    return complete ? EXIT.ok : EXIT.no;
  } catch (error) {
    output.note(
      progress.applied === 0
        ? 'Nothing was changed.'
        : `${count(progress.applied, 'object')} of the manifest were applied, and stay. Run it again to go on: what is there stays as it is.`,
    );
    throw error;
  }
}

const readyText = ({ version }: Manifest): string =>
  `MetalLB${version === null ? '' : ` ${version}`} is there and judges pools. It has no addresses yet: freehold apply gives it a proven range.`;

const notReadyText = ({ namespace }: Manifest): string =>
  `The manifest is applied, and MetalLB is not ready. It may come up by itself: run this again to wait on. Look at it: kubectl -n ${namespace} get pods,events; freehold doctor looks at all of it.`;

function planText(
  api: KubeApi,
  manifest: Manifest,
  plan: readonly PlannedObject[],
  warnings: readonly InstallWarning[],
  { colors }: Output,
): readonly string[] {
  const { created, configured, unchanged } = countChanges(plan);
  const version = manifest.version === null ? 'MetalLB' : `MetalLB ${manifest.version}`;
  return [
    `${version}, from ${printable(manifest.source, 300)}`,
    `to ${api.server}, namespace ${manifest.namespace}:`,
    ...plan
      .filter(({ change }) => change !== 'unchanged')
      .map(({ object, change }) => `  ${(change === 'created' ? 'create' : 'change').padEnd(9)}${nameOf(object)}`),
    `  ${wrap(`${created} to create, ${configured} to change, ${unchanged} unchanged. Images: ${manifest.images.join(', ')}`, 2)}`,
    ...warnings.map(({ text, fix }) => `${colors.yellow('Warning:')} ${wrap(`${text} ${fix}`, 2, 9)}`),
  ];
}

function documentOf(
  api: KubeApi,
  { source, version, namespace, images }: Manifest,
  plan: readonly PlannedObject[],
  warnings: readonly InstallWarning[],
  end: Pick<InstallDocument, 'steps' | 'complete' | 'dryRun'>,
): InstallDocument {
  return {
    server: api.server,
    source,
    version,
    namespace,
    images,
    objects: plan.map(({ resource, object, change }) => ({
      kind: resource.kind,
      namespace: object.metadata.namespace ?? null,
      name: object.metadata.name,
      change,
    })),
    warnings,
    ...end,
  };
}
