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
import { advertisementManifest } from './manifests.ts';
import { ownedByUs } from './owned.ts';
import { type Patience, withPatience } from './patience.ts';
import type { ClaimWanted } from './plan.ts';

/** Somebody changes it again and again: after so many tries it is told. */
const MOST_TRIES = 5;

export interface Advertised {
  readonly object: KubeObject;
  /** Whether it names the pool since just now. */
  readonly changed: boolean;
}

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

/** Reads, changes, and tries again where somebody changed it in between: nobody's change is lost. */
export async function pushAdvertisement(
  api: KubeApi,
  { wanted, gonePools }: AdvertisementWanted,
  patience: Patience,
): Promise<Advertised> {
  for (let tries = 1; ; tries++) {
    const before = await withPatience(() => api.find(RESOURCES.advertisements, wanted.advertisement, wanted.namespace), patience);
    const manifest = locked(advertisementManifest(wanted, before, gonePools), before);
    try {
      const object = await withPatience(() => api.apply(RESOURCES.advertisements, manifest), patience);
      return { object, changed: before === null || !advertises(before, wanted.pool) };
    } catch (error) {
      // An earlier try of ours may have been stored, and its answer lost: looked at anew.
      if (!isClusterError(error, 'cluster-changed') || tries >= MOST_TRIES) throw changedMeanwhile(error, 'L2Advertisement');
    }
  }
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
 * Takes the pool's name out again, or deletes what names nothing else and is all Freehold's own.
 * @throws ClusterError where that is not possible: then it stays, and does nothing without its pool
 */
export async function takeBackAdvertisement(api: KubeApi, wanted: ClaimWanted): Promise<void> {
  const now = await api.find(RESOURCES.advertisements, wanted.advertisement, wanted.namespace);
  if (now === null || !textsAt(now, 'spec', 'ipAddressPools').includes(wanted.pool)) return;
  if (!ownedByUs(now, 'spec', 'ipAddressPools')) return;
  const others = textsAt(now, 'spec', 'ipAddressPools').filter((name) => name !== wanted.pool);
  if (others.length > 0) {
    const kept = Object.fromEntries(
      ['interfaces', 'nodeSelectors'].filter((name) => ownedByUs(now, 'spec', name)).map((name) => [name, at(now, 'spec', name)]),
    );
    const { name, namespace } = now.metadata;
    const manifest = {
      metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
      spec: { ...kept, ipAddressPools: others },
    };
    await api.apply(RESOURCES.advertisements, locked(manifest, now));
    return;
  }
  if (!isAllOurs(now)) return;
  const { uid, resourceVersion } = { uid: textAt(now, 'metadata', 'uid'), resourceVersion: now.metadata.resourceVersion };
  await api.request('DELETE', objectPath(RESOURCES.advertisements, wanted.advertisement, wanted.namespace), {
    body: { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid, resourceVersion } },
  });
}

/** Nobody else has written anything of it. */
const isAllOurs = (object: KubeObject): boolean =>
  listAt(object, 'metadata', 'managedFields').every((entry) => textAt(entry, 'manager') === FIELD_MANAGER);
