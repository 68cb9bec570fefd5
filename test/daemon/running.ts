/** A real daemon on a lab's LAN, in this process, with a ledger in a temporary directory and answers over a Unix socket. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDaemon } from '../../src/daemon.ts';
import { createClient, type HttpClient } from '../../src/http/client.ts';
import type { AddressAnswer, SegmentJson, SweepJson } from '../../src/http/service.ts';
import { parseConfig } from '../../src/system/config.ts';
import { createLogger } from '../../src/system/logger.ts';

export interface RunningDaemon {
  readonly client: HttpClient;
  readonly folder: string;
  /** Sweeps now and waits for its end. */
  sweep(segment?: string): Promise<SweepJson>;
  address(address: string): Promise<AddressAnswer>;
  segment(): Promise<SegmentJson>;
  /** Takes another configuration, as SIGHUP does. */
  reload(yaml: string): Promise<void>;
  stop(): Promise<void>;
}

/** Criteria that can be met within a test; a schedule that never fires, so that the test says when to sweep. */
export const QUICK = 'proof: { quietFor: 5s, minSweeps: 2, maxGap: 10s, minCoverage: 0.3 }';
export const NEVER = '0 0 0 1 1 *';

export async function runDaemon(
  segments: string,
  before: (ledgerPath: string) => void = () => undefined,
  ledgerAt?: string,
): Promise<RunningDaemon> {
  const folder = await mkdtemp(join(tmpdir(), 'freehold-test-'));
  const socketPath = join(folder, 'freehold.sock');
  const ledgerPath = ledgerAt ?? join(folder, 'freehold.db');
  before(ledgerPath);
  const read = (yaml: string) =>
    parseConfig(
      `${yaml}\nlog: { level: error }\nhttp: { listen: "unix:${socketPath}" }\nledger: { path: ${ledgerPath} }\n`,
      'test.yaml',
    );
  let yaml = segments;
  const daemon = await startDaemon({
    config: read(yaml),
    reload: () => read(yaml),
    logger: createLogger({ level: 'error', pretty: false, journal: false }),
    // Only a cluster that the test names.
    surroundings: { env: {}, home: '', exists: () => false },
  });
  const client = createClient({ url: 'http://localhost', socketPath, token: null });
  return {
    client,
    folder,
    async sweep(segment) {
      const { sweep } = await client.post<{ sweep: SweepJson | null }>('/sweeps', {
        wait: true,
        ...(segment === undefined ? {} : { segment }),
      });
      if (sweep === null) throw new Error('there was no sweep');
      return sweep;
    },
    address: (address) => client.get<AddressAnswer>(`/addresses/${address}`),
    async segment() {
      const { segments: all } = await client.get<{ segments: SegmentJson[] }>('/segments');
      if (all[0] === undefined) throw new Error('no segment');
      return all[0];
    },
    async reload(next) {
      yaml = next;
      await daemon.reload();
    },
    async stop() {
      await daemon.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Waits until `holds`, looking every 50 ms; rejects with `what` after `timeoutMs`. */
export async function until(what: string, holds: () => Promise<boolean> | boolean, timeoutMs = 10_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`${what}: not within ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
