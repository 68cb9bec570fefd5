/**
 * What applying a manifest would change, object by object, by the server's own dry run where it can be asked: in a namespace that is not
 * there yet it cannot. Stores nothing.
 */
import { isDeepStrictEqual } from 'node:util';
import { EXIT, FreeholdError } from '../../core/error.ts';
import { printable } from '../../core/text.ts';
import { FIELD_MANAGER, type KubeApi } from '../kube/api.ts';
import { type ClusterError, isClusterError } from '../kube/errors.ts';
import type { JsonObject, KubeObject } from '../kube/objects.ts';
import { RESOURCES } from '../kube/resources.ts';
import { type ManifestObject, nameOf } from './kinds.ts';
import type { Manifest } from './manifest.ts';

export interface PlannedObject extends ManifestObject {
  readonly change: 'created' | 'configured' | 'unchanged';
}

/** Requests at a time. */
const AT_ONCE = 6;

/**
 * @throws FreeholdError `manifest-conflict` where somebody else owns fields of it, all of them named; `manifest-forbidden`; ClusterError
 */
export async function planManifest(api: KubeApi, manifest: Manifest, signal: AbortSignal): Promise<readonly PlannedObject[]> {
  const hasNamespace = (await api.find(RESOURCES.namespaces, manifest.namespace, undefined, signal)) !== null;
  const planned: PlannedObject[] = [];
  const conflicts: { readonly object: KubeObject; readonly error: ClusterError }[] = [];
  for (let from = 0; from < manifest.objects.length; from += AT_ONCE) {
    const part = manifest.objects.slice(from, from + AT_ONCE).map(async (one) => {
      try {
        return await planObject(api, one, hasNamespace, signal);
      } catch (error) {
        if (!isClusterError(error, 'cluster-field-conflict')) throw explained(error, one.object);
        conflicts.push({ object: one.object, error });
        return [];
      }
    });
    planned.push(...(await Promise.all(part)).flat());
  }
  if (conflicts.length > 0) throw manifestConflict(conflicts, manifest.source);
  return planned;
}

async function planObject(
  api: KubeApi,
  { resource, object }: ManifestObject,
  hasNamespace: boolean,
  signal: AbortSignal,
): Promise<PlannedObject[]> {
  if (resource.namespaced && !hasNamespace) return [{ resource, object, change: 'created' }];
  const before = await api.find(resource, object.metadata.name, object.metadata.namespace, signal);
  const after = await api.apply(resource, object, { dryRun: true, signal });
  const change = before === null ? 'created' : isDeepStrictEqual(lasting(before), lasting(after)) ? 'unchanged' : 'configured';
  return [{ resource, object, change }];
}

const PASSING = ['managedFields', 'resourceVersion', 'generation', 'uid', 'creationTimestamp', 'selfLink'];

/** An object without what the server keeps of it. */
function lasting(object: KubeObject): JsonObject {
  const { status: _status, metadata, ...rest } = object;
  return { ...rest, metadata: Object.fromEntries(Object.entries(metadata).filter(([key]) => !PASSING.includes(key))) };
}

function explained(error: unknown, object: KubeObject): unknown {
  if (!isClusterError(error)) return error;
  switch (error.code) {
    case 'cluster-forbidden':
      return new FreeholdError('manifest-forbidden', `${nameOf(object)} may not be applied: ${error.message}`, {
        hint: "Installing MetalLB takes the rights of a cluster's administrator: it makes kinds, ClusterRoles and a webhook. Nothing was changed.",
        exitCode: EXIT.notPermitted,
        cause: error,
      });
    case 'cluster-invalid':
    case 'cluster-denied':
      return new FreeholdError('manifest-refused', `The API server does not accept ${nameOf(object)}: ${error.message}`, {
        hint: 'Nothing was changed. Is this release of MetalLB made for this version of Kubernetes?',
        exitCode: EXIT.no,
        cause: error,
      });
    default:
      return error;
  }
}

const MOST_SHOWN = 20;

/** Freehold never takes a field from another manager: who has it, and how it is handed over. */
export function manifestConflict(
  conflicts: readonly { readonly object: KubeObject; readonly error: ClusterError }[],
  source: string,
): FreeholdError {
  const lines = conflicts.flatMap(({ object, error }) => {
    const causes = error.status?.causes ?? [];
    if (causes.length === 0) return [`${nameOf(object)}: ${error.message}`];
    return causes.map(({ message, field }) => `${nameOf(object)} ${field}: ${message.replace(/^conflict with /, 'owned by ')}`);
  });
  const shown = lines.slice(0, MOST_SHOWN).map((line) => `  ${printable(line, 300)}`);
  const more = lines.length > MOST_SHOWN ? [`  and ${lines.length - MOST_SHOWN} more`] : [];
  return new FreeholdError(
    'manifest-conflict',
    ['Another manager owns fields that the manifest has otherwise, and Freehold takes over none:', ...shown, ...more].join('\n'),
    {
      hint:
        'Upgrade MetalLB by the means that it was installed with (kubectl, Helm, Argo CD, ...), or hand it over knowingly:\n' +
        `  kubectl apply --server-side --force-conflicts --field-manager=${FIELD_MANAGER} -f ${printable(source, 200)}`,
      exitCode: EXIT.no,
      cause: conflicts[0]?.error,
    },
  );
}

/** How many of each. */
export const countChanges = (plan: readonly PlannedObject[]): Readonly<Record<PlannedObject['change'], number>> => {
  const counts = { created: 0, configured: 0, unchanged: 0 };
  for (const { change } of plan) counts[change]++;
  return counts;
};
