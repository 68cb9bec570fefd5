/**
 * A field of the pool or the advertisement belongs to somebody else: who that is, which fields, and how they are handed over. Freehold
 * never takes one.
 */
import { stringify } from 'yaml';
import { EXIT, FreeholdError } from '../../core/error.ts';
import { printable } from '../../core/text.ts';
import { FIELD_MANAGER } from '../kube/api.ts';
import type { ClusterError } from '../kube/errors.ts';
import type { KubeObject } from '../kube/objects.ts';
import type { Resource } from '../kube/resources.ts';

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

/** @param wanted the object as it was to be applied: with all that is Freehold's */
export function fieldConflict(error: ClusterError, resource: Resource, wanted: KubeObject): FreeholdError {
  const { name } = wanted.metadata;
  const byOwner = new Map<string, string[]>();
  for (const { message, field } of error.status?.causes ?? []) {
    const owner = /^conflict with "([^"]*)"/.exec(message)?.[1] ?? 'another manager';
    byOwner.set(owner, [...(byOwner.get(owner) ?? []), field]);
  }
  const owners = [...byOwner].map(
    ([owner, fields]) => `"${printable(owner, 128)}" owns ${fields.map((field) => printable(field, 200)).join(', ')}`,
  );
  const keeper = KEEPERS.find(({ pattern }) => [...byOwner.keys()].some((owner) => pattern.test(owner)));
  const text = owners.length > 0 ? owners.join('; ') : printable(error.message, 500);
  return new FreeholdError(
    'cluster-field-conflict',
    `${resource.kind} ${name} is kept by somebody else, and Freehold takes over nobody's field: ${text}. Nothing was changed.`,
    {
      hint: [
        keeper?.how ?? 'Change the field where its owner keeps it.',
        'Or take it from its owner yourself: this writes what was to be pushed, proven or not at that moment. Then run the same command again.',
        handOver(wanted),
      ].join('\n'),
      exitCode: EXIT.no,
      cause: error,
    },
  );
}

/**
 * All that Freehold would have applied: less would drop what is its already, and the same values as now would only make it one owner of
 * two. In lines that are short enough to be shown whole.
 */
function handOver(wanted: KubeObject): string {
  const text = stringify(wanted, { lineWidth: 100 }).trimEnd();
  return [`kubectl apply --server-side --force-conflicts --field-manager=${FIELD_MANAGER} -f - <<'END'`, text, 'END'].join('\n');
}
