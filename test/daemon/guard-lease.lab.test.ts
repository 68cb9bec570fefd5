/** A DHCP server whose range reaches into the pool, and clients that take what it gives them: who is told first? */
import { afterEach, expect, it } from 'vitest';
import { attempt } from '../lab/command.ts';
import { type DhcpClient, startDhcpClient, startDhcpServer } from '../lab/dhcp.ts';
import { needs } from '../lab/needs.ts';
import { type Guarded, startGuarded } from './guarded.ts';
import { until } from './running.ts';
import type { Received } from './webhook.ts';

let guarded: Guarded | null = null;
afterEach(async () => {
  await guarded?.close();
  guarded = null;
});

const start = async (): Promise<Guarded> => {
  guarded = await startGuarded();
  return guarded;
};

const requestMs = ({ message }: Received): number => Date.parse(message.conflict?.firstSeenAt ?? '');
const ms = (from: number, to: number): string => `${(to - from).toFixed(1)} ms`;

needs(
  'dnsmasq',
  'udhcpc',
  'ping',
)('a device that a DHCP server sends into the pool', () => {
  it('is told of before it has the address, and its conflict is open when it answers ARP', async () => {
    const { lan, daemon, alerted, conflicts, alerts } = await start();
    await daemon.sweep();
    await startDhcpServer(lan, { address: '192.0.2.2', rangeStart: '192.0.2.200', rangeEnd: '192.0.2.205' });
    // It probes for 2 s before it takes the address: nothing else makes it wait for us.
    const client = await startDhcpClient(lan, { hostname: 'printer', probesFirst: true });
    const first = await alerted(client.address);
    expect(first.message).toMatchObject({
      event: 'opened',
      severity: 'warning',
      conflict: { kind: 'imminent', mac: client.mac, hostname: 'printer', sources: ['dhcp-request'], pool: 'production-pool' },
    });
    expect(first.atMs).toBeLessThan(client.configured.beforeMs);
    const [open] = await conflicts(client.address);
    expect(open).toMatchObject({ state: 'open', kind: 'imminent', mac: client.mac });
    process.stdout.write(
      `DHCPREQUEST to webhook ${ms(requestMs(first), first.atMs)}; ` +
        `to address configured ${ms(requestMs(first), client.configured.afterMs)}, by a client that probes first\n`,
    );

    expect((await attempt(['ping', '-c', '1', '-W', '5', client.address])).status).toBe(0);
    await daemon.sweep();
    await until('the escalation', () => alerts(client.address).length > 1);
    expect(alerts(client.address)[1]?.message).toMatchObject({
      event: 'escalated',
      severity: 'critical',
      conflict: { id: open?.id, kind: 'squatter', from: 'imminent', mac: client.mac },
    });
    expect(await conflicts(client.address)).toMatchObject([
      { id: open?.id, state: 'open', kind: 'squatter', hostname: 'printer' },
    ]);
  });

  it('is told of whether it probes or not; how often that is first is printed', async () => {
    const { lan, alerted } = await start();
    await startDhcpServer(lan, { address: '192.0.2.2', rangeStart: '192.0.2.200', rangeEnd: '192.0.2.219' });
    const clients: DhcpClient[] = [];
    for (let i = 0; i < 10; i++) clients.push(await startDhcpClient(lan, { hostname: `laptop-${i}` }));
    let firsts = 0;
    for (const client of clients) {
      const alert = await alerted(client.address);
      expect(alert.message.conflict).toMatchObject({ kind: 'imminent', mac: client.mac });
      if (alert.atMs < client.configured.afterMs) firsts++;
      process.stdout.write(
        `DHCPREQUEST to webhook ${ms(requestMs(alert), alert.atMs)}; ` +
          `to address configured ${ms(requestMs(alert), client.configured.afterMs)}\n`,
      );
    }
    process.stdout.write(`The alert was first for ${firsts} of ${clients.length} clients that do not probe\n`);
  });
});
