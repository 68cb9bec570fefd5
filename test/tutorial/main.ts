/**
 * `npm run tutorial`: makes docs/tutorial.md anew, in an enclosure of its own. Touches no real network.
 */
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ENCLOSURE_VARIABLE, enclose, enclosureAvailable } from '../lab/enclosure.ts';
import { makePage } from './transcript.ts';

const PAGE = resolve(import.meta.dirname, '../../docs/tutorial.md');

if (process.env[ENCLOSURE_VARIABLE] !== undefined) {
  writeFileSync(PAGE, await makePage());
  process.stdout.write('docs/tutorial.md was made.\n');
} else {
  const available = enclosureAvailable();
  if (available.ok) {
    enclose([process.execPath, fileURLToPath(import.meta.url)], { stdio: 'inherit' }).on('exit', (status) => {
      process.exitCode = status ?? 1;
    });
  } else {
    process.stderr.write(`No enclosure: ${available.reason}.\n`);
    process.exitCode = 4;
  }
}
