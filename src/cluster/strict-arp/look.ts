/**
 * How kube-proxy is set up in a cluster, and whether strictARP is needed, is on, and is in force. Changes nothing.
 */
import type { KubeApi } from '../kube/api.ts';
import { type KubeObject, listAt, textAt, textsAt } from '../kube/objects.ts';
import { RESOURCES } from '../kube/resources.ts';
import { selectorOf } from '../not-ready.ts';
import { KUBE_PROXY } from '../read/kube-proxy.ts';
import { type ProxyConfig, readProxyConfig } from './config-text.ts';
import { type Platform, platformOf } from './platform.ts';

export type StrictArpLook =
  /** No DaemonSet, or no configuration: it is not ours to look at. `leftover`: a ConfigMap that nothing runs with. */
  | { readonly kind: 'no-kube-proxy'; readonly platform: Platform; readonly leftover: boolean }
  /** A DaemonSet without the ConfigMap that kubeadm makes; `mode` and `strictArp` from its command line, null where that says nothing. */
  | { readonly kind: 'by-flags'; readonly mode: string | null; readonly strictArp: boolean }
  /** Not in IPVS mode. */
  | { readonly kind: 'not-ipvs'; readonly config: ProxyConfig }
  /** IPVS, and off. */
  | { readonly kind: 'off'; readonly config: ProxyConfig; readonly configMap: KubeObject; readonly daemonSet: KubeObject }
  /** IPVS, and on; `stale`: pods that were started before it was last changed. */
  | {
      readonly kind: 'on';
      readonly config: ProxyConfig;
      readonly daemonSet: KubeObject;
      /** Names of pods; null where that cannot be told. */
      readonly stale: readonly string[] | null;
    };

export const configTextOf = (configMap: KubeObject): string => textAt(configMap, 'data', KUBE_PROXY.key) ?? '';

/** @throws ClusterError; FreeholdError `kube-proxy-config-bad` */
export async function lookAtStrictArp(api: KubeApi, signal?: AbortSignal): Promise<StrictArpLook> {
  const [configMap, daemonSet] = await Promise.all([
    api.find(RESOURCES.configMaps, KUBE_PROXY.name, KUBE_PROXY.namespace, signal),
    api.find(RESOURCES.daemonSets, KUBE_PROXY.name, KUBE_PROXY.namespace, signal),
  ]);
  const hasConfig = configMap !== null && configTextOf(configMap) !== '';
  if (daemonSet === null) return { kind: 'no-kube-proxy', platform: await platformOf(api, signal), leftover: hasConfig };
  const flags = flagsOf(daemonSet);
  if (!hasConfig || (!flags.has('config') && flags.has('proxy-mode'))) {
    return { kind: 'by-flags', mode: flags.get('proxy-mode') ?? null, strictArp: isOn(flags.get('ipvs-strict-arp')) };
  }
  const config = readProxyConfig(configTextOf(configMap));
  if (config.mode !== 'ipvs') return { kind: 'not-ipvs', config };
  if (!config.strictArp) return { kind: 'off', config, configMap, daemonSet };
  return { kind: 'on', config, daemonSet, stale: await stalePods(api, daemonSet, changedMs(configMap), signal) };
}

/** `--name=value` and `--name` of its command line. With --config, kube-proxy takes all else from the file. */
function flagsOf(daemonSet: KubeObject): ReadonlyMap<string, string> {
  const containers = listAt(daemonSet, 'spec', 'template', 'spec', 'containers');
  const words = containers.flatMap((one) => [...textsAt(one, 'command'), ...textsAt(one, 'args')]);
  const flags = new Map<string, string>();
  for (const [index, word] of words.entries()) {
    const [, name, value] = /^--([a-z0-9-]+)(?:=(.*))?$/s.exec(word) ?? [];
    if (name === undefined) continue;
    const next = words[index + 1] ?? '';
    flags.set(name, value ?? (next.startsWith('-') ? '' : next));
  }
  return flags;
}

const isOn = (value: string | undefined): boolean => value !== undefined && /^(true|t|1|)$/i.test(value);

/** When its data was last written, epoch ms; null where the cluster does not say. */
function changedMs(configMap: KubeObject): number | null {
  const times = listAt(configMap, 'metadata', 'managedFields')
    .map((entry) => Date.parse(textAt(entry, 'time') ?? ''))
    .filter((time) => !Number.isNaN(time));
  return times.length === 0 ? null : Math.max(...times);
}

/** A pod reads its configuration when it starts: kube-proxy takes no notice of a ConfigMap that changes. */
async function stalePods(
  api: KubeApi,
  daemonSet: KubeObject,
  sinceMs: number | null,
  signal: AbortSignal | undefined,
): Promise<readonly string[] | null> {
  const labelSelector = selectorOf(daemonSet);
  if (sinceMs === null || labelSelector === null) return null;
  try {
    const { items } = await api.list(RESOURCES.pods, { namespace: KUBE_PROXY.namespace, labelSelector, signal });
    return items.flatMap((pod) => {
      const started = Date.parse(textAt(pod, 'status', 'startTime') ?? textAt(pod, 'metadata', 'creationTimestamp') ?? '');
      return started < sinceMs ? [pod.metadata.name] : [];
    });
  } catch {
    // Pods may be out of our sight (RBAC): then it is not known, which is said.
    signal?.throwIfAborted();
    return null;
  }
}
