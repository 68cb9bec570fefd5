/**
 * How long `GET /free-ranges` takes on a /16 with a year of history: simulated time through the real ledger, then the real
 * daemon over its socket.
 */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FreeRangesAnswer } from '../src/http/service.ts';
import { createLan } from '../test/lab/lan.ts';
import { startDaemonProcess } from './daemon-process.ts';
import { quantile } from './measure.ts';
import { writeYear, YEAR_CIDR } from './year.ts';

const REQUESTS = 1000;

const folder = await mkdtemp(join(tmpdir(), 'freehold-bench-'));
try {
  const path = join(folder, 'freehold.db');
  const started = performance.now();
  const year = writeYear(path, Date.now());
  const sizeMb = (await stat(path)).size / (1 << 20);
  process.stdout.write(
    `\n/free-ranges on a /16 with a year of history: ${year.sweeps} sweeps, ${year.hosts} live and ${year.gone} departed hosts, ${sizeMb.toFixed(1)} MB, written in ${((performance.now() - started) / 1000).toFixed(1)} s\n`,
  );
  await createLan({ cidr: YEAR_CIDR, interfaceName: 'lan0', ownAddress: '198.18.0.5' });
  const daemon = await startDaemonProcess(
    folder,
    // Swept once a year: what is measured is the answer, not a sweep beside it.
    `segments: [{ name: lan, interface: lan0, schedule: "0 0 0 1 1 *" }]\nledger: { path: ${path}, keep: 400d }\nlog: { level: error }`,
  );
  const ask = async (label: string, query: (i: number) => Record<string, string>): Promise<void> => {
    const times: number[] = [];
    let answer: FreeRangesAnswer | null = null;
    for (let i = 0; i < REQUESTS; i++) {
      const from = performance.now();
      answer = await daemon.client.get<FreeRangesAnswer>('/free-ranges', query(i));
      times.push(performance.now() - from);
    }
    process.stdout.write(
      `  ${label.padEnd(46)} ${answer?.ranges.length ?? 0} ranges, ${answer?.freeAddresses ?? 0} free addresses; of ${REQUESTS}: median ${quantile(times, 0.5).toFixed(1)} ms, p99 ${quantile(times, 0.99).toFixed(1)} ms, longest ${Math.max(...times).toFixed(1)} ms\n`,
    );
  };
  const common = { size: '8', limit: '100' };
  await ask('default criteria', () => common);
  await ask('each with other criteria: nothing kept', (i) => ({ ...common, quietFor: `${72 * 3600 + i}s` }));
  await ask('14 days', () => ({ ...common, quietFor: '14d', maxGap: '2h' }));
  await ask('a year', () => ({ ...common, quietFor: '365d', maxGap: '2h' }));
  process.stdout.write('  (target: p99 under 20 ms)\n');
  await daemon.stop();
} finally {
  await rm(folder, { recursive: true, force: true });
}
process.exit(0);
