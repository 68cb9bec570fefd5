/**
 * A LAN with two nodes of a cluster on it, the cluster's API server, and a daemon that has proven what is free: everything that
 * `freehold apply` needs, for its lab tests. The command runs in this process.
 */
import { EventEmitter } from 'node:events';
import { join } from 'node:path';
import { watchInterruption } from '../../src/cli/apply/interruption.ts';
import { type ApplyOptions, applyCommand } from '../../src/cli/apply.ts';
import { createOutput } from '../../src/cli/output.ts';
import type { Mac } from '../../src/core/address/mac.ts';
import { FreeholdError } from '../../src/core/error.ts';
import type { ClaimsAnswer } from '../../src/http/claim-service.ts';
import type { FreeRangesAnswer } from '../../src/http/service.ts';
import { type ClusterDouble, type ClusterOptions, startCluster } from '../cluster/double.ts';
import { kubeadmCluster, node, withMetallb } from '../cluster/fixtures.ts';
import { createLan, type Lan } from '../lab/lan.ts';
import { type SimulatedHosts, startSimulatedHosts } from '../lab/simulated-hosts.ts';
import { type RunningDaemon, runDaemon, until } from './running.ts';

export const mac = (last: string): Mac => `52:54:00:00:00:${last}` as Mac;
export const NODE_A = mac('a1');
export const NODE_B = mac('b1');
const NODES = [
  { name: 'worker-1', address: '192.0.2.11', mac: NODE_A },
  { name: 'worker-2', address: '192.0.2.12', mac: NODE_B },
];

/** Criteria that are met within seconds, also while live runs keep the wire busy. */
const PROOF = 'proof: { quietFor: 6s, minSweeps: 1, maxGap: 20s, minCoverage: 0.3 }';

export interface Applied {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** null where the command did not throw. */
  readonly error: FreeholdError | null;
}

export interface Claiming {
  readonly lan: Lan;
  readonly hosts: SimulatedHosts;
  readonly cluster: ClusterDouble;
  readonly daemon: RunningDaemon;
  /** `freehold apply`, with --yes unless something else is said. */
  apply(options: Partial<ApplyOptions>, more?: ApplyMore): Promise<Applied>;
  /** Pools in the cluster: name and addresses. */
  pools(): Readonly<Record<string, readonly string[]>>;
  claims(): Promise<ClaimsAnswer['claims']>;
  close(): Promise<void>;
}

export interface ApplyMore {
  /** Where a test presses Ctrl-C: `emit('SIGINT')`. */
  readonly signals?: EventEmitter;
  /** Answers the question. */
  readonly ask?: (question: string) => Promise<string | null>;
  /** A user of the cluster; default one that may apply. */
  readonly user?: string;
}

export interface ClaimingOptions {
  readonly cluster?: Partial<ClusterOptions>;
  /** In place of those of a healthy kubeadm cluster with MetalLB. */
  readonly objects?: ClusterOptions['objects'];
  /** Of the daemon, as YAML. */
  readonly config?: string;
}

export async function startClaiming(options: ClaimingOptions = {}): Promise<Claiming> {
  const open: { close(): Promise<void> }[] = [];
  const close = async (): Promise<void> => {
    for (const one of open.splice(0).reverse()) await one.close();
  };
  const opened = <T extends { close(): Promise<void> }>(one: T): T => {
    open.push(one);
    return one;
  };
  try {
    const lan = opened(
      await createLan({ cidr: '192.0.2.0/24', ownAddress: '192.0.2.5', ownMac: mac('05'), gateway: '192.0.2.1' }),
    );
    const hosts = opened(
      await startSimulatedHosts(lan, [
        { id: 'gateway', addresses: ['192.0.2.1'], macs: [mac('01')] },
        { id: 'server', addresses: ['192.0.2.20'], macs: [mac('20')] },
        ...NODES.map((node) => ({ id: node.name, addresses: [node.address], macs: [node.mac] })),
      ]),
    );
    const cluster = opened(
      await startCluster({
        objects: options.objects ?? [...kubeadmCluster({ nodes: NODES.map(node) }), ...withMetallb()],
        // A node answers for what it announces.
        onAnnounce: async ({ node: name, address }) => {
          const found = NODES.find((one) => one.name === name);
          if (found !== undefined) await hosts.add({ id: `${name} ${address}`, addresses: [address], macs: [found.mac] });
        },
        onWithdraw: ({ node: name, address }) => hosts.remove(`${name} ${address}`),
        ...options.cluster,
      }),
    );
    const daemon = await runDaemon(
      `segments: [{ name: lan, interface: ${lan.interfaceName}, schedule: "*/2 * * * * *", rate: max }]\n${PROOF}\n` +
        `metallb: { kubeconfig: ${cluster.kubeconfig('daemon')} }\n${options.config ?? ''}`,
    );
    open.push({ close: () => daemon.stop() });
    const free = async (): Promise<number> => (await daemon.client.get<FreeRangesAnswer>('/free-ranges')).freeAddresses;
    await until('most of the LAN is proven free', async () => (await free()) > 200, 30_000);
    return {
      lan,
      hosts,
      cluster,
      daemon,
      apply: (given, more) => apply(daemon, cluster, given, more),
      pools: () =>
        Object.fromEntries(
          cluster
            .objects('IPAddressPool')
            .map((pool) => [pool.metadata.name, (pool['spec'] as { addresses: string[] }).addresses]),
        ),
      claims: async () => (await daemon.client.get<ClaimsAnswer>('/claims')).claims,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function apply(
  daemon: RunningDaemon,
  cluster: ClusterDouble,
  given: Partial<ApplyOptions>,
  { signals = new EventEmitter(), ask, user = 'apply' }: ApplyMore = {},
): Promise<Applied> {
  let [stdout, stderr] = ['', ''];
  const output = createOutput({ write: (text) => (stdout += text) }, { write: (text) => (stderr += text) }, {});
  const options: ApplyOptions = {
    name: 'production-pool',
    advertisement: 'production-advertisement',
    namespace: 'metallb-system',
    waitMs: 10_000,
    yes: ask === undefined,
    socket: join(daemon.folder, 'freehold.sock'),
    kubeconfig: cluster.kubeconfig(user),
    ...given,
  };
  const dependencies = { interruption: watchInterruption(signals), ask: ask ?? null };
  try {
    return { exitCode: await applyCommand(options, output, dependencies), stdout, stderr, error: null };
  } catch (error) {
    if (!(error instanceof FreeholdError)) throw error;
    return { exitCode: error.exitCode, stdout, stderr: `${stderr}${error.message}\n`, error };
  }
}
