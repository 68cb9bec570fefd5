import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { ipv4 } from '../../src/core/address/ipv4.ts';
import { LAN, LAN_SETTING, openAt, temporaryPath } from './fixtures.ts';

const WRITER = join(import.meta.dirname, 'crash-writer.ts');
const KILLS = 25;

/** Lets a writer live for a moment. @returns the numbers of the batches that it said were written */
async function writeAndKill(path: string, first: number, afterFirstBatch: boolean, delayMs: number): Promise<number[]> {
  const child = spawn(process.execPath, ['--no-warnings', WRITER, path, String(first)], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  let complaint = '';
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    complaint += chunk.toString();
  });
  const closed = once(child, 'close');
  if (afterFirstBatch) await Promise.race([once(child.stdout, 'data'), closed]);
  await sleep(delayMs);
  child.kill('SIGKILL');
  const [, signal] = await closed;
  expect([signal, complaint]).toEqual(['SIGKILL', '']);
  return said.split('\n').slice(0, -1).map(Number);
}

it(`loses nothing that was written, and is never torn, in ${KILLS} kills at random moments`, { timeout: 90_000 }, async () => {
  const path = temporaryPath();
  let expected = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    const early = kill % 5 === 0;
    const said = await writeAndKill(path, expected, !early, Math.random() * (early ? 250 : 60));
    expect(said).toEqual(said.map((_, index) => expected + index));
    expected += said.length;

    const ledger = openAt(path, 0);
    expect(ledger.integrityCheck()).toEqual([]);
    const { id } = ledger.ensureSegment(LAN_SETTING);
    const rows = (offset: number) =>
      ledger.history(id, ipv4(LAN.first + offset), 5_000).map(({ lastSeenMs }) => lastSeenMs / 3_600_000);
    const found: number[] = [];
    for (let offset = 0; offset < 100; offset++) {
      const batches = rows(offset);
      // Both sightings of a batch or neither.
      expect(rows(100 + offset)).toEqual(batches);
      found.push(...batches);
      const columns = ledger.sightingColumns(id);
      expect(columns.lastUseMs[offset]).toBe(Math.max(0, ...batches) * 3_600_000);
    }
    // All that was said, and at most the one batch that was written when the word did not get out any more.
    const stored = new Set(found);
    for (let n = 0; n < expected; n++) expect(stored.has(n)).toBe(true);
    expect(stored.size).toBeLessThanOrEqual(expected + 1);
    expected = stored.size;
    expect(ledger.leases(id, 0)).toHaveLength(expected === 0 ? 0 : 1);
    ledger.close();
  }
  expect(expected).toBeGreaterThan(100);
});
