/**
 * A field of the pool or the advertisement belongs to somebody else: who that is, which fields, and how they are handed over without
 * changing anything. Freehold never takes one.
 */
import { EXIT, FreeholdError } from '../../core/error.ts';
import { printable } from '../../core/text.ts';
import { FIELD_MANAGER } from '../kube/api.ts';
import type { ClusterError } from '../kube/errors.ts';
import { at, isObject, type KubeObject } from '../kube/objects.ts';
import { apiVersionOf, type Resource } from '../kube/resources.ts';
import { ownedByUs } from './owned.ts';

/** In the words of whoever keeps the field. */
const KEEPERS: readonly { readonly pattern: RegExp; readonly how: string }[] = [
  {
    pattern: /^argocd/,
    how: 'Argo CD would set it back: change it in the repository that Argo CD follows, or take the object out of it.',
  },
  {
    pattern: /^(helm-controller|kustomize-controller|flux)/,
    how: 'Flux would set it back: change it in the repository that Flux follows, or take the object out of it.',
  },
  { pattern: /^helm/, how: 'Change it in the values of its Helm release, or take the object out of the chart.' },
];

/** @param current the object as it is; null where it was not there a moment ago */
export function fieldConflict(error: ClusterError, resource: Resource, name: string, current: KubeObject | null): FreeholdError {
  const causes = error.status?.causes ?? [];
  const byOwner = new Map<string, string[]>();
  for (const { message, field } of causes) {
    const owner = /^conflict with "([^"]*)"/.exec(message)?.[1] ?? 'another manager';
    byOwner.set(owner, [...(byOwner.get(owner) ?? []), field]);
  }
  const owners = [...byOwner].map(
    ([owner, fields]) => `"${printable(owner, 128)}" owns ${fields.map((field) => printable(field, 200)).join(', ')}`,
  );
  const keeper = KEEPERS.find(({ pattern }) => [...byOwner.keys()].some((owner) => pattern.test(owner)));
  const text = owners.length > 0 ? owners.join('; ') : printable(error.message, 500);
  const command =
    current === null
      ? null
      : handOver(
          resource,
          current,
          causes.map(({ field }) => field),
        );
  const then = 'Then run the same command again.';
  return new FreeholdError(
    'cluster-field-conflict',
    `${resource.kind} ${name} is kept by somebody else, and Freehold takes over nobody's field: ${text}. Nothing was changed.`,
    {
      hint: `${keeper?.how ?? 'Change the field where its owner keeps it.'}${
        command === null ? '' : ` Or hand it over to Freehold, with the values that it has now:\n${command}\n${then}`
      }`,
      exitCode: EXIT.no,
      cause: error,
    },
  );
}

/**
 * Gives Freehold the fields as they stand, beside those that it has: what is applied is what is there, so that nothing changes but whose
 * they are. null where that cannot be said for fields of this form.
 */
function handOver(resource: Resource, current: KubeObject, fields: readonly string[]): string | null {
  const names = fields.map((field) => /^\.spec\.([A-Za-z0-9]+)/.exec(field)?.[1]);
  const spec = at(current, 'spec');
  if (!isObject(spec) || names.length === 0 || names.some((name) => name === undefined)) return null;
  const ours = Object.keys(spec).filter((name) => names.includes(name) || ownedByUs(current, 'spec', name));
  const { name, namespace } = current.metadata;
  const object = {
    apiVersion: apiVersionOf(resource),
    kind: resource.kind,
    metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
    spec: Object.fromEntries(ours.map((key) => [key, spec[key]])),
  };
  const text = printable(JSON.stringify(object), 2_000).replaceAll("'", "'\\''");
  return `echo '${text}' | kubectl apply --server-side --force-conflicts --field-manager=${FIELD_MANAGER} -f -`;
}
