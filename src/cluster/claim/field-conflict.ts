/**
 * A field of the pool or the advertisement belongs to somebody else: who that is, which fields, and how they are handed over. Freehold
 * never takes one.
 */
import { EXIT, FreeholdError } from '../../core/error.ts';
import { printable } from '../../core/text.ts';
import { FIELD_MANAGER } from '../kube/api.ts';
import type { ClusterError } from '../kube/errors.ts';

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

/** @param what `IPAddressPool metallb-system/production-pool` @param again the command line that prints the manifests */
export function fieldConflict(error: ClusterError, what: string, again: string): FreeholdError {
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
    `${what} is kept by somebody else, and Freehold takes over nobody's field: ${text}.`,
    {
      hint:
        `${keeper?.how ?? 'Change the field where its owner keeps it.'} Or hand it over to Freehold, knowingly: ` +
        `${again} --output yaml | kubectl apply --server-side --force-conflicts --field-manager=${FIELD_MANAGER} -f -`,
      exitCode: EXIT.no,
      cause: error,
    },
  );
}
