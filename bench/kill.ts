/** The daemon, killed 200 times in the middle of conflicts: what became of the alerts. Not a speed, but too long for a test. */
import { startGuardedProcess } from '../test/daemon/guarded.ts';
import { KILL_POOL, killLoop } from '../test/daemon/kill-loop.ts';

const ROUNDS = 200;

const scene = await startGuardedProcess({ pool: KILL_POOL });
const startedMs = performance.now();
try {
  const figures = await killLoop(scene, ROUNDS, 2);
  const { strangers, alerts, lost, twice, oftener, changed, disordered, heardAgain, undelivered, integrity } = figures;
  process.stdout.write(
    `\nKill -9, ${ROUNDS} rounds in ${((performance.now() - startedMs) / 1000).toFixed(0)} s, each within 0.8 s of four strangers, who speak again where the ledger does not know them\n`,
  );
  process.stdout.write(
    `  ${strangers} strangers (${heardAgain} had to speak again), ${alerts} alerts: ${lost.length} lost, ${twice} came twice, ${oftener.length} more often, ${disordered.length} out of order, ${changed.length} with another content, ${undelivered} not delivered; integrity_check: ${integrity}\n`,
  );
  const faults = lost.length + oftener.length + changed.length + disordered.length + undelivered;
  process.exitCode = faults === 0 && integrity === 'ok' ? 0 : 1;
} finally {
  await scene.close();
}
process.exit();
