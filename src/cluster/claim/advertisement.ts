/**
 * The L2Advertisement of a claim: brought to name the pool beside all that it names, and taken back where the pool could not be pushed.
 * Only what Freehold itself made is ever deleted, and only as it was last seen; everything else is changed by a server-side apply of
 * the fields that are Freehold's, never forced.
 */
import { FreeholdError } from '../../core/error.ts';
import { FIELD_MANAGER, type KubeApi } from '../kube/api.ts';
import { isClusterError } from '../kube/errors.ts';
import { at, type KubeObject, listAt, textAt, textsAt } from '../kube/objects.ts';
import { objectPath, RESOURCES } from '../kube/resources.ts';
import { mayBeStored } from './certainty.ts';
import { advertisementManifest } from './manifests.ts';
import { ownedByUs } from './owned.ts';
import { type Patience, withPatience } from './patience.ts';
import type { ClaimWanted } from './plan.ts';

/** Somebody changes it again and again: after so many tries it is told. */
const MOST_TRIES = 5;

/** What is wanted of it, and names of pools that are gone: those are dropped where they are Freehold's. */
export interface AdvertisementWanted {
  readonly wanted: ClaimWanted;
  readonly gonePools: ReadonlySet<string>;
}

/** Whether it is about the pool: by name, or about all. (By labels is not enough: those may be changed.) */
export function advertises(object: KubeObject, pool: string): boolean {
  const named = textsAt(object, 'spec', 'ipAddressPools');
  return named.includes(pool) || (named.length === 0 && listAt(object, 'spec', 'ipAddressPoolSelectors').length === 0);
}

/**
 * Reads, changes, and tries again from the reading on: nobody's change is lost, and a 409 for a version costs one more reading.
 * @param tried is told whether something may have been stored, also where it fails in the end
 */
export async function pushAdvertisement(
  api: KubeApi,
  { wanted, gonePools }: AdvertisementWanted,
  patience: Patience,
  tried: { stored: boolean } = { stored: false },
): Promise<KubeObject> {
  let changes = 0;
  return withPatience(async () => {
    const before = await api.find(RESOURCES.advertisements, wanted.advertisement, wanted.namespace);
    const manifest = locked(advertisementManifest(wanted, before, gonePools), before);
    try {
      const object = await api.apply(RESOURCES.advertisements, manifest);
      tried.stored = true;
      return object;
    } catch (error) {
      if (mayBeStored(error)) tried.stored = true;
      throw isClusterError(error, 'cluster-changed') && ++changes >= MOST_TRIES
        ? changedMeanwhile(error, 'L2Advertisement')
        : error;
    }
  }, patience);
}

/** With the version that it was made from: the server refuses it where that is not the newest. */
export function locked(manifest: KubeObject, before: KubeObject | null): KubeObject {
  const { resourceVersion } = before?.metadata ?? {};
  return resourceVersion === undefined ? manifest : { ...manifest, metadata: { ...manifest.metadata, resourceVersion } };
}

export const changedMeanwhile = (error: unknown, what: string): unknown =>
  isClusterError(error, 'cluster-changed')
    ? new FreeholdError('claim-changed-meanwhile', `The ${what} was changed by somebody else meanwhile: ${error.message}`, {
        hint: 'Look what is there now, and run the same command again.',
        exitCode: 3,
        cause: error,
      })
    : error;

/**
 * Brings it back to what it was: Freehold's own fields as they were before, or, where it was not there, without the pool's name; deleted
 * where it names nothing else and is all Freehold's own.
 * @returns what is left of the change, in words; null where nothing is
 * @throws ClusterError where it could not be taken back: then it stays
 */
export async function takeBackAdvertisement(
  api: KubeApi,
  wanted: ClaimWanted,
  before: KubeObject | null,
): Promise<string | null> {
  const now = await api.find(RESOURCES.advertisements, wanted.advertisement, wanted.namespace);
  if (now === null || !ownedByUs(now, 'spec')) return null;
  if (JSON.stringify(at(now, 'spec')) === JSON.stringify(at(before, 'spec'))) return null;
  const { name, namespace } = now.metadata;
  const metadata = { name, ...(namespace === undefined ? {} : { namespace }) };
  if (before !== null && ownedByUs(before, 'spec')) {
    const ours = ['ipAddressPools', 'interfaces', 'nodeSelectors'].filter((field) => ownedByUs(before, 'spec', field));
    const spec = Object.fromEntries(ours.map((field) => [field, at(before, 'spec', field)]));
    await api.apply(RESOURCES.advertisements, locked({ metadata, spec }, now));
    return null;
  }
  const others = textsAt(now, 'spec', 'ipAddressPools').filter((one) => one !== wanted.pool);
  if (others.length > 0) {
    await api.apply(RESOURCES.advertisements, locked({ metadata, spec: { ipAddressPools: others } }, now));
    return null;
  }
  if (before !== null || !isAllOurs(now)) {
    return `the L2Advertisement ${wanted.advertisement} names the pool, and is kept by others, too`;
  }
  const preconditions = { uid: textAt(now, 'metadata', 'uid'), resourceVersion: now.metadata.resourceVersion };
  await api.request('DELETE', objectPath(RESOURCES.advertisements, wanted.advertisement, wanted.namespace), {
    body: { apiVersion: 'v1', kind: 'DeleteOptions', preconditions },
  });
  return null;
}

/** Nobody else has written anything of it. */
const isAllOurs = (object: KubeObject): boolean =>
  listAt(object, 'metadata', 'managedFields').every((entry) => textAt(entry, 'manager') === FIELD_MANAGER);
