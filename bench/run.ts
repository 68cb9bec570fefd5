/**
 * `npm run bench`: Freehold beside its peers, in one run, on one simulated LAN whose hosts are answered by another
 * namespace's kernel. Runs inside an enclosure only: no frame leaves it. `npm run bench -- scan guard` picks parts.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { enclose, enclosureAvailable } from '../test/lab/enclosure.ts';

const PARTS = ['scan', 'daemon', 'guard', 'kill', 'queries'] as const;

const asked = process.argv.slice(2);
const unknown = asked.filter((part) => !(PARTS as readonly string[]).includes(part));
const available = enclosureAvailable();
if (unknown.length > 0) {
  process.stderr.write(`There is no part "${unknown.join('", "')}" of the benchmark; these are: ${PARTS.join(', ')}.\n`);
  process.exitCode = 2;
} else if (!available.ok) {
  process.stderr.write(`The benchmark needs network namespaces of its own: ${available.reason}.\n`);
  process.exitCode = 4;
} else {
  const parts = asked.length === 0 ? PARTS : PARTS.filter((part) => asked.includes(part));
  const cores = spawnSync('nproc', { encoding: 'utf8' }).stdout.trim();
  process.stdout.write(
    `Freehold's benchmark: ${parts.join(', ')}; ${cores} cores, Node ${process.versions.node}. Read the ratios: absolute times are this machine's.\n`,
  );
  process.on('SIGINT', () => undefined);
  for (const part of parts) {
    const status = await new Promise<number>((resolve) => {
      enclose([process.execPath, join(import.meta.dirname, `${part}.ts`)], { stdio: ['ignore', 'inherit', 'inherit'] }).on(
        'exit',
        (code) => resolve(code ?? 1),
      );
    });
    if (status !== 0) process.exitCode = status;
  }
}
