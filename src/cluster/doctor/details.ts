/**
 * What only `doctor` asks of a cluster, beside ClusterFacts: as plain values. `null`: could not be read, and `unread` says why.
 */
import type { RangeSet } from '../../core/address/range-set.ts';
import type { Advertisement, Unread } from '../types.ts';

export interface ClusterDetails {
  /** Kinds of metallb.io/v1beta1 that the API server knows, by their plural; empty: none. */
  readonly served: ReadonlySet<string> | null;
  readonly bgpAdvertisements: readonly Pick<Advertisement, 'name' | 'pools' | 'poolSelectors' | 'nodeSelectors'>[] | null;
  /** MetalLB's webhooks; empty: there is no configuration of them. */
  readonly webhooks: readonly { readonly name: string; readonly failurePolicy: string }[] | null;
  /** A pool that was handed to the API server for a dry run, so that it asks the webhook. */
  readonly gate: Gate;
  /** What Kubernetes says of pods of controller and speakers that do not run; empty where all do. */
  readonly troubles: Readonly<Record<'controller' | 'speaker', readonly string[]>>;
  /** `namespace/name` of a Service without an address -> what was said of it last. */
  readonly lastEvents: ReadonlyMap<string, string>;
  /** Annotations with the prefix that MetalLB gave up. */
  readonly deprecated: readonly { readonly service: string; readonly annotation: string }[];
  /** Services that name a pool, in an annotation. */
  readonly wantedPools: readonly { readonly service: string; readonly pool: string }[];
  /** Pools and advertisements outside of MetalLB's namespace: `IPAddressPool other/first-pool`. */
  readonly elsewhere: readonly string[];
  /** Pools of other controllers (Cilium). */
  readonly otherPools: readonly { readonly name: string; readonly addresses: RangeSet }[];
  readonly unread: readonly Unread[];
}

export type Gate =
  | { readonly kind: 'passed' }
  /** The webhook said no. */
  | { readonly kind: 'denied'; readonly words: string }
  /** The webhook could not be asked. */
  | { readonly kind: 'unready'; readonly words: string }
  | { readonly kind: 'not-tried'; readonly why: string; readonly needs: string };
