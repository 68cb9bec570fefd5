/** Pools and speakers as the configuration names them. Knows of no Service: which addresses are held is not known here. */
import type { ClusterView, ClusterViewSource } from '../core/conflict/cluster-view.ts';
import type { MetallbConfig } from '../system/config-types.ts';

const viewOf = ({ pools, speakers }: MetallbConfig): ClusterView => ({
  source: 'configuration',
  asOfMs: null,
  pools,
  speakers,
  assignments: null,
  nodeAddresses: [],
});

export interface ConfiguredView extends ClusterViewSource {
  /** The configuration was read again. */
  set(config: MetallbConfig): void;
}

export function configuredView(config: MetallbConfig): ConfiguredView {
  let view = viewOf(config);
  const listeners = new Set<(view: ClusterView) => void>();
  return {
    current: () => view,
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    set(next) {
      view = viewOf(next);
      for (const listener of listeners) listener(view);
    },
  };
}
