/** Alerts where something is in trouble: a channel in every way, the disk, and a configuration that changes under them. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, expect, it } from 'vitest';
import type { Mac } from '../../src/core/address/mac.ts';
import type { ConflictsAnswer } from '../../src/http/guard-service.ts';
import { announcement, dhcpRequest } from '../lab/arp-frames.ts';
import { startInjector } from '../lab/injector.ts';
import { createLan } from '../lab/lan.ts';
import { startSimulatedHosts } from '../lab/simulated-hosts.ts';
import { GATEWAY, type GuardedProcess, macOf, metallb, OWN, segmentsOn, startGuardedProcess } from './guarded.ts';
import { runDaemon, until } from './running.ts';
import { startWebhook, type Webhook } from './webhook.ts';

const MEBI = 1 << 20;
const PATIENCE_MS = 30_000;
/** After half a minute of trouble the next try may be a minute away. */
const BACK_OFF_MS = 150_000;
const poolAddress = (index: number): string => `192.0.2.${200 + index}`;

const closers: (() => unknown)[] = [];
const closing = <T extends { close(): Promise<void> }>(one: T): T => {
  closers.push(() => one.close());
  return one;
};
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const channels = (named: Readonly<Record<string, Webhook>>): string =>
  `alerts: { channels: [${Object.entries(named)
    .map(([name, { url }]) => `{ name: ${name}, type: webhook, url: "${url}" }`)
    .join(', ')}] }\n`;

const idsAt = ({ received }: Webhook): string[] => received.map(({ message }) => message.id);
/** Of one stranger's conflict, repetitions left out: an answer that was cut off is asked for again (at least once). */
const eventsAt = ({ received }: Webhook, mac: Mac): string[] => [
  ...new Map(
    received.filter(({ message }) => message.conflict?.mac === mac).map(({ message }) => [message.id, message.event]),
  ).values(),
];
const arrives = (webhook: Webhook, mac: Mac, ...events: readonly string[]) =>
  until(`${events.join(', ')} of ${mac}`, () => events.every((event) => eventsAt(webhook, mac).includes(event)), PATIENCE_MS);

/** Deliveries that a channel has still to do, as the ledger has them. */
function waitingFor(channel: string, { daemon }: GuardedProcess): number {
  const database = new Database(daemon.ledgerPath, { readonly: true, timeout: 5000 });
  try {
    const sql = 'SELECT count(*) FROM delivery WHERE channel = ? AND outcome IS NULL';
    return database.prepare<[string], number>(sql).pluck().get(channel) ?? 0;
  } finally {
    database.close();
  }
}

it('a channel in trouble loses nothing and delays nobody', { timeout: 300_000 }, async () => {
  const [bad, good] = [closing(await startWebhook()), closing(await startWebhook())];
  const scene = closing(await startGuardedProcess());
  await scene.daemon.reload(`${segmentsOn(scene.lan)}${metallb()}${channels({ bad, good })}`);
  // Whoever is told first by both shows that the new configuration is in force.
  await scene.daemon.sweep();
  await until('both channels', async () => {
    await scene.injector.send(announcement(macOf(0x30), poolAddress(0)));
    return bad.received.length > 0 && good.received.length > 0;
  });
  const before = scene.daemon.memory().now;

  let tries = 0;
  const trouble = (what: (response: ServerResponse) => unknown) => () =>
    bad.behave((_, response) => {
      tries++;
      what(response);
    });
  const troubles: readonly [name: string, begin: () => unknown][] = [
    ['500', trouble((response) => response.writeHead(500).end())],
    ['redirect', trouble((response) => response.writeHead(302, { location: good.url }).end())],
    ['reset', trouble((response) => response.destroy())],
    ['hang', trouble(() => undefined)],
    ['refused', () => bad.shut()],
  ];
  const strangerOf = (index: number): Mac => macOf(0x40 + index);
  for (const [index, [name, begin]] of troubles.entries()) {
    await begin();
    const triesBefore = tries;
    const [mac, address] = [strangerOf(index), poolAddress(10 + index)];
    await scene.injector.send(dhcpRequest(mac, address, GATEWAY));
    await arrives(good, mac, 'opened');
    await scene.injector.send(announcement(mac, address));
    await arrives(good, mac, 'opened', 'escalated');
    expect(await scene.daemon.sweep()).toMatchObject({ valid: true });
    if (name !== 'refused') await until(`a try that meets "${name}"`, () => tries > triesBefore, BACK_OFF_MS);
  }
  await until(
    'the end of all conflicts, told by the channel that works',
    async () => {
      expect(await scene.daemon.sweep()).toMatchObject({ valid: true });
      return troubles.every((_, index) => eventsAt(good, strangerOf(index)).includes('closed'));
    },
    60_000,
  );
  for (const [index] of troubles.entries()) expect(eventsAt(bad, strangerOf(index))).toEqual([]);
  expect(waitingFor('bad', scene)).toBeGreaterThanOrEqual(3 * troubles.length);
  // No redirect was followed.
  expect(new Set(idsAt(good)).size).toBe(good.received.length);

  bad.answerAfter(() => 300);
  bad.behave(null);
  await bad.open();
  await until('an empty outbox', () => waitingFor('bad', scene) === 0, BACK_OFF_MS);
  for (const [index] of troubles.entries()) expect(eventsAt(bad, strangerOf(index))).toEqual(['opened', 'escalated', 'closed']);
  expect(scene.daemon.memory().now - before).toBeLessThan(128 * MEBI);
});

it('a reload gives new alerts to new channels, and takes those that wait from removed ones', async () => {
  const [bad, good, late] = [closing(await startWebhook()), closing(await startWebhook()), closing(await startWebhook())];
  const scene = closing(await startGuardedProcess());
  const configure = async (named: Readonly<Record<string, Webhook>>, probe: Webhook, address: string, last: number) => {
    await scene.daemon.reload(`${segmentsOn(scene.lan)}${metallb()}${channels(named)}`);
    // A new stranger each time, until one is told by the channel that shows it.
    await until('the new configuration', async () => {
      await scene.injector.send(announcement(macOf(last++), address));
      return probe.received.length > 0;
    });
  };
  await configure({ bad, good }, good, poolAddress(0), 0x500);
  bad.behave((_, response) => void response.writeHead(503).end());
  await scene.injector.send(announcement(macOf(0x41), poolAddress(1)));
  await arrives(good, macOf(0x41), 'opened');
  await until('what waits for the bad one', () => waitingFor('bad', scene) > 0);
  await configure({ good, late }, late, poolAddress(2), 0x600);
  expect(waitingFor('bad', scene)).toBe(0);
  bad.behave(null);
  const badBefore = bad.received.length;
  await scene.injector.send(announcement(macOf(0x42), poolAddress(3)));
  await arrives(late, macOf(0x42), 'opened');
  await arrives(good, macOf(0x42), 'opened');
  expect(eventsAt(late, macOf(0x41))).toEqual([]);
  expect(bad.received).toHaveLength(badBefore);
});

it('while the disk refuses, alerts go out from memory, and not again when it takes them at last', async () => {
  const sh = (script: string) => expect(spawnSync('sh', ['-c', script], { encoding: 'utf8' })).toMatchObject({ status: 0 });
  const mount = mkdtempSync(join(tmpdir(), 'freehold-full-'));
  closers.push(() => rmSync(mount, { recursive: true }));
  sh(`mount -t tmpfs -o size=2m tmpfs ${mount} && mkdir ${mount}/db`);
  closers.push(() => sh(`umount ${mount}`));
  const lan = closing(await createLan({ cidr: '192.0.2.0/24', ownAddress: OWN, gateway: GATEWAY }));
  closing(await startSimulatedHosts(lan, [{ id: 'gateway', addresses: [GATEWAY], macs: [macOf(1)] }]));
  const injector = closing(await startInjector(lan));
  const hook = closing(await startWebhook());
  const start = () =>
    runDaemon(`${segmentsOn(lan)}${metallb()}${channels({ hook })}`, undefined, join(mount, 'db', 'freehold.db'));
  let daemon = await start();
  closers.push(() => daemon.stop());
  const conflicts = async () =>
    (await daemon.client.get<ConflictsAnswer>('/conflicts', { state: 'all', limit: 1000 })).conflicts.map(({ id }) => id);
  const isWritable = async (): Promise<boolean> =>
    daemon.client.get<unknown>('/free-ranges').then(
      () => true,
      (error: { code?: string }) => error.code !== 'ledger-not-writable',
    );

  spawnSync('sh', ['-c', `head -c 4m /dev/zero > ${mount}/filler`]);
  let number = 0;
  await until(
    'the disk refuses',
    async () => {
      await injector.send(announcement(macOf(0x1000 + number), poolAddress(number % 10)));
      number++;
      return !(await isWritable());
    },
    PATIENCE_MS,
  );
  const strangers = Array.from({ length: 5 }, (_, index) => ({ address: poolAddress(20 + index), mac: macOf(0x2000 + index) }));
  await injector.send(...strangers.map(({ mac, address }) => announcement(mac, address)));
  for (const { mac } of strangers) await arrives(hook, mac, 'opened');
  expect(await isWritable()).toBe(false);

  rmSync(join(mount, 'filler'));
  await until('it can be written again', isWritable, PATIENCE_MS);
  const ids = (): number[] => hook.received.map(({ message }) => message.conflict?.id ?? 0);
  await until('all conflicts are stored', async () => {
    const stored = await conflicts();
    return ids().every((id) => stored.includes(id));
  });
  // Another one, told after all of them have been settled, before and after a restart.
  for (const last of [0x3000, 0x3001]) {
    await injector.send(announcement(macOf(last), poolAddress(30)));
    await until('the next alert', () => hook.received.some(({ message }) => message.conflict?.mac === macOf(last)));
    for (const { mac } of strangers) expect(eventsAt(hook, mac)).toEqual(['opened']);
    expect(new Set(idsAt(hook)).size).toBe(hook.received.length);
    await daemon.stop();
    daemon = await start();
  }
});
