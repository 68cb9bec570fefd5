/**
 * Writes batches as fast as it can until it is killed: `node crash-writer.ts PATH FIRST`. Says the number of each batch on
 * stdout after it was written. Batch n is one MAC of its own at two addresses, and a lease.
 */
import { writeSync } from 'node:fs';
import { ipv4 } from '../../src/core/address/ipv4.ts';
import { macFromBytes } from '../../src/core/address/mac.ts';
import { sourceBit } from '../../src/core/evidence/sighting.ts';
import { openLedger } from '../../src/ledger/ledger.ts';

const [path = '', first = '0'] = process.argv.slice(2);
const FIRST_ADDRESS = 0xc0000200;
const HOUR = 3_600_000;

const ledger = openLedger({ path, nowMs: 0 });
const { id } = ledger.ensureSegment({
  name: 'lan',
  range: { first: ipv4(FIRST_ADDRESS), last: ipv4(FIRST_ADDRESS + 255) },
  wire: 'arp:lan0',
  nowMs: 0,
});

for (let n = Number(first); ; n++) {
  const atMs = n * HOUR;
  const mac = macFromBytes(Uint8Array.of(2, 0, n >> 24, n >> 16, n >> 8, n), 0);
  const seen = { segment: id, mac, firstMs: atMs, lastMs: atMs, sources: sourceBit('arp-reply'), intent: false, hostname: null };
  ledger.write({
    atMs,
    sightings: [n % 100, 100 + (n % 100)].map((offset) => ({ ...seen, address: ipv4(FIRST_ADDRESS + offset) })),
    sweeps: [],
    leases: [
      {
        segment: id,
        address: ipv4(FIRST_ADDRESS + 200),
        mac,
        hostname: null,
        startsMs: n,
        endsMs: Number.POSITIVE_INFINITY,
        source: 'dhcp-ack',
      },
    ],
  });
  writeSync(1, `${n}\n`);
}
