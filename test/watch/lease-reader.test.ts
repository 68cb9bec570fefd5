import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { formatIpv4 } from '../../src/core/address/ipv4.ts';
import { createLogger } from '../../src/system/logger.ts';
import { LeaseReader } from '../../src/watch/lease-reader.ts';

let folder: string;
let path: string;
let heard: string[];
let reader: LeaseReader;

const line = (last: number, expiry = 2_000_000_000): string =>
  `${expiry} 52:54:00:00:00:${last} 192.0.2.${last} host-${last} *\n`;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'freehold-leases-'));
  path = join(folder, 'dnsmasq.leases');
  heard = [];
  reader = new LeaseReader({
    paths: [path],
    logger: createLogger({ level: 'silent' }),
    onLease: ({ address, endsMs }) => heard.push(`${formatIpv4(address)} until ${endsMs / 1000}`),
  });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('LeaseReader', () => {
  it('tells of each lease once, of each change, and of a release', async () => {
    writeFileSync(path, line(50) + line(51));
    await reader.look();
    await reader.look();
    expect(heard).toEqual(['192.0.2.50 until 2000000000', '192.0.2.51 until 2000000000']);
    writeFileSync(path, line(50, 2_000_000_600));
    await reader.look();
    expect(heard.slice(2)).toEqual(['192.0.2.50 until 2000000600', '192.0.2.51 until 0']);
  });

  it('follows a file that is replaced, and one that appears late', async () => {
    await reader.look();
    expect(heard).toEqual([]);
    writeFileSync(`${path}.new`, line(50));
    renameSync(`${path}.new`, path);
    await reader.look();
    writeFileSync(`${path}.new`, line(50) + line(60));
    renameSync(`${path}.new`, path);
    await reader.look();
    expect(heard).toEqual(['192.0.2.50 until 2000000000', '192.0.2.60 until 2000000000']);
  });

  it('keeps what it knows when the file goes away, and malformed lines harm nobody', async () => {
    writeFileSync(path, `garbage\n${line(50)}\u0000\u0001\n`);
    await reader.look();
    rmSync(path);
    await reader.look();
    expect(heard).toEqual(['192.0.2.50 until 2000000000']);
  });
});
