/**
 * Fourth stage: the server's own dry run, the difference that it would make, and the question. Stores nothing.
 */
import { claimChanges } from '../../cluster/claim/changes.ts';
import { fieldConflict } from '../../cluster/claim/field-conflict.ts';
import type { ClaimManifests } from '../../cluster/claim/manifests.ts';
import { dryRun, ObjectError } from '../../cluster/claim/push.ts';
import { ClusterError, isClusterError } from '../../cluster/kube/errors.ts';
import { RESOURCES } from '../../cluster/kube/resources.ts';
import { formatRange } from '../../core/address/range.ts';
import type { FreeholdError } from '../../core/error.ts';
import { printable } from '../../core/text.ts';
import { Refusal } from './refusal.ts';
import { type ApplyRun, narrate } from './run.ts';
import type { Proven } from './stage-history.ts';

/** @returns the difference, as lines without colour. @throws Refusal, FreeholdError `cluster-field-conflict` */
export async function showChanges(run: ApplyRun, manifests: ClaimManifests): Promise<readonly string[]> {
  const { api, options, clock, interruption, current, output } = run;
  try {
    const after = await dryRun(api, manifests, {
      untilMs: clock.monotonicMs() + options.waitMs,
      now: () => clock.monotonicMs(),
      signal: interruption.signal,
      onRetry: (error) => narrate(run, 'Changes', `The dry run has to wait: ${error.message}`),
    });
    const lines = claimChanges(current, after, output.colors);
    narrate(
      run,
      'Changes',
      lines.length === 0 ? 'Nothing would change.' : `The server's own dry run accepts this:\n${lines.join('\n')}`,
    );
    return claimChanges(current, after);
  } catch (error) {
    throw error instanceof ObjectError ? explain(error, run, manifests) : error;
  }
}

function explain({ which, cause }: ObjectError, run: ApplyRun, manifests: ClaimManifests): unknown {
  if (isClusterError(cause, 'cluster-field-conflict')) return conflict(manifests, which, cause);
  if (!(cause instanceof ClusterError)) return cause;
  switch (cause.code) {
    case 'cluster-denied':
      return new Refusal('dry-run', cause.code, `MetalLB refuses it: ${cause.message}`, [], { hint: denialHint(cause.message) });
    case 'cluster-webhook-unready': {
      const patience = Math.round(run.options.waitMs / 1000);
      return new Refusal(
        'dry-run',
        cause.code,
        `MetalLB's webhook did not become ready within ${patience} s: ${cause.message}`,
        [],
        {
          exitCode: cause.exitCode,
          hint:
            'Nothing was pushed. The API server must reach the Service metallb-webhook-service: is the controller ready, and does the network of the cluster work from the control plane? ' +
            'freehold doctor looks at all of it. Do not delete the webhook configuration: it keeps pools from overlapping. --wait 5m waits longer.',
        },
      );
    }
    default:
      return cause;
  }
}

/** Whose field it is, and how it is handed over. */
export const conflict = (manifests: ClaimManifests, which: 'pool' | 'advertisement', cause: ClusterError): FreeholdError =>
  which === 'pool'
    ? fieldConflict(cause, RESOURCES.pools, manifests.pool)
    : fieldConflict(cause, RESOURCES.advertisements, manifests.advertisement);

/** In our words, what MetalLB's mean. */
function denialHint(message: string): string {
  if (message.includes('overlaps with already defined CIDR')) {
    return 'Another pool has some of these addresses. MetalLB turns ranges into networks first, so the one that it names may be written otherwise in the pool.';
  }
  if (message.includes('resource must be created in')) return 'Name the namespace that MetalLB runs in: --namespace.';
  return 'These are the words of MetalLB; nothing was pushed.';
}

export async function askToPush(run: ApplyRun, { target }: Proven): Promise<void> {
  await run.confirm(
    `Push ${formatRange(target.range)} as IPAddressPool ${run.wanted.pool} to ${printable(run.api.server, 200)}?`,
  );
}
