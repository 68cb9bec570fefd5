/** Killed in the middle of conflicts, again and again: no alert is lost, and only those under way come twice. */
import { afterEach, expect, it } from 'vitest';
import { type GuardedProcess, startGuardedProcess } from './guarded.ts';
import { KILL_POOL, killLoop } from './kill-loop.ts';

const ROUNDS = 12;

let scene: GuardedProcess | null = null;

afterEach(async () => {
  await scene?.close();
  scene = null;
});

it('loses no alert and no order to kill -9, and sends at most once more what was under way', { timeout: 300_000 }, async () => {
  scene = await startGuardedProcess({ pool: KILL_POOL });
  const figures = await killLoop(scene, ROUNDS, 1);
  process.stdout.write(`kill -9, ${ROUNDS} rounds: ${JSON.stringify(figures)}\n`);
  expect(figures).toMatchObject({
    lost: [],
    oftener: [],
    changed: [],
    disordered: [],
    undelivered: 0,
    integrity: 'ok',
  });
  expect(figures.alerts).toBeGreaterThanOrEqual(figures.strangers);
});
