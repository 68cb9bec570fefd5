/**
 * --kubeconfig, --context and --namespace: the options that every command which talks to a cluster has, and the client they amount to.
 */
import { type Command, Option } from 'commander';
import type { KubeApi } from '../cluster/kube/api.ts';

export const METALLB_NAMESPACE = 'metallb-system';

export interface ClusterOptions {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  /** MetalLB's. */
  readonly namespace: string;
}

export const withCluster = (command: Command): Command =>
  command
    .addOption(
      new Option(
        '--kubeconfig <file>',
        'the kubeconfig (default: $KUBECONFIG, ~/.kube/config, or the service account of the pod)',
      ),
    )
    .addOption(new Option('--context <name>', 'a context of it (default: the current one)'))
    .addOption(new Option('--namespace <name>', "MetalLB's namespace").default(METALLB_NAMESPACE));

/** The client library is loaded only here: it takes most of a second. @throws FreeholdError `kubeconfig-...` */
export async function clusterOf({ kubeconfig, context }: ClusterOptions): Promise<KubeApi> {
  const { connectCluster } = await import('../cluster/connect.ts');
  return connectCluster({ path: kubeconfig ?? null, context: context ?? null });
}
