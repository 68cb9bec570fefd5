import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
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
    files: [{ path, format: 'auto' }],
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
      files: [path, second].map((file) => ({ path: file, format: 'auto' as const })),
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

  it('takes no lease for ended of a file with more addresses than are kept, and gives no snapshot of it', async () => {
    writeFileSync(path, line(50) + line(51));
    await reader.look();
    const others = Array.from({ length: 65_536 }, (_, n) => `0 * 198.18.${n >> 8}.${n & 255} * *\n`).join('');
    writeFileSync(path, line(50) + others);
    heard.length = 0;
    snapshots.length = 0;
    await reader.look();
    expect(heard).toHaveLength(65_535);
    expect(heard).not.toContain('192.0.2.51 until 0');
    expect(reader.status()).toMatchObject([{ leases: 65_537, problem: expect.stringContaining('more than 65536 addresses') }]);
    await reader.again();
    expect(snapshots).toEqual([]);
    expect(heard).not.toContain('192.0.2.51 until 0');
  });

  it('ends no lease that another server still has', async () => {
    const second = join(folder, 'second.leases');
    const both = new LeaseReader({
      files: [path, second].map((file) => ({ path: file, format: 'auto' as const })),
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

  it('says of each file how it is doing', async () => {
    const isc = join(folder, 'dhcpd.leases');
    const files = [path, isc, folder].map((file) => ({ path: file, format: 'auto' as const }));
    const all = new LeaseReader({ files, logger: createLogger({ level: 'silent' }), onLease: () => undefined });
    const fresh = { format: null, leases: 0, declined: 0, malformed: 0, problem: null };
    expect(all.status()).toEqual(files.map((file) => ({ ...fresh, path: file.path })));
    writeFileSync(path, `garbage\n${line(50)}${line(51)}`);
    writeFileSync(isc, 'lease 192.0.2.60 { ends never; binding state abandoned; }\nlease 192.0.2.61 {');
    await all.look();
    expect(all.status()).toEqual([
      { ...fresh, path, format: 'dnsmasq', leases: 2, malformed: 1 },
      { ...fresh, path: isc, format: 'isc', declined: 1 },
      { ...fresh, path: folder, problem: 'it is not a file' },
    ]);
    rmSync(path);
    await all.look();
    expect(all.status()[0]).toMatchObject({ leases: 2, problem: 'there is no such file' });
    writeFileSync(path, line(50));
    await all.look();
    expect(all.status()[0]).toMatchObject({ leases: 1, malformed: 0, problem: null });
  });

  it('tells of all leases and of those that are over whenever something changed, once every file has been read', async () => {
    const second = join(folder, 'dhcpd.leases');
    const told: string[][] = [];
    const both = new LeaseReader({
      files: [path, second].map((file) => ({ path: file, format: 'auto' as const })),
      logger: createLogger({ level: 'silent' }),
      onLease: () => undefined,
      onLeases: (leases, former) => told.push([...leases.map(({ address }) => address), ...former].map(formatIpv4)),
    });
    writeFileSync(path, line(50));
    await both.look();
    expect(told).toEqual([]);
    writeFileSync(second, 'lease 192.0.2.60 { ends never; binding state free; }\n');
    await both.look();
    await both.look();
    expect(told).toEqual([['192.0.2.50', '192.0.2.60']]);
    rmSync(path);
    writeFileSync(second, 'lease 192.0.2.61 { ends never; binding state active; }\n');
    await both.look();
    expect(told.slice(1)).toEqual([['192.0.2.50', '192.0.2.61']]);
    await both.again();
    expect(told).toHaveLength(2);
  });

  it('tells once that there are none where no file is configured, and gives no snapshot', async () => {
    const told: unknown[] = [];
    const none = new LeaseReader({
      files: [],
      logger: createLogger({ level: 'silent' }),
      onLease: () => undefined,
      onSnapshot: () => told.push('snapshot'),
      onLeases: (...all) => told.push(all),
    });
    await none.look();
    await none.look();
    expect(told).toEqual([[[], []]]);
  });

  it('says each trouble once: what is malformed, who was found at a leased address, a file that is gone', async () => {
    const said: string[] = [];
    const logger = pino({ level: 'info' }, { write: (text: string) => said.push(JSON.parse(text).msg) });
    const spoken = new LeaseReader({ files: [{ path, format: 'isc' }], logger, onLease: () => undefined });
    const abandoned = (last: number): string => `lease 192.0.2.${last} { ends never; binding state abandoned; }\n`;
    for (const text of ['what;\n', 'what;\n\n', `what;${abandoned(5)}`, `what;${abandoned(5)}\n`]) {
      writeFileSync(path, text);
      await spoken.look();
    }
    rmSync(path);
    await spoken.look();
    await spoken.look();
    expect(said).toEqual([
      'parts of a lease file were not understood, ignoring them',
      'the DHCP server holds addresses back, as it found somebody else there',
      'a lease file cannot be read; looking again every few seconds',
    ]);
  });

  it('reads a large file more rarely', async () => {
    const filler = `# ${'x'.repeat(1021)}\n`.repeat(4 * 1024 + 1);
    const lease = (last: number): string => `lease 192.0.2.${last} { ends epoch 2000000000; binding state active; }\n`;
    writeFileSync(path, filler + lease(50));
    await reader.look();
    writeFileSync(path, filler + lease(50) + lease(51));
    await reader.look();
    expect(heard).toEqual(['192.0.2.50 until 2000000000']);
    await reader.look();
    expect(heard).toEqual(['192.0.2.50 until 2000000000', '192.0.2.51 until 2000000000']);
  });
});
