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
let news: string[];
let snapshots: string[][];
let snapshotFails: boolean;
let reader: LeaseReader;

const line = (last: number, expiry = 2_000_000_000): string =>
  `${expiry} 52:54:00:00:00:${last} 192.0.2.${last} host-${last} *\n`;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'freehold-leases-'));
  path = join(folder, 'dnsmasq.leases');
  heard = [];
  news = [];
  snapshots = [];
  snapshotFails = false;
  reader = new LeaseReader({
    paths: [path],
    logger: createLogger({ level: 'silent' }),
    onLease: ({ address, endsMs }, isNew) => {
      heard.push(`${formatIpv4(address)} until ${endsMs / 1000}`);
      if (isNew) news.push(formatIpv4(address));
    },
    onSnapshot: (leases) => {
      if (snapshotFails) throw new Error('the disk refuses');
      snapshots.push(leases.map(({ address }) => formatIpv4(address)));
    },
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

  it('says of what the first read finds that it is nothing new, and of what comes later that it is', async () => {
    writeFileSync(path, line(50) + line(51));
    await reader.look();
    expect(news).toEqual([]);
    writeFileSync(path, line(50, 2_000_000_600) + line(51) + line(52));
    await reader.look();
    expect(news).toEqual(['192.0.2.50', '192.0.2.52']);
  });

  it('tells of everything again when asked to, also in the middle of a look', async () => {
    writeFileSync(path, line(50) + line(51));
    await reader.look();
    await reader.again();
    expect(heard).toEqual([
      '192.0.2.50 until 2000000000',
      '192.0.2.51 until 2000000000',
      '192.0.2.50 until 2000000000',
      '192.0.2.51 until 2000000000',
    ]);
    expect(news).toEqual([]);
    heard.length = 0;
    writeFileSync(path, line(60));
    await Promise.all([reader.look(), reader.again()]);
    expect(heard.at(-1)).toBe('192.0.2.60 until 2000000000');
    heard.length = 0;
    await reader.look();
    expect(heard).toEqual([]);
  });

  it('gives a snapshot once after the start and after each again, when every file has been read', async () => {
    const second = join(folder, 'second.leases');
    const both = new LeaseReader({
      paths: [path, second],
      logger: createLogger({ level: 'silent' }),
      onLease: () => undefined,
      onSnapshot: (leases) => snapshots.push(leases.map(({ address }) => formatIpv4(address))),
    });
    writeFileSync(path, line(50));
    await both.look();
    expect(snapshots).toEqual([]);
    writeFileSync(second, line(61));
    await both.look();
    await both.look();
    expect(snapshots).toEqual([['192.0.2.50', '192.0.2.61']]);
    rmSync(second);
    await both.again();
    expect(snapshots).toHaveLength(1);
    writeFileSync(second, '');
    await both.look();
    expect(snapshots.slice(1)).toEqual([['192.0.2.50']]);
  });

  it('gives a snapshot again when it could not be taken', async () => {
    writeFileSync(path, line(50));
    snapshotFails = true;
    await reader.look();
    snapshotFails = false;
    await reader.look();
    expect(snapshots).toEqual([['192.0.2.50']]);
  });

  it('takes no lease of a file that is too large to be read for ended, and gives no snapshot of it', async () => {
    writeFileSync(path, line(50) + line(51));
    await reader.look();
    await reader.again();
    snapshots.length = 0;
    heard.length = 0;
    const filler = `${'garbage '.repeat(15)}\n`;
    writeFileSync(path, line(50) + filler.repeat(Math.ceil((4 << 20) / filler.length)) + line(51));
    await reader.look();
    expect(heard).toEqual([]);
    await reader.again();
    expect(heard).toEqual(['192.0.2.50 until 2000000000']);
    expect(snapshots).toEqual([]);
  });

  it('ends no lease that another server still has', async () => {
    const second = join(folder, 'second.leases');
    const both = new LeaseReader({
      paths: [path, second],
      logger: createLogger({ level: 'silent' }),
      onLease: ({ address, endsMs }) => heard.push(`${formatIpv4(address)} until ${endsMs / 1000}`),
    });
    writeFileSync(path, line(50));
    writeFileSync(second, line(50, 2_000_000_600));
    await both.look();
    writeFileSync(path, '');
    await both.look();
    expect(heard.at(-1)).toBe('192.0.2.50 until 2000000600');
  });
});
