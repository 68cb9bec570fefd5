import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LeaseFileConfig } from '../../src/system/config-types.ts';
import { type LastReading, readLeaseFile } from '../../src/watch/lease-file.ts';
import { DNSMASQ, ISC_4_4, KEA_2_4, leaseLines } from './lease-formats/fixtures.ts';

const NEVER: LastReading = { stamp: '', format: null };
const KEA_HEADER = `${KEA_2_4.split('\n')[0]}\n`;
const row = (last: number, name: string, more = '3600,1767600000,1,0,0'): string =>
  `192.0.2.${last},52:54:00:00:00:${last},,${more},${name},0,,0\n`;

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'freehold-lease-file-'));
  path = join(folder, 'leases');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const read = async (format: LeaseFileConfig['format'] = 'auto', last: LastReading = NEVER, maxBytes?: number) => {
  const reading = await readLeaseFile({ path, format }, last, maxBytes);
  if (reading.kind !== 'read') throw new Error(reading.kind);
  return reading;
};
const names = async (format?: LeaseFileConfig['format'], last?: LastReading): Promise<string[]> =>
  leaseLines((await read(format, last)).content).map((line) => line.split(' as ')[1] ?? '');

describe('readLeaseFile()', () => {
  it.each([
    ['dnsmasq', DNSMASQ],
    ['isc', ISC_4_4],
    ['kea', KEA_2_4],
  ] as const)('tells the format %s from what the file says, and has the configured one win', async (format, text) => {
    writeFileSync(path, text);
    expect(await read()).toMatchObject({ format, content: { malformed: 0 }, tooLarge: false, bytes: text.length });
    const other = format === 'kea' ? 'dnsmasq' : 'kea';
    expect((await read(other)).content.malformed).toBeGreaterThan(0);
  });

  it('reads nothing that did not change', async () => {
    writeFileSync(path, ISC_4_4);
    const reading = await read();
    expect(await readLeaseFile({ path, format: 'auto' }, reading)).toEqual({ kind: 'unchanged' });
    appendFileSync(path, 'lease 192.0.2.77 { ends never; binding state active; }\n');
    expect((await read('auto', reading)).content.leases.size).toBe(3);
  });

  it('sees a file that is cut, replaced, or behind a link', async () => {
    writeFileSync(path, DNSMASQ);
    let reading = await read();
    truncateSync(path, 0);
    reading = await read('auto', reading);
    expect(reading).toMatchObject({ format: 'dnsmasq', content: { leases: new Map() } });
    writeFileSync(`${path}.new`, DNSMASQ);
    renameSync(`${path}.new`, path);
    reading = await read('auto', reading);
    expect(reading.content.leases.size).toBe(2);
    renameSync(path, `${path}.real`);
    symlinkSync(`${path}.real`, path);
    expect(await readLeaseFile({ path, format: 'auto' }, reading)).toEqual({ kind: 'unchanged' });
  });

  it('remembers the format of a file that is empty for a moment', async () => {
    writeFileSync(path, '');
    expect(await read()).toMatchObject({ format: null });
    expect(await read('auto', { stamp: 'other', format: 'kea' })).toMatchObject({ format: 'kea' });
  });

  it("reads Kea's files in Kea's own order: the previous and the input file of the cleanup, then the file itself", async () => {
    writeFileSync(`${path}.2`, KEA_HEADER + row(10, 'two') + row(11, 'two') + row(12, 'two'));
    writeFileSync(`${path}.1`, KEA_HEADER + row(11, 'one') + row(12, 'one'));
    writeFileSync(path, KEA_HEADER + row(12, 'main'));
    expect(await names()).toEqual(['two', 'one', 'main']);
    writeFileSync(`${path}.completed`, KEA_HEADER + row(11, 'completed'));
    expect(await names()).toEqual(['completed', 'main']);
  });

  it("sees changes of Kea's other files, and keeps the leases while its cleanup moves them about", async () => {
    writeFileSync(path, KEA_HEADER + row(10, 'a'));
    let reading = await read();
    renameSync(path, `${path}.1`);
    writeFileSync(path, '');
    reading = await read('auto', reading);
    expect(leaseLines(reading.content)).toHaveLength(1);
    writeFileSync(path, KEA_HEADER + row(11, 'b'));
    reading = await read('auto', reading);
    expect(leaseLines(reading.content)).toHaveLength(2);
    renameSync(`${path}.1`, `${path}.2`);
    reading = await read('auto', reading);
    expect(leaseLines(reading.content)).toHaveLength(2);
    expect(await readLeaseFile({ path, format: 'auto' }, reading)).toEqual({ kind: 'unchanged' });
  });

  it('takes no notice of such files beside a file of another format', async () => {
    writeFileSync(path, DNSMASQ);
    writeFileSync(`${path}.1`, KEA_HEADER + row(10, 'a'));
    expect((await read()).content.leases.size).toBe(2);
  });

  it('reads no more than it may, and says so', async () => {
    writeFileSync(path, DNSMASQ.repeat(100));
    expect(await read('auto', NEVER, 1000)).toMatchObject({ tooLarge: true, bytes: 1000, content: { leases: { size: 2 } } });
    writeFileSync(`${path}.1`, KEA_HEADER + row(10, 'a').repeat(20));
    writeFileSync(path, KEA_HEADER + row(11, 'b'));
    expect(await read('kea', NEVER, 1000)).toMatchObject({ tooLarge: true, content: { leases: { size: 1 } } });
  });

  it('reads names that are no UTF-8, and bytes that are nothing', async () => {
    writeFileSync(path, Buffer.concat([Buffer.from('0 * 192.0.2.9 caf'), Buffer.of(0xe9, 0, 0xff, 0x20), Buffer.from('*\n')]));
    expect(await names('dnsmasq')).toEqual(['caf\ufffd\ufffd']);
  });

  it('reads characters that lie across two pieces', async () => {
    const shift = '# '.padEnd(65_535 - 'lease 192.0.2.9 { ends never; binding state active; client-hostname "'.length - 1, '-');
    writeFileSync(path, `${shift}\nlease 192.0.2.9 { ends never; binding state active; client-hostname "é"; }`);
    expect(await names('isc')).toEqual(['é']);
  });

  it('does not hang at a pipe, and refuses it as it refuses a directory and a missing file', async () => {
    const reading = () => readLeaseFile({ path, format: 'auto' }, NEVER);
    await expect(reading()).rejects.toMatchObject({ code: 'ENOENT' });
    execFileSync('mkfifo', [path]);
    await expect(reading()).rejects.toMatchObject({ code: 'lease-file-not-regular' });
    rmSync(path);
    mkdirSync(path);
    await expect(reading()).rejects.toMatchObject({ code: 'lease-file-not-regular' });
  });

  it('never takes half a file for a whole one while the server writes it anew', async () => {
    const version = (n: number): string =>
      Array.from({ length: 2000 + n }, (_, i) => `0 02:00:00:00:00:0${n % 10} 198.18.${i >> 8}.${i & 255} * *\n`).join('');
    let written = 0;
    writeFileSync(path, version(0));
    for (let round = 0; round < 30; round++) {
      const reading = readLeaseFile({ path, format: 'dnsmasq' }, NEVER);
      for (let turns = round % 10; turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve));
      writeFileSync(path, version(++written));
      const told = await reading;
      if (told.kind !== 'read') continue;
      const macs = new Set([...told.content.leases.values()].map(({ mac }) => mac));
      expect([...macs]).toHaveLength(1);
      expect([2000 + written - 1, 2000 + written]).toContain(told.content.leases.size);
    }
  });

  it('takes a log that only grows meanwhile for what it was', async () => {
    const declaration = (n: number): string =>
      `lease 198.18.${n >> 8}.${n & 255} {\n  ends never;\n  binding state active;\n  hardware ethernet 02:00:00:00:00:01;\n}\n`;
    let written = 3000;
    writeFileSync(path, Array.from({ length: written }, (_, n) => declaration(n)).join(''));
    for (let round = 0; round < 30; round++) {
      const reading = readLeaseFile({ path, format: 'isc' }, NEVER);
      for (let turns = round % 10; turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve));
      appendFileSync(path, declaration(written++));
      expect(await reading).toMatchObject({ kind: 'read', content: { malformed: 0 } });
    }
    expect((await read('isc')).content.leases.size).toBe(written);
  });
});
