/**
 * The two objects of a claim, as they are applied: only the fields that are meant, so that everything else stays its owner's. What an
 * earlier claim set and this one does not name stays as it is. Pure.
 */
import { stringify } from 'yaml';
import { at, boolAt, type JsonObject, type KubeObject, listAt, textsAt } from '../kube/objects.ts';
import { apiVersionOf, RESOURCES } from '../kube/resources.ts';
import { ownedByUs } from './owned.ts';
import type { ClaimWanted } from './plan.ts';

export const PROOF_ANNOTATION = 'freehold.dev/proof';
/** Where a claim was made without a proof. */
export const OVERRIDE_ANNOTATION = 'freehold.dev/proof-override';

export interface ClaimManifests {
  readonly pool: KubeObject;
  readonly advertisement: KubeObject;
}

export interface Current {
  /** null: not there. */
  readonly pool: KubeObject | null;
  readonly advertisement: KubeObject | null;
}

export interface ProofTold {
  readonly proof: string;
  /** Why there is none, or why it did not count. */
  readonly overridden: string | null;
}

const NONE: ReadonlySet<string> = new Set();

export function claimManifests(
  wanted: ClaimWanted,
  current: Current,
  told: ProofTold,
  gonePools: ReadonlySet<string> = NONE,
): ClaimManifests {
  return {
    pool: poolManifest(wanted, current.pool, told),
    advertisement: advertisementManifest(wanted, current.advertisement, gonePools),
  };
}

export const poolManifest = (wanted: ClaimWanted, current: KubeObject | null, { proof, overridden }: ProofTold): KubeObject => ({
  apiVersion: apiVersionOf(RESOURCES.pools),
  kind: RESOURCES.pools.kind,
  metadata: {
    name: wanted.pool,
    namespace: wanted.namespace,
    annotations: { [PROOF_ANNOTATION]: proof, ...(overridden === null ? {} : { [OVERRIDE_ANNOTATION]: overridden }) },
  },
  spec: {
    // IPv6 parts are none of ours to judge, nor to take away.
    addresses: [wanted.written, ...textsAt(current, 'spec', 'addresses').filter((text) => text.includes(':'))],
    ...flag('autoAssign', wanted.autoAssign, current),
    ...flag('avoidBuggyIPs', wanted.avoidBuggyIps, current),
  },
});

/** @param gonePools names of pools that are gone: dropped where Freehold put them in */
export const advertisementManifest = (
  wanted: ClaimWanted,
  current: KubeObject | null,
  gonePools: ReadonlySet<string>,
): KubeObject => ({
  apiVersion: apiVersionOf(RESOURCES.advertisements),
  kind: RESOURCES.advertisements.kind,
  metadata: { name: wanted.advertisement, namespace: wanted.namespace },
  spec: advertisementSpec(wanted, current, gonePools),
});

function flag(name: string, wanted: boolean | undefined, current: KubeObject | null): JsonObject {
  if (wanted !== undefined) return { [name]: wanted };
  const value = boolAt(current, 'spec', name);
  return current !== null && value !== null && ownedByUs(current, 'spec', name) ? { [name]: value } : {};
}

function advertisementSpec(wanted: ClaimWanted, current: KubeObject | null, gonePools: ReadonlySet<string>): JsonObject {
  const named = textsAt(current, 'spec', 'ipAddressPools');
  const isOurs = current !== null && ownedByUs(current, 'spec', 'ipAddressPools');
  const pools = isOurs ? named.filter((name) => name === wanted.pool || !gonePools.has(name)) : named;
  // One that names no pool and selects none is about all of them, this one too.
  const isForAll = current !== null && named.length === 0 && listAt(current, 'spec', 'ipAddressPoolSelectors').length === 0;
  const kept = (name: string): JsonObject =>
    current !== null && ownedByUs(current, 'spec', name) ? { [name]: at(current, 'spec', name) } : {};
  return {
    ...(isForAll ? {} : { ipAddressPools: pools.includes(wanted.pool) ? pools : [...pools, wanted.pool] }),
    ...(wanted.interfaces === undefined ? kept('interfaces') : { interfaces: wanted.interfaces }),
    ...(wanted.nodeSelectors === undefined
      ? kept('nodeSelectors')
      : { nodeSelectors: wanted.nodeSelectors.map((matchLabels) => ({ matchLabels })) }),
  };
}

/** Both, as one document for `kubectl apply -f`. */
export const manifestsYaml = ({ pool, advertisement }: ClaimManifests): string =>
  [pool, advertisement].map((object) => stringify(object, { lineWidth: 0 })).join('---\n');

export const manifestsJson = ({ pool, advertisement }: ClaimManifests): unknown => ({
  apiVersion: 'v1',
  kind: 'List',
  items: [pool, advertisement],
});
