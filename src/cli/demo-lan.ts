/**
 * The inside of `freehold demo`: makes a LAN of simulated hosts in namespaces of its own, with a real DHCP server and clients
 * where they are installed, and runs the real daemon on it. Refuses to run anywhere but in an enclosure.
 */
import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startDhcpClient, startDhcpServer } from '../../test/lab/dhcp.ts';
import { assertEnclosed } from '../../test/lab/guard.ts';
import { createLan, type Lan } from '../../test/lab/lan.ts';
import { RFC5227_ANNOUNCEMENT, type SimulatedHost } from '../../test/lab/simulated-host.ts';
import { startSimulatedHosts } from '../../test/lab/simulated-hosts.ts';
import { installed } from '../../test/lab/tools.ts';

const configuration = (
  folder: string,
  leaseFile: string | null,
): string => `# The daemon of the demo. Criteria this short are for a demonstration only: see docs/evidence.md.
segments:
  - name: demo-lan
    interface: lan0
    schedule: "*/3 * * * * *"
    rate: 1000
    reserved: [192.0.2.100-192.0.2.120]   # the DHCP scope
proof: { quietFor: 25s, minSweeps: 6, maxGap: 8s, minCoverage: 0.9 }
dhcp: { leases: [${leaseFile ?? ''}] }
metallb:
  cluster: off
  pools: [{ name: demo-pool, addresses: [192.0.2.230-192.0.2.239] }]
  speakers: ["${NODE_MAC}"]
http: { listen: "unix:${folder}/freehold.sock" }
ledger: { path: ${folder}/freehold.db, keep: 1d }
`;

/** The node that announces the demo's Service. */
const NODE_MAC = '52:54:00:00:00:a1';

/** Prefixes of vendors, so that the demo has names to show. */
const DELL = 'f8:b1:56';
const APPLE = 'f0:18:98';
const HP = '3c:d9:2b';
const AXIS = 'ac:cc:8e';

const host = (id: string, address: string, vendor: string, last: string, more: Partial<SimulatedHost> = {}): SimulatedHost => ({
  id,
  addresses: [address],
  macs: [`${vendor}:00:00:${last}`],
  ...more,
});

/** Who lives on the demo's LAN; `says` is told to the person who watches. */
const CAST: readonly { readonly says: string; readonly hosts: readonly SimulatedHost[] }[] = [
  { says: '192.0.2.1        the gateway', hosts: [host('gateway', '192.0.2.1', HP, '01')] },
  {
    says: '192.0.2.10-.14   five servers',
    hosts: [10, 11, 12, 13, 14].map((n) => host(`server-${n}`, `192.0.2.${n}`, DELL, n.toString(16).padStart(2, '0'))),
  },
  {
    says: '192.0.2.30       a phone on Wi-Fi: answers after 0.3 to 1.5 s',
    hosts: [host('phone', '192.0.2.30', APPLE, '30', { temper: { kind: 'slow', minMs: 300, maxMs: 1500 } })],
  },
  {
    says: '192.0.2.31       a printer that hears one probe of three',
    hosts: [host('printer', '192.0.2.31', HP, '31', { temper: { kind: 'lossy', oneOf: 3 } })],
  },
  {
    says: '192.0.2.40       two machines that fight for one address',
    hosts: [host('twins', '192.0.2.40', DELL, '40', { macs: [`${DELL}:00:00:40`, `${HP}:00:00:41`] })],
  },
  {
    says: '192.0.2.60       a laptop that is shut after 24 s: silent, but not free',
    hosts: [host('laptop', '192.0.2.60', APPLE, '60', { leavesAfterMs: 24_000 })],
  },
  {
    says: '192.0.2.200      a camera that appears after 12 s, in the middle of a fine range',
    hosts: [host('camera', '192.0.2.200', AXIS, 'c8', { appearsAfterMs: 12_000, announces: RFC5227_ANNOUNCEMENT })],
  },
  {
    says: '192.0.2.230-.239 a MetalLB pool, guarded; .230 is announced by a node',
    hosts: [{ id: 'node', addresses: ['192.0.2.230'], macs: [NODE_MAC] }],
  },
  {
    says: '192.0.2.232      a recorder that takes an address of the pool after 20 s',
    hosts: [host('recorder', '192.0.2.232', AXIS, 'e8', { appearsAfterMs: 20_000, announces: RFC5227_ANNOUNCEMENT })],
  },
];

async function startDhcp(lan: Lan): Promise<{ readonly says: string; readonly leaseFile: string | null }> {
  if (!installed('dnsmasq') || !installed('udhcpc'))
    return { says: '(no DHCP here: dnsmasq and udhcpc are not installed)', leaseFile: null };
  const server = await startDhcpServer(lan, { address: '192.0.2.2', rangeStart: '192.0.2.100', rangeEnd: '192.0.2.120' });
  // One after the other: two at once may be offered the same address.
  for (const n of [1, 2]) await startDhcpClient(lan, { mac: `b8:27:eb:00:00:0${n}`, hostname: `tablet-${n}` });
  return { says: '192.0.2.100-.120 a DHCP scope: a real dnsmasq with two real clients', leaseFile: server.leaseFile };
}

async function main(): Promise<void> {
  assertEnclosed();
  const folder = process.argv[2];
  const freehold = process.argv[3];
  if (folder === undefined || freehold === undefined) throw new Error('usage: demo-lan FOLDER MAIN');
  const lan = await createLan({
    cidr: '192.0.2.0/24',
    interfaceName: 'lan0',
    ownAddress: '192.0.2.5',
    ownMac: '52:54:00:00:00:05',
    gateway: '192.0.2.1',
  });
  await startSimulatedHosts(
    lan,
    CAST.flatMap(({ hosts }) => hosts),
  );
  const dhcp = await startDhcp(lan);
  const config = join(folder, 'freehold.yaml');
  await writeFile(config, configuration(folder, dhcp.leaseFile));
  const daemon = spawn(process.execPath, [freehold, 'run', '--config', config], { stdio: ['ignore', 'inherit', 'inherit'] });
  daemon.once('exit', (code) => process.exit(code ?? 1));
  process.once('disconnect', () => process.exit(0));
  process.on('message', () => daemon.kill('SIGTERM'));
  // Ctrl-C reaches everyone on the terminal; the person's own process decides when this one ends.
  process.on('SIGINT', () => undefined);
  process.send?.({ cast: [...CAST.map(({ says }) => says), dhcp.says] });
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(1);
});
