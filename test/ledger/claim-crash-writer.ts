/** Begins and ends claims as fast as it can until it is killed: `node claim-crash-writer.ts PATH`. Says `id state` after each. */
import { writeSync } from 'node:fs';
import { openLedger } from '../../src/ledger/ledger.ts';
import { claim } from './claim-fixtures.ts';

const [path = ''] = process.argv.slice(2);
const { claims } = openLedger({ path, nowMs: 0 });

for (;;) {
  const id = claims.begin(claim());
  writeSync(1, `${id} pushing\n`);
  claims.end(id, 'complete', 'done', 1);
  writeSync(1, `${id} complete\n`);
}
