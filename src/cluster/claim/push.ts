/**
 * Pushes a claim by server-side apply, never forced: the advertisement first, which MetalLB ignores while its pool is missing, then the
 * pool, which is what makes the claim. What fails for good after the first is taken back. Where an answer was lost it is looked what was
 * stored, before anything else is done or said. Asks nobody, proves nothing.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { EXIT, FreeholdError } from '../../core/error.ts';
import type { KubeApi } from '../kube/api.ts';
import { ClusterError } from '../kube/errors.ts';
import { at, type KubeObject, textAt } from '../kube/objects.ts';
import { RESOURCES } from '../kube/resources.ts';
import { type AdvertisementWanted, advertises, locked, pushAdvertisement, takeBackAdvertisement } from './advertisement.ts';
import { mayBeStored } from './certainty.ts';
import { type ClaimManifests, type Current, PROOF_ANNOTATION } from './manifests.ts';
import { type Patience, withPatience } from './patience.ts';

/** How long the pool may still appear after an answer was lost: longer than a server works on one request. */
const LATE_MS = 20_000;
const LATE_POLL_MS = 1_000;
/** Patience with taking back. */
const TAKE_BACK_MS = 10_000;

export interface PushOptions extends AdvertisementWanted {
  readonly current: Current;
  readonly patience: Omit<Patience, 'signal'>;
  /** Called before each try of the pool, the first one too: throws where the addresses are no longer proven. */
  readonly stillProven: () => Promise<void>;
  /** The pool with the newest proof in it. */
  readonly pool: () => KubeObject;
  /** Default 20 s. */
  readonly lateMs?: number;
}

export type PushOutcome =
  | {
      readonly kind: 'pushed';
      readonly pool: KubeObject;
      readonly advertisement: KubeObject;
      /** Why it would not have been pushed again, where an answer was lost: somebody is there, say. */
      readonly contested: FreeholdError | null;
    }
  /** The pool is not in the cluster. `left`: what is, and does nothing without it; null where that is nothing at all. */
  | { readonly kind: 'nothing'; readonly cause: ObjectError; readonly left: string | null }
  /** The pool may be in the cluster all the same. */
  | { readonly kind: 'unknown'; readonly cause: ObjectError; readonly left: string };

/** Of which object an error is. */
export class ObjectError extends Error {
  readonly which: 'pool' | 'advertisement';
  constructor(which: 'pool' | 'advertisement', cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.which = which;
  }
}

/** The server's own dry run of both: schema, admission webhooks, ownership. Nothing is stored. @throws ObjectError */
export async function dryRun(api: KubeApi, manifests: ClaimManifests, patience: Patience): Promise<ClaimManifests> {
  const options = { dryRun: true, ...(patience.signal === undefined ? {} : { signal: patience.signal }) };
  const one = async (which: 'pool' | 'advertisement', work: () => Promise<KubeObject>): Promise<KubeObject> => {
    try {
      return await withPatience(work, patience);
    } catch (error) {
      throw new ObjectError(which, error);
    }
  };
  return {
    pool: await one('pool', () => api.apply(RESOURCES.pools, manifests.pool, options)),
    advertisement: await one('advertisement', () => api.apply(RESOURCES.advertisements, manifests.advertisement, options)),
  };
}

export async function pushClaim(api: KubeApi, options: PushOptions): Promise<PushOutcome> {
  const { wanted, patience, current, lateMs = LATE_MS } = options;
  const tried = { stored: false };
  let advertisement: KubeObject;
  try {
    advertisement = await pushAdvertisement(api, options, patience, tried);
  } catch (cause) {
    const told = new ObjectError('advertisement', cause);
    // What was not ours before is not ours to take back, unless a try of ours may have been stored.
    return tried.stored ? nothing(api, options, told) : { kind: 'nothing', cause: told, left: null };
  }
  const sent: KubeObject[] = [];
  try {
    const pool = await withPatience(() => tryPool(api, options, sent), patience);
    return { kind: 'pushed', pool, advertisement: await keepAdvertised(api, options, advertisement), contested: null };
  } catch (cause) {
    const told = new ObjectError('pool', cause);
    if (sent.length === 0) return nothing(api, options, told);
    const found = await lookForPool(api, options, sent, lateMs);
    if (isPool(found)) {
      // It was stored; and who showed himself since is told all the same.
      const contested = cause instanceof FreeholdError && !(cause instanceof ClusterError) ? cause : null;
      return { kind: 'pushed', pool: found, advertisement: await keepAdvertised(api, options, advertisement), contested };
    }
    const why = found instanceof Error ? ` (${found.message})` : '';
    const left = `An answer of the API server was lost: the IPAddressPool ${wanted.pool} may ${current.pool === null ? 'be there' : 'be changed'}, and the L2Advertisement ${wanted.advertisement} names it${why}`;
    return { kind: 'unknown', cause: told, left };
  }
}

/**
 * A 409 for its version alone (MetalLB writes its status all the time) is tried again; a pool that somebody changed is not pushed over.
 * @param sent pools that were sent and of which no answer came
 */
async function tryPool(api: KubeApi, options: PushOptions, sent: KubeObject[]): Promise<KubeObject> {
  const { wanted, current, stillProven } = options;
  const read = (): Promise<KubeObject | null> => api.find(RESOURCES.pools, wanted.pool, wanted.namespace);
  if (sent.length > 0) {
    const stored = await read();
    if (isOneOf(stored, sent)) return stored;
  }
  await stillProven();
  // After the look, which takes seconds: nothing lies between this reading and the writing.
  const before = await read();
  if (isOneOf(before, sent)) return before;
  if (JSON.stringify(at(before, 'spec')) !== JSON.stringify(at(current.pool, 'spec'))) {
    throw new FreeholdError(
      'claim-changed-meanwhile',
      `The IPAddressPool ${wanted.pool} was changed by somebody else meanwhile.`,
      {
        hint: 'Look what is there now, and run the same command again.',
        exitCode: EXIT.no,
      },
    );
  }
  const pool = locked(options.pool(), before);
  try {
    return await api.apply(RESOURCES.pools, pool);
  } catch (error) {
    if (mayBeStored(error)) sent.push(pool);
    throw error;
  }
}

const isOneOf = (found: KubeObject | null, sent: readonly KubeObject[]): found is KubeObject =>
  found !== null && sent.some((pool) => isOurPush(found, pool));

/** The proof holds the moment of its live run, and who made it: nobody else's is the same. */
const isOurPush = (found: KubeObject, pushed: KubeObject): boolean =>
  textAt(found, 'metadata', 'annotations', PROOF_ANNOTATION) === textAt(pushed, 'metadata', 'annotations', PROOF_ANNOTATION) &&
  JSON.stringify(at(found, 'spec', 'addresses')) === JSON.stringify(at(pushed, 'spec', 'addresses'));

const isPool = (value: unknown): value is KubeObject => typeof value === 'object' && value !== null && 'metadata' in value;

/** null: it was not there, until the end. An error: it could not be looked for. */
async function lookForPool(
  api: KubeApi,
  { wanted, patience: { now } }: PushOptions,
  sent: readonly KubeObject[],
  lateMs: number,
): Promise<KubeObject | Error | null> {
  const untilMs = now() + lateMs;
  let last: Error | null = null;
  for (;;) {
    try {
      const found = await api.find(RESOURCES.pools, wanted.pool, wanted.namespace);
      if (isOneOf(found, sent)) return found;
      last = null;
    } catch (error) {
      if (!(error instanceof ClusterError) || !error.mayPass) return error instanceof Error ? error : new Error(String(error));
      last = error;
    }
    if (now() + LATE_POLL_MS > untilMs) return last;
    await pause(LATE_POLL_MS);
  }
}

/** Another apply at the same moment may have written the list without our pool: then it is put in once more. */
async function keepAdvertised(api: KubeApi, options: PushOptions, before: KubeObject): Promise<KubeObject> {
  const { wanted, gonePools, patience } = options;
  try {
    const now = await withPatience(() => api.find(RESOURCES.advertisements, wanted.advertisement, wanted.namespace), patience);
    if (now !== null && advertises(now, wanted.pool)) return now;
    return await pushAdvertisement(api, { wanted, gonePools }, patience);
  } catch {
    // The read-back tells whether it is advertised.
    return before;
  }
}

async function nothing(api: KubeApi, { wanted, current, patience }: PushOptions, cause: ObjectError): Promise<PushOutcome> {
  try {
    const brief = { ...patience, untilMs: patience.now() + TAKE_BACK_MS };
    return {
      kind: 'nothing',
      cause,
      left: await withPatience(() => takeBackAdvertisement(api, wanted, current.advertisement), brief),
    };
  } catch (error) {
    const why = error instanceof FreeholdError ? error.message : String(error);
    const left = `the L2Advertisement ${wanted.advertisement} may name the pool, which does nothing without it; it could not be taken back (${why})`;
    return { kind: 'nothing', cause, left };
  }
}

/** For people: what became of it, where it was not pushed. */
export function pushFailure(outcome: Exclude<PushOutcome, { kind: 'pushed' }>): FreeholdError {
  const { cause } = outcome.cause;
  const why = cause instanceof Error ? cause.message : String(cause);
  const hint = cause instanceof FreeholdError ? cause.hint : undefined;
  const exitCode = cause instanceof FreeholdError ? cause.exitCode : EXIT.failure;
  if (outcome.kind === 'nothing') {
    const { left } = outcome;
    const message = left === null ? `Nothing was pushed: ${why}` : `The pool was not pushed: ${why}\nBut ${left}.`;
    return new FreeholdError(cause instanceof ClusterError ? cause.code : 'claim-not-pushed', message, {
      ...(hint === undefined ? {} : { hint }),
      exitCode,
      cause,
    });
  }
  return new FreeholdError('claim-unknown-outcome', `Whether the claim was pushed is not known: ${why}`, {
    hint: `${outcome.left}. Run the same command again when the cluster answers: it completes the claim, or shows what is there.`,
    exitCode: EXIT.unreachable,
    cause,
  });
}
