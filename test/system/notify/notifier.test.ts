import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { createLogger } from '../../../src/system/logger.ts';
import { openDatagramSocket } from '../../../src/system/notify/datagram.ts';
import { createNotifier, type Notifier } from '../../../src/system/notify/notifier.ts';
import { needs } from '../../lab/needs.ts';
import { type Receiver, receiver } from './receiver.ts';

const folder = mkdtempSync(join(tmpdir(), 'freehold-notify-'));
const closers: (() => void)[] = [];
let used = 0;
const pathName = (): string => join(folder, `${++used}.sock`);
const abstractName = (): string => `@freehold-test-${process.pid}-${++used}`;

afterEach(() => {
  for (const close of closers.splice(0).reverse()) close();
});
afterAll(() => rmSync(folder, { recursive: true }));

function listening(name: string, options = {}): Receiver {
  const it = receiver(name, options);
  closers.push(() => it.close());
  return it;
}

function notifier(env: NodeJS.ProcessEnv, parts?: Parameters<typeof createNotifier>[2]): Notifier & { readonly log: string[] } {
  const log: string[] = [];
  const logger = createLogger({
    level: 'debug',
    pretty: false,
    journal: false,
    stream: { write: (line) => void log.push(line) },
  });
  const made = createNotifier(env, logger, parts);
  closers.push(() => made.close());
  return { ...made, log };
}

const tellAll = (to: Notifier): void => {
  to.ready('watching 1 segment');
  to.status('sweeping');
  to.watchdog();
  to.extendTimeout(1500);
  to.stopping();
};
const ALL = [
  'READY=1\nSTATUS=watching 1 segment',
  'STATUS=sweeping',
  'WATCHDOG=1',
  'EXTEND_TIMEOUT_USEC=1500000',
  'STOPPING=1\nSTATUS=stopping',
];

describe.each([
  ['a path', pathName],
  ['an abstract name', abstractName],
])('a service manager at %s', (_, newName) => {
  it('receives every message', () => {
    const manager = listening(newName());
    const { log, ...to } = notifier({ NOTIFY_SOCKET: manager.name });
    tellAll(to);
    expect(manager.take()).toEqual(ALL);
    expect(log).toEqual([]);
  });

  it("receives the time of a reload by the kernel's monotonic clock", () => {
    const manager = listening(newName());
    const before = process.hrtime.bigint() / 1000n;
    const to = notifier({ NOTIFY_SOCKET: manager.name });
    to.reloading();
    to.ready('watching 2 segments');
    const [reloading, ready] = manager.take();
    const [, stamp] = /^RELOADING=1\nMONOTONIC_USEC=(\d+)$/.exec(reloading ?? '') ?? [];
    expect(BigInt(stamp ?? 0)).toBeGreaterThanOrEqual(before);
    expect(BigInt(stamp ?? 0)).toBeLessThanOrEqual(process.hrtime.bigint() / 1000n);
    expect(ready).toBe('READY=1\nSTATUS=watching 2 segments');
  });
});

needs('systemd-notify')('the receiver of these tests', () => {
  it.each([pathName, abstractName])("hears systemd's own client at %o", (newName) => {
    const manager = listening(newName());
    const args = ['--no-block', '--ready', '--status=hello'];
    const { status } = spawnSync('systemd-notify', args, {
      env: { PATH: process.env['PATH'] ?? '', NOTIFY_SOCKET: manager.name },
    });
    expect(status).toBe(0);
    expect(manager.take().join('\n')).toContain('READY=1\nSTATUS=hello');
  });
});

describe('the watchdog', () => {
  it.each([
    ['half of what is allowed', { WATCHDOG_USEC: '60000000' }, 30_000],
    ['not asked for', {}, null],
    ["another process's", { WATCHDOG_USEC: '60000000', WATCHDOG_PID: String(process.pid + 1) }, null],
    ['unusable', { WATCHDOG_USEC: 'soon' }, null],
  ])('%s', (_, env, expected) => {
    const manager = listening(abstractName());
    expect(notifier({ NOTIFY_SOCKET: manager.name, ...env }).watchdogIntervalMs).toBe(expected);
  });

  it('is none where nobody can be told', () => expect(notifier({ WATCHDOG_USEC: '60000000' }).watchdogIntervalMs).toBeNull());
});

describe('nobody to tell', () => {
  it('does nothing without NOTIFY_SOCKET, and opens nothing', () => {
    const open = (): never => {
      throw new Error('opened');
    };
    const { log, ...to } = notifier({}, { pid: 1, monotonicUsec: () => 0n, open });
    tellAll(to);
    expect(log).toEqual([]);
  });

  it.each([
    ['a bad name', () => 'notify', 'NOTIFY_SOCKET is unusable'],
    ['a path that is too long', () => `/${'a'.repeat(200)}`, 'NOTIFY_SOCKET is unusable'],
    ['no such socket', pathName, 'ENOENT'],
    ['nobody at an abstract name', abstractName, 'ECONNREFUSED'],
    [
      'something else than a socket',
      () => {
        const path = join(folder, 'file');
        writeFileSync(path, '');
        return path;
      },
      'ECONNREFUSED',
    ],
  ])('%s: said once, at debug, and never thrown', (_, newName, reason) => {
    const { log, ...to } = notifier({ NOTIFY_SOCKET: newName() });
    tellAll(to);
    tellAll(to);
    expect(log).toHaveLength(1);
    expect(log[0]).toContain('"level":"debug"');
    expect(log[0]).toContain(reason);
  });

  it('a socket that cannot be opened is said once', () => {
    const open = (): never => {
      throw new Error('no more descriptors');
    };
    const { log, ...to } = notifier({ NOTIFY_SOCKET: '@x' }, { pid: 1, monotonicUsec: () => 0n, open });
    tellAll(to);
    expect(log).toHaveLength(1);
    expect(log[0]).toContain('no more descriptors');
  });

  it('goes on where the manager leaves and another one comes', () => {
    const name = pathName();
    const first = receiver(name);
    const { log, ...to } = notifier({ NOTIFY_SOCKET: name });
    to.status('one');
    expect(first.take()).toEqual(['STATUS=one']);
    first.close();
    to.status('two');
    rmSync(name);
    const second = listening(name);
    to.status('three');
    expect(second.take()).toEqual(['STATUS=three']);
    expect(log).toHaveLength(1);
  });
});

describe('what is told', () => {
  it('cannot begin another assignment, and is short', () => {
    const manager = listening(abstractName());
    const to = notifier({ NOTIFY_SOCKET: manager.name });
    to.status(`a\nMAINPID=1\u001b[31m${'x'.repeat(1000)}`);
    const [message = ''] = manager.take();
    expect(message).toMatch(/^STATUS=aMAINPID=1\[31mx+$/);
    expect(message.length).toBe('STATUS='.length + 200);
  });

  it('waits, in order and bounded, while the manager is too busy to take it', async () => {
    const manager = listening(abstractName(), { small: true });
    const { log, ...to } = notifier({ NOTIFY_SOCKET: manager.name });
    const filler = openDatagramSocket();
    closers.push(() => filler.close());
    const address = Buffer.from(`\x01\0${manager.name.replace('@', '\0')}`, 'latin1');
    while (filler.send(Buffer.from('noise'), address) === null);
    for (let i = 0; i < 20; i++) to.status(`old ${i}`);
    to.reloading();
    to.ready('again');
    const heard: string[] = [];
    await expect
      .poll(() => {
        heard.push(...manager.take().filter((text) => text !== 'noise'));
        return heard.at(-1);
      })
      .toBe('READY=1\nSTATUS=again');
    expect(heard).toHaveLength(8);
    expect(heard.at(-2)).toMatch(/^RELOADING=1/);
    expect(heard.slice(0, -2)).toEqual([14, 15, 16, 17, 18, 19].map((i) => `STATUS=old ${i}`));
    expect(log).toHaveLength(1);
    expect(log[0]).toContain('EAGAIN');
  });
});
