/**
 * What in a cluster will get in MetalLB's way, or is in it already: said before it is installed. Reads only; what may not be read is
 * said too.
 */
import { printable } from '../../core/text.ts';
import { readClusterFacts } from '../facts.ts';
import type { KubeApi } from '../kube/api.ts';
import { isClusterError } from '../kube/errors.ts';
import { type KubeObject, listAt, textAt } from '../kube/objects.ts';
import { RESOURCES } from '../kube/resources.ts';
import { compareVersions } from '../read/workloads.ts';
import type { ClusterFacts } from '../types.ts';
import { isMetallbImage } from './identity.ts';
import type { Manifest } from './manifest.ts';

export interface InstallWarning {
  /** Stable, kebab-case. */
  readonly code: string;
  readonly text: string;
  readonly fix: string;
}

/** A workload that runs MetalLB, wherever it is. */
interface Running {
  readonly namespace: string;
  readonly name: string;
}

export async function installWarnings(api: KubeApi, manifest: Manifest, signal: AbortSignal): Promise<readonly InstallWarning[]> {
  const facts = await readClusterFacts(api, manifest.namespace, signal);
  const [deployments, daemonSets] = await Promise.all([
    running(() => api.list(RESOURCES.deployments, { signal })),
    running(() => api.list(RESOURCES.daemonSets, { signal })),
  ]);
  signal.throwIfAborted();
  const others = [...(deployments ?? []), ...(daemonSets ?? [])].filter(
    ({ namespace, name }) =>
      !manifest.objects.some(({ object }) => object.metadata.name === name && object.metadata.namespace === namespace),
  );
  return warningsOf(facts, manifest, others, deployments === null || daemonSets === null);
}

async function running(list: () => Promise<{ readonly items: readonly KubeObject[] }>): Promise<readonly Running[] | null> {
  try {
    const { items } = await list();
    return items
      .filter((item) =>
        listAt(item, 'spec', 'template', 'spec', 'containers').some((one) => isMetallbImage(textAt(one, 'image') ?? '')),
      )
      .map(({ metadata }) => ({ namespace: metadata.namespace ?? '', name: metadata.name }));
  } catch (error) {
    if (isClusterError(error, 'cluster-forbidden')) return null;
    throw error;
  }
}

/** @param others workloads that run MetalLB and are not of the manifest. @param unseen they could not be looked for */
export function warningsOf(
  facts: Pick<ClusterFacts, 'kubeProxy' | 'serviceLbDaemonSets' | 'metallb' | 'ciliumL2'>,
  manifest: Pick<Manifest, 'version' | 'namespace'>,
  others: readonly Running[],
  unseen = false,
): readonly InstallWarning[] {
  const { kubeProxy, serviceLbDaemonSets, metallb, ciliumL2 } = facts;
  const warnings: InstallWarning[] = [];
  if (others.length > 0) {
    const names = others.slice(0, 5).map(({ namespace, name }) => printable(`${namespace}/${name}`, 200));
    warnings.push({
      code: 'other-metallb',
      text: `MetalLB runs here already, under other names: ${names.join(', ')}. Two of them fight over the same Services.`,
      fix: 'Remove the other one first, by the means it was installed with (helm uninstall, kubectl delete -f).',
    });
  }
  if (unseen) {
    warnings.push({
      code: 'other-metallb-unknown',
      text: 'Whether MetalLB runs in another namespace already is not known: workloads may not be listed.',
      fix: 'Look with more rights: kubectl get deployments,daemonsets -A',
    });
  }
  if (serviceLbDaemonSets.length > 0) {
    warnings.push({
      code: 'servicelb-active',
      text: `The servicelb of k3s is active (${serviceLbDaemonSets.slice(0, 3).join(', ')}): it and MetalLB fight over the addresses of Services.`,
      fix: 'Start k3s on every server with --disable servicelb.',
    });
  }
  if (ciliumL2.length > 0) {
    warnings.push({
      code: 'cilium-active',
      text: `Cilium gives out or announces addresses of Services itself: the cluster has ${ciliumL2.join(', ')}.`,
      fix: 'Let only one of them serve a Service: take these objects away, or use loadBalancerClass.',
    });
  }
  if (kubeProxy.kind === 'configured' && kubeProxy.mode === 'ipvs' && !kubeProxy.strictArp) {
    warnings.push({
      code: 'strict-arp-off',
      text: 'kube-proxy runs in IPVS mode without strictARP: every node would answer for every address.',
      fix: 'Switch it on: freehold strict-arp --enable',
    });
  }
  const installed = metallb.controller?.version ?? null;
  if (installed !== null && manifest.version !== null && compareVersions(manifest.version, installed) < 0) {
    warnings.push({
      code: 'older-version',
      text: `MetalLB ${installed} is installed, and this manifest is ${manifest.version}: older.`,
      fix: `Name a newer one: freehold metallb install --version v${installed}`,
    });
  }
  return warnings;
}
