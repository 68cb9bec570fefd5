/**
 * kube-proxy's configuration, as kubeadm lays it down: ConfigMap kube-system/kube-proxy, key config.conf, a KubeProxyConfiguration as
 * YAML. Read as YAML: strictARP may be absent, null, or in a comment.
 */
import { parse } from 'yaml';
import { boolAt, type KubeObject, textAt } from '../kube/objects.ts';
import type { KubeProxy } from '../types.ts';

export const KUBE_PROXY = { namespace: 'kube-system', name: 'kube-proxy', key: 'config.conf' } as const;

/** @param configMap null: there is none. @param nodes may say how they were started, where kube-proxy is built in */
export function readKubeProxy(configMap: KubeObject | null, daemonSet: boolean, nodes: readonly KubeObject[] = []): KubeProxy {
  if (configMap === null) {
    const looseNodes = nodes.filter(isLoose).map(({ metadata }) => metadata.name);
    return looseNodes.length === 0 ? { kind: 'none' } : { kind: 'none', looseNodes };
  }
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

/** Where k3s and RKE2 note the arguments that they were started with, a list of texts as JSON. */
const NODE_ARGS = ['k3s.io/node-args', 'rke2.io/node-args'] as const;
const LONGEST_ARGS = 100_000;

/** Whether a node was told to run kube-proxy in IPVS mode, and not to keep ARP strict. */
function isLoose({ metadata: { annotations = {} } }: KubeObject): boolean {
  return NODE_ARGS.some((name) => {
    const args = argumentsIn(annotations[name]);
    if (args.some((arg) => /^--disable-kube-proxy(?:=true)?$/.test(arg))) return false;
    // As `--kube-proxy-arg=KEY=VALUE`, or in two, of which the second is enough to be known by.
    const given = args.flatMap((arg) => arg.replace(/^--kube-proxy-arg=/, '').split(',')).map((arg) => arg.replace(/^--/, ''));
    return given.includes('proxy-mode=ipvs') && !given.some((arg) => /^ipvs-strict-arp(?:=true)?$/.test(arg));
  });
}

function argumentsIn(text: unknown): readonly string[] {
  if (typeof text !== 'string' || text.length > LONGEST_ARGS) return [];
  try {
    const read: unknown = JSON.parse(text);
    return Array.isArray(read) ? read.filter((one): one is string => typeof one === 'string') : [];
  } catch {
    return [];
  }
}
