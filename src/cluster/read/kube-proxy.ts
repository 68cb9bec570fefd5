/**
 * kube-proxy's configuration, as kubeadm lays it down: ConfigMap kube-system/kube-proxy, key config.conf, a KubeProxyConfiguration as
 * YAML. Read as YAML: strictARP may be absent, null, or in a comment.
 */
import { parse } from 'yaml';
import { boolAt, type KubeObject, textAt } from '../kube/objects.ts';
import type { KubeProxy } from '../types.ts';

export const KUBE_PROXY = { namespace: 'kube-system', name: 'kube-proxy', key: 'config.conf' } as const;

/** @param configMap null: there is none */
export function readKubeProxy(configMap: KubeObject | null, daemonSet: boolean): KubeProxy {
  if (configMap === null) return { kind: 'none' };
  const text = textAt(configMap, 'data', KUBE_PROXY.key);
  if (text === null) return { kind: 'unreadable', why: `the ConfigMap has no ${KUBE_PROXY.key}` };
  let document: unknown;
  try {
    document = parse(text);
  } catch (error) {
    return {
      kind: 'unreadable',
      why: `its ${KUBE_PROXY.key} is no YAML: ${error instanceof Error ? error.message : String(error)}`,
    };
  }
  return {
    kind: 'configured',
    mode: textAt(document, 'mode') ?? '',
    strictArp: boolAt(document, 'ipvs', 'strictARP') ?? false,
    daemonSet,
  };
}
