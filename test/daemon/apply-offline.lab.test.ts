/** `freehold apply` where no daemon runs: the proof comes from its ledger, the live run from the command itself. */

import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { applyCommand } from '../../src/cli/apply.ts';
import { FreeholdError } from '../../src/core/error.ts';
import type { FreeRangesAnswer } from '../../src/http/service.ts';
import { openLedger } from '../../src/ledger/ledger.ts';
import { caughtOutput } from '../cli/catcher.ts';
import { type ClusterDouble, startCluster } from '../cluster/double.ts';
import { kubeadmCluster, node, withMetallb } from '../cluster/fixtures.ts';
import { createLan, type Lan } from '../lab/lan.ts';
import { type SimulatedHosts, startSimulatedHosts } from '../lab/simulated-hosts.ts';
import { runDaemon, until } from './running.ts';

const mac = (last: string): string => `52:54:00:00:00:${last}`;
const NODES = [{ name: 'worker-1', address: '192.0.2.11' }];
let lan: Lan;
let hosts: SimulatedHosts;
let cluster: ClusterDouble;
let folder = '';
const config = (): string => join(folder, 'freehold.yaml');
const ledger = (): string => join(folder, 'freehold.db');

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'freehold-test-'));
  lan = await createLan({ cidr: '192.0.2.0/24', ownAddress: '192.0.2.5', gateway: '192.0.2.1' });
  hosts = await startSimulatedHosts(lan, [
    { id: 'gateway', addresses: ['192.0.2.1'], macs: [mac('01')] },
    { id: 'worker-1', addresses: ['192.0.2.11'], macs: [mac('a1')] },
  ]);
  cluster = await startCluster({ objects: [...kubeadmCluster({ nodes: NODES.map(node) }), ...withMetallb()] });
  const yaml = `segments: [{ name: lan, interface: ${lan.interfaceName}, schedule: "*/2 * * * * *", rate: max }]
proof: { quietFor: 15s, minSweeps: 1, maxGap: 60s, minCoverage: 0.3 }
metallb: { cluster: off }
`;
  writeFileSync(config(), `${yaml}ledger: { path: ${ledger()} }\n`);
  const daemon = await runDaemon(yaml, () => undefined, ledger());
  const free = async (): Promise<number> => (await daemon.client.get<FreeRangesAnswer>('/free-ranges')).freeAddresses;
  await until('most of the LAN is proven free', async () => (await free()) > 200, 30_000);
  await daemon.stop();
});
afterAll(async () => {
  await cluster.close();
  await hosts.close();
  await lan.close();
  await rm(folder, { recursive: true, force: true });
});

async function apply(range: string) {
  const { output, stdout, stderr } = caughtOutput();
  const options = {
    range,
    name: 'production-pool',
    advertisement: 'production-advertisement',
    namespace: 'metallb-system',
    waitMs: 10_000,
    yes: true,
    url: 'http://127.0.0.1:9',
    config: config(),
    kubeconfig: cluster.kubeconfig('apply'),
  };
  try {
    return { exitCode: await applyCommand(options, output), text: stdout.text() + stderr.text() };
  } catch (error) {
    if (!(error instanceof FreeholdError)) throw error;
    return { exitCode: error.exitCode, text: stderr.text() + error.message };
  }
}

it('refuses a device that appeared since the daemon ended', async () => {
  await hosts.add({ id: 'new', addresses: ['192.0.2.207'], macs: [mac('66')] });
  const { exitCode, text } = await apply('192.0.2.200-192.0.2.207');
  await hosts.remove('new');
  expect(exitCode, text).toBe(3);
  expect(text).toContain('192.0.2.207');
  expect(cluster.objects('IPAddressPool')).toEqual([]);
});

it('claims a proven range, and writes the claim into the ledger', async () => {
  const { exitCode, text } = await apply('192.0.2.220-192.0.2.227');
  expect(exitCode, text).toBe(0);
  expect(cluster.objects('IPAddressPool').map(({ metadata }) => metadata.name)).toEqual(['production-pool']);
  const open = openLedger({ path: ledger(), nowMs: Date.now() });
  const claims = open.claims.list({ limit: 10 });
  open.close();
  expect(claims).toMatchObject([{ state: 'complete', pool: 'production-pool' }]);
});
