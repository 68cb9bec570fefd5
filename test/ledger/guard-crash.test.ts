import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { openAt, temporaryPath } from './fixtures.ts';
import { waiting } from './guard-fixtures.ts';

const WRITER = join(import.meta.dirname, 'guard-crash-writer.ts');
const KILLS = 20;

/** Lets a writer live for a moment. @returns what it said was recorded: `conflict seq` */
async function recordAndKill(path: string, first: number, delayMs: number): Promise<string[]> {
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
  await Promise.race([once(child.stdout, 'data'), closed]);
  await sleep(delayMs);
  child.kill('SIGKILL');
  const [, signal] = await closed;
  expect([signal, complaint]).toEqual(['SIGKILL', '']);
  return said.split('\n').slice(0, -1);
}

it(`loses no conflict and no alert that was recorded in ${KILLS} kills at random moments`, { timeout: 90_000 }, async () => {
  const path = temporaryPath();
  const said: string[] = [];
  for (let kill = 0; kill < KILLS; kill++) {
    const probe = openAt(path, 0);
    const first = probe.guard.largestConflictId() + 1;
    probe.close();
    const news = await recordAndKill(path, first, Math.random() * 60);
    said.push(...news);

    const ledger = openAt(path, 0);
    const { guard } = ledger;
    expect(ledger.integrityCheck()).toEqual([]);
    const toSend = new Set(waiting(guard, 'ops'));
    for (const line of said) expect(toSend.has(line.replace(' ', '-'))).toBe(true);
    for (const line of news) {
      const [id = 0, seq = 0] = line.split(' ').map(Number);
      expect(guard.conflict(id)?.seq).toBeGreaterThanOrEqual(seq);
    }
    // Never one without the other: what waits is what its conflict went through, and nothing but that.
    const stages = new Map<number, number>();
    for (const { conflictId, message } of guard.pending('ops', 1_000_000)) {
      expect(message.conflict?.seq).toBe((stages.get(conflictId) ?? 0) + 1);
      stages.set(conflictId, (stages.get(conflictId) ?? 0) + 1);
    }
    expect(stages.size).toBe(guard.largestConflictId());
    for (const [id, seq] of stages) expect(guard.conflict(id)?.seq).toBe(seq);
    // The other channel has the same to do, but for what it settled.
    const all = waiting(guard, 'ops');
    const mail = waiting(guard, 'mail');
    expect(mail).toEqual(all.slice(all.length - mail.length));
    expect(guard.depth()).toEqual(new Map(Object.entries({ ops: all.length, mail: mail.length })));
    ledger.close();
  }
  expect(said.length).toBeGreaterThanOrEqual(KILLS);
});
