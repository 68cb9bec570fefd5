/** What the daemon learns of DHCP, from nothing heard at all to two servers and a lease file. One story, told in order. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { DhcpAnswer, DhcpServerJson } from '../../src/http/guard-service.ts';
import type { FreeRangesAnswer } from '../../src/http/service.ts';
import { type DhcpClient, type DhcpServer, startDhcpClient, startDhcpServer } from '../lab/dhcp.ts';
import { needs } from '../lab/needs.ts';
import { type Follower, followEvents } from './follower.ts';
import { type Guarded, startGuarded } from './guarded.ts';
import { QUICK, until } from './running.ts';

let guarded: Guarded;
let follower: Follower;
let server: DhcpServer;
const clients: DhcpClient[] = [];

const dhcp = async () => {
  const answer = await guarded.daemon.client.get<DhcpAnswer>('/dhcp');
  const [segment] = answer.segments;
  if (segment === undefined) throw new Error('no segment');
  return { ...segment, files: answer.files };
};
const heard = async (address: string): Promise<DhcpServerJson | undefined> =>
  (await dhcp()).servers.find((one) => one.server === address);
const overlapAlerts = () => guarded.alerts().filter(({ message }) => message.conflict?.kind === 'scope-overlap');

beforeAll(async () => {
  guarded = await startGuarded({ config: `${QUICK}\n` });
  follower = await followEvents(guarded.daemon);
  await guarded.daemon.sweep();
});
afterAll(async () => {
  follower?.close();
  await guarded?.close();
});

needs('dnsmasq', 'udhcpc')('what is known of DHCP', () => {
  it('is nothing as long as nothing was heard, which is not the same as no server', async () => {
    expect(await dhcp()).toMatchObject({ state: 'unknown', servers: [], leases: [], files: [] });
  });

  it('is the server, and the span that it was heard to hand out', async () => {
    server = await startDhcpServer(guarded.lan, { address: '192.0.2.2', rangeStart: '192.0.2.150', rangeEnd: '192.0.2.210' });
    clients.push(await startDhcpClient(guarded.lan, { requests: '192.0.2.150', hostname: 'one', broadcast: true }));
    await until('the server', async () => (await heard('192.0.2.2'))?.span !== undefined);
    expect(await dhcp()).toMatchObject({ state: 'heard', servers: [{ unexpected: false, overlaps: [] }] });
    expect((await heard('192.0.2.2'))?.span).toEqual({ start: '192.0.2.150', end: '192.0.2.150', size: 1 });
    expect(overlapAlerts()).toEqual([]);

    clients.push(await startDhcpClient(guarded.lan, { requests: '192.0.2.204', hostname: 'two', broadcast: true }));
    await until('the wider span', async () => (await heard('192.0.2.2'))?.span?.end === '192.0.2.204');
    expect(await heard('192.0.2.2')).toMatchObject({
      mac: expect.stringMatching(/^..:..:..:..:..:..$/),
      span: { start: '192.0.2.150', end: '192.0.2.204', size: 55 },
      overlaps: [{ pool: 'production-pool', start: '192.0.2.204', end: '192.0.2.204', size: 1 }],
    });
    await until('the leases', async () => (await dhcp()).leases.length === 2);
    expect((await dhcp()).leases).toMatchObject([
      { address: '192.0.2.150', hostname: 'one', source: 'dhcp-ack', pool: null },
      { address: '192.0.2.204', hostname: 'two', source: 'dhcp-ack', pool: 'production-pool', mac: clients[1]?.mac },
    ]);
  });

  it('is told as a scope-overlap once it reaches into the pool', async () => {
    await until('the alert', () => overlapAlerts().length > 0);
    expect(overlapAlerts()[0]?.message).toMatchObject({
      event: 'opened',
      conflict: { address: '192.0.2.204', overlap: { start: '192.0.2.204', end: '192.0.2.204' }, pool: 'production-pool' },
    });
    const conflict = (await guarded.conflicts()).find(({ kind }) => kind === 'scope-overlap');
    expect(conflict).toMatchObject({ kind: 'scope-overlap', state: 'open', overlap: { size: 1 } });
  });

  it('keeps free ranges clear of the span, of addresses that nobody has too', async () => {
    const free = async () => guarded.daemon.client.get<FreeRangesAnswer>('/free-ranges');
    await until(
      'free ranges',
      async () => {
        await guarded.daemon.sweep();
        return (await free()).ranges.some(({ size }) => size > 50);
      },
      40_000,
    );
    const { ranges, withheld } = await free();
    const last = (address: string): number => Number(address.split('.')[3]);
    expect(ranges.filter(({ start, end }) => last(start) <= 204 && last(end) >= 150)).toEqual([]);
    const inSpan = withheld.find(({ start, end }) => last(start) <= 180 && last(end) >= 180);
    expect(inSpan?.reason).toMatch(/DHCP/);
  });

  it('is a notice where a second server turns up', async () => {
    const rogue = await startDhcpServer(guarded.lan, { address: '192.0.2.3', rangeStart: '192.0.2.90', rangeEnd: '192.0.2.99' });
    clients.push(await startDhcpClient(guarded.lan, { hostname: 'three', broadcast: true }));
    await until('the second server', async () => (await heard('192.0.2.3')) !== undefined);
    expect(await heard('192.0.2.3')).toMatchObject({ unexpected: true });
    expect(await heard('192.0.2.2')).toMatchObject({ unexpected: false });
    await until('the notice', () => follower.events.some(({ type }) => type === 'notice'));
    expect(follower.events.find(({ type }) => type === 'notice')?.data).toMatchObject({
      code: 'dhcp-server-unexpected',
      text: expect.stringContaining('192.0.2.3'),
    });
    await rogue.close();
  });

  it('follows the lease file', async () => {
    await guarded.daemon.reload(`${guarded.config}dhcp: { leases: [${server.leaseFile}] }\n`);
    const fromFile = async () => (await dhcp()).leases.filter(({ source }) => source === 'lease-file');
    await until('the leases', async () => (await fromFile()).length >= 2, 20_000);
    expect(await fromFile()).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ address: '192.0.2.150', hostname: 'one', mac: clients[0]?.mac }),
        expect.objectContaining({ address: '192.0.2.204', hostname: 'two', pool: 'production-pool' }),
      ]),
    );
    expect((await dhcp()).files).toMatchObject([{ path: server.leaseFile, format: 'dnsmasq', malformed: 0, problem: null }]);
    expect((await heard('lease-file'))?.overlaps).toMatchObject([{ pool: 'production-pool' }]);

    await clients[1]?.release();
    await until('the end of the lease', async () => !(await fromFile()).some(({ address }) => address === '192.0.2.204'), 30_000);
    expect((await fromFile()).map(({ address }) => address)).toContain('192.0.2.150');
  });
});
