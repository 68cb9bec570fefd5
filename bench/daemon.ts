/** What the daemon costs when nothing happens: a /24 with 100 hosts, swept every 30 s. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SweepsAnswer } from '../src/http/service.ts';
import { createKernelHosts, scatter } from '../test/lab/kernel-hosts.ts';
import { createLan } from '../test/lab/lan.ts';
import { startDaemonProcess } from './daemon-process.ts';
import { median } from './measure.ts';

const WARM_UP_MS = 35_000;
const MEASURED_MS = 120_000;

/** Network, broadcast, our own address, and the pool, which the guard watches over: nobody uses them. */
const OTHERS = [0, 5, 255, ...Array.from({ length: 10 }, (_, n) => 240 + n)].map((last) => `198.51.100.${last}`);

const lan = await createLan({ cidr: '198.51.100.0/24', interfaceName: 'lan0', ownAddress: '198.51.100.5' });
await createKernelHosts(lan, scatter('198.51.100.0/24', 100, { avoid: OTHERS }));
const folder = await mkdtemp(join(tmpdir(), 'freehold-bench-'));
try {
  const daemon = await startDaemonProcess(
    folder,
    `segments: [{ name: lan, interface: lan0 }]
metallb: { pools: [{ name: production-pool, addresses: [198.51.100.240-198.51.100.249] }] }
alerts: { channels: [{ type: webhook, url: "http://127.0.0.1:9/" }] }
ledger: { path: ${folder}/freehold.db }
log: { level: warn }`,
  );
  process.stdout.write(
    `\nDaemon, /24 with 100 hosts, default configuration (a sweep every 30 s at 500/s); ${MEASURED_MS / 1000} s measured after ${WARM_UP_MS / 1000} s\n`,
  );
  await sleep(WARM_UP_MS);
  const before = daemon.cpuMs();
  let rss = 0;
  for (let waited = 0; waited < MEASURED_MS; waited += 5000) {
    await sleep(5000);
    rss = Math.max(rss, daemon.rssMb());
  }
  const share = (100 * (daemon.cpuMs() - before)) / MEASURED_MS;
  const { sweeps } = await daemon.client.get<SweepsAnswer>('/sweeps');
  await daemon.stop();
  process.stdout.write(
    `  CPU ${share.toFixed(2)} % of a core (target: at most 1 %), RSS at most ${rss.toFixed(0)} MB (target: at most 120 MB)\n`,
  );
  process.stdout.write(
    `  a sweep takes ${median(sweeps.map(({ durationMs }) => durationMs))} ms (target: at most 2,000 ms); ${sweeps.filter(({ valid }) => valid).length} of ${sweeps.length} valid, ${sweeps[0]?.answered} answered\n`,
  );
} finally {
  await rm(folder, { recursive: true, force: true });
}
process.exit(0);
