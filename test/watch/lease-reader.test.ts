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
    await reader.look();
    expect(heard).toEqual(['192.0.2.50 until 0', '192.0.2.51 until 0']);
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
    expect(snapshots).toEqual([]);
    await both.look();
    await both.look();
    expect(snapshots).toEqual([['192.0.2.50', '192.0.2.61']]);
    rmSync(second);
    await both.again();
    await both.look();
    expect(snapshots).toHaveLength(1);
    writeFileSync(second, '');
    await both.look();
    expect(snapshots).toHaveLength(1);
    await both.look();
    expect(snapshots.slice(1)).toEqual([['192.0.2.50']]);
  });

  it('gives a snapshot again when it could not be taken', async () => {
    writeFileSync(path, line(50));
    snapshotFails = true;
    await reader.look();
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
    await reader.look();
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
    heard.length = 0;
    await both.look();
    await both.look();
    expect(heard).toEqual(['192.0.2.50 until 2000000600']);
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

  it('tells of all leases and of those that are over whenever something changed, of the files that were read', async () => {
    const second = join(folder, 'dhcpd.leases');
    const told: [string[], boolean][] = [];
    const both = new LeaseReader({
      files: [path, second].map((file) => ({ path: file, format: 'auto' as const })),
      logger: createLogger({ level: 'silent' }),
      onLease: () => undefined,
      onLeases: (leases, former, whole) =>
        told.push([[...leases.map(({ address }) => address), ...former].map(formatIpv4), whole]),
    });
    await both.look();
    expect(told).toEqual([]);
    writeFileSync(path, line(50));
    await both.look();
    await both.look();
    expect(told.splice(0)).toEqual([[['192.0.2.50'], false]]);
    writeFileSync(second, 'lease 192.0.2.60 { ends never; binding state free; }\n');
    await both.look();
    await both.look();
    expect(told.splice(0)).toEqual([[['192.0.2.50', '192.0.2.60'], true]]);
    rmSync(path);
    writeFileSync(second, 'lease 192.0.2.61 { ends never; binding state active; }\n');
    await both.look();
    await both.look();
    // What is gone from the second is believed when it is seen twice, and what is gone altogether is kept.
    expect(told.splice(0)).toEqual([
      [['192.0.2.50', '192.0.2.61', '192.0.2.60'], true],
      [['192.0.2.50', '192.0.2.61'], true],
    ]);
    await both.again();
    expect(told).toEqual([[['192.0.2.50', '192.0.2.61'], true]]);
  });

  it('goes on with the others when one file is missing: they are told, only endings and the snapshot wait', async () => {
    const missing = join(folder, 'missing.leases');
    const told: string[][] = [];
    const both = new LeaseReader({
      files: [path, missing].map((file) => ({ path: file, format: 'auto' as const })),
      logger: createLogger({ level: 'silent' }),
      onLease: ({ address, endsMs }) => heard.push(`${formatIpv4(address)} until ${endsMs / 1000}`),
      onLeases: (leases) => told.push(leases.map(({ address }) => formatIpv4(address))),
      onSnapshot: (leases) => snapshots.push(leases.map(({ address }) => formatIpv4(address))),
    });
    writeFileSync(path, line(50) + line(51));
    await both.look();
    writeFileSync(path, line(50));
    await both.look();
    await both.look();
    expect(told).toEqual([['192.0.2.50', '192.0.2.51']]);
    expect([heard, snapshots]).toEqual([['192.0.2.50 until 2000000000', '192.0.2.51 until 2000000000'], []]);
    writeFileSync(missing, line(51));
    await both.look();
    await both.look();
    expect(heard.slice(2)).toEqual(['192.0.2.51 until 2000000000', '192.0.2.51 until 2000000000']);
    expect(snapshots).toEqual([['192.0.2.50', '192.0.2.51']]);
  });

  it.each(['the same reader', 'the next one'])(
    'says of a lease that came around a new beginning that it is new: %s',
    async (who) => {
      const files = [{ path, format: 'auto' as const }];
      const logger = createLogger({ level: 'silent' });
      const said: string[] = [];
      const onLease = ({ address }: { address: Parameters<typeof formatIpv4>[0] }, isNew: boolean) =>
        void said.push(`${formatIpv4(address)} ${isNew}`);
      const first = new LeaseReader({ files, logger, onLease });
      writeFileSync(path, line(50));
      await first.look();
      writeFileSync(path, line(50) + line(51));
      if (who === 'the same reader') await first.again();
      else {
        first.stop();
        await new LeaseReader({ files, logger, onLease, after: first }).look();
      }
      expect(said).toEqual(['192.0.2.50 false', '192.0.2.50 false', '192.0.2.51 true']);
    },
  );

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
    expect(told).toEqual([[[], [], true]]);
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

describe('a file that is cut and written anew', () => {
  const both = line(50) + line(51);
  const looks = async (...texts: readonly string[]): Promise<void> => {
    for (const text of texts) {
      writeFileSync(path, text);
      await reader.look();
    }
  };

  it('ends nothing when a look falls in between, and tells nothing anew', async () => {
    const told: number[] = [];
    const spoken = new LeaseReader({
      files: [{ path, format: 'auto' }],
      logger: createLogger({ level: 'silent' }),
      onLease: ({ address, endsMs }, isNew) => heard.push(`${formatIpv4(address)} until ${endsMs / 1000} ${isNew}`),
      onLeases: (leases) => told.push(leases.length),
    });
    for (const text of [both, '', line(50), both]) {
      writeFileSync(path, text);
      await spoken.look();
    }
    expect(heard).toEqual(['192.0.2.50 until 2000000000 false', '192.0.2.51 until 2000000000 false']);
    expect(new Set(told)).toEqual(new Set([2]));
  });

  it('ends what is still missing when it has not changed for a look', async () => {
    await looks(both, line(50));
    expect(heard).toHaveLength(2);
    await reader.look();
    expect(heard.slice(2)).toEqual(['192.0.2.51 until 0']);
    await reader.look();
    expect(heard).toHaveLength(3);
  });

  it('ends what was missing three times in a row, where the file never stays as it is', async () => {
    await looks(both, line(50, 2_000_000_001), line(50, 2_000_000_002));
    expect(heard.some((one) => one.endsWith(' 0'))).toBe(false);
    await looks(line(50, 2_000_000_003));
    expect(heard.at(-1)).toBe('192.0.2.51 until 0');
  });

  it('ends at once what is missing in a whole file that was moved into its place, and not in half a one', async () => {
    const replace = async (text: string): Promise<void> => {
      writeFileSync(`${path}.new`, text);
      renameSync(`${path}.new`, path);
      await reader.look();
    };
    writeFileSync(path, both);
    await reader.look();
    await replace(line(50).slice(0, -1));
    await replace('');
    expect(heard).toHaveLength(2);
    await replace(line(50));
    expect(heard.slice(2)).toEqual(['192.0.2.51 until 0']);
  });

  it('that says of an address that its lease is over is believed at once', async () => {
    const lease = (state: string): string => `lease 192.0.2.60 { ends never; binding state ${state}; }\n`;
    await looks(lease('active'), lease('active') + lease('free'));
    expect(heard).toHaveLength(2);
    expect(heard[1]).toBe('192.0.2.60 until 0');
  });

  it('ends nothing in the ledger after the start either: no snapshot before it is seen twice', async () => {
    await looks('', both);
    expect(snapshots).toEqual([]);
    await reader.look();
    expect(snapshots).toEqual([['192.0.2.50', '192.0.2.51']]);
  });
});
