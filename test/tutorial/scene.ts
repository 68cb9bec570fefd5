/**
 * Where the tutorial takes place: a LAN in namespaces with a gateway, a server, a DHCP server with a client, and two machines that are
 * nodes of a cluster; the cluster's API server; and the daemon, which runs as a process of its own, like every command. Inside an
 * enclosure only.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { FreeRangesAnswer } from '../../src/http/service.ts';
import { type ClusterDouble, startCluster } from '../cluster/double.ts';
import { kubeadmCluster, node } from '../cluster/fixtures.ts';
import { metallbManifestYaml } from '../cluster/metallb-manifest.ts';
import { type DaemonProcess, startDaemonProcess } from '../daemon/daemon-process.ts';
import { until } from '../daemon/running.ts';
import { attempt, type CommandResult } from '../lab/command.ts';
import { startDhcpClient, startDhcpServer } from '../lab/dhcp.ts';
import { createLan } from '../lab/lan.ts';
import type { Namespace } from '../lab/namespace.ts';

const MAIN = resolve(import.meta.dirname, '../../src/cli/main.ts');
const NODES = [
  { name: 'worker-1', address: '192.0.2.11', mac: '52:54:00:00:00:a1' },
  { name: 'worker-2', address: '192.0.2.12', mac: '52:54:00:00:00:b1' },
];
/** Of each node: whatever is asked, an answer. In a cluster kube-proxy brings it to a pod. */
const WEB_SERVER = "require('node:http').createServer((q, a) => a.end('hello\\n')).listen(80)";

export const MANIFEST = 'metallb-native.yaml';

export interface Scene {
  /** A command as a person types it: `freehold doctor`. The files that it names lie in the scene's folder. */
  freehold(...args: readonly string[]): Promise<CommandResult>;
  close(): Promise<void>;
}

export async function startScene(): Promise<Scene> {
  const open: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const one of open.splice(0).reverse()) await one();
  };
  try {
    const lan = await createLan({ cidr: '192.0.2.0/24', ownAddress: '192.0.2.5', gateway: '192.0.2.1' });
    open.push(() => lan.close());
    await lan.attach('gw', { addresses: ['192.0.2.1/24'] });
    await lan.attach('srv', { addresses: ['192.0.2.20/24'] });
    const machines = new Map<string, Namespace>();
    for (const { name, address, mac } of NODES) {
      const machine = await lan.attach('node', { addresses: [`${address}/24`], mac });
      machine.spawn([process.execPath, '-e', WEB_SERVER], { stdio: 'ignore' });
      machines.set(name, machine);
    }
    const dhcp = await startDhcpServer(lan, { address: '192.0.2.2', rangeStart: '192.0.2.100', rangeEnd: '192.0.2.120' });
    open.push(() => dhcp.close());
    const address = (verb: 'add' | 'del') => async (told: { readonly node: string; readonly address: string }) => {
      await machines.get(told.node)?.batch([`address ${verb} ${told.address}/32 dev eth0`]);
    };
    const cluster: ClusterDouble = await startCluster({
      objects: kubeadmCluster({ mode: 'ipvs', strictArp: false, nodes: NODES.map(node) }),
      onAnnounce: address('add'),
      onWithdraw: address('del'),
    });
    open.push(() => cluster.close());
    const folder = await mkdtemp(join(tmpdir(), 'freehold-tutorial-'));
    open.push(() => rm(folder, { recursive: true, force: true }));
    await writeFile(join(folder, MANIFEST), metallbManifestYaml('v0.15.3'));
    const daemon: DaemonProcess = await startDaemonProcess(
      `segments: [{ name: lan, interface: ${lan.interfaceName}, schedule: "*/3 * * * * *", rate: 1000 }]
proof: { quietFor: 20s, minSweeps: 4, maxGap: 15s, minCoverage: 0.9 }
metallb: { kubeconfig: ${cluster.kubeconfig('daemon')} }
`,
    );
    open.push(() => daemon.close());
    const client = await startDhcpClient(lan, { hostname: 'printer', mac: '00:80:77:12:34:56' });
    open.push(() => client.close());
    const free = async (): Promise<number> => (await daemon.client.get<FreeRangesAnswer>('/free-ranges')).freeAddresses;
    await until('most of the LAN is proven free', async () => (await free()) > 200, 60_000);
    const environment = [
      `KUBECONFIG=${cluster.kubeconfig('admin')}`,
      `FREEHOLD_URL=unix:${join(daemon.folder, 'freehold.sock')}`,
      'COLUMNS=100',
    ];
    const program = [process.execPath, '--disable-warning=ExperimentalWarning', MAIN];
    return {
      // Both streams in the order in which they are written, as a terminal shows them.
      freehold: (...args) =>
        attempt(['env', '-C', folder, ...environment, 'sh', '-c', 'exec "$@" 2>&1', 'sh', ...program, ...args], {
          timeoutMs: 120_000,
        }),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
