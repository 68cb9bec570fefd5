import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, it } from 'vitest';
import { attempt } from './command.ts';
import { startDhcpClient, startDhcpServer } from './dhcp.ts';
import { interfaceNames, namespaceNames } from './guard.ts';
import { createLan, type Lan } from './lan.ts';
import { needs } from './needs.ts';

let lan: Lan | undefined;
const open: { close(): Promise<void> }[] = [];
// Other runs share the machine's own: what is left in this one was left by these tests.
const scratch = mkdtempSync(join(tmpdir(), 'freehold-lab-'));
const before = process.env['TMPDIR'];
process.env['TMPDIR'] = scratch;
afterAll(() => {
  if (before === undefined) delete process.env['TMPDIR'];
  else process.env['TMPDIR'] = before;
  rmSync(scratch, { recursive: true, force: true });
});
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
  await lan?.close();
  lan = undefined;
  expect(interfaceNames()).toEqual(['lo']);
  expect(namespaceNames()).toEqual([]);
  expect(readdirSync(scratch)).toEqual([]);
});

needs(
  'dnsmasq',
  'udhcpc',
  'ping',
)('real DHCP', () => {
  it('gives a client its address, which the client then uses', async () => {
    lan = await createLan({ cidr: '192.0.2.0/24', ownAddress: '192.0.2.1' });
    const server = await startDhcpServer(lan, { address: '192.0.2.2', rangeStart: '192.0.2.100', rangeEnd: '192.0.2.109' });
    open.push(server);
    const client = await startDhcpClient(lan, { mac: '02:00:00:00:00:c1', hostname: 'printer', requests: '192.0.2.105' });
    open.push(client);
    expect(client.address).toBe('192.0.2.105');
    expect(client.mac).toBe('02:00:00:00:00:c1');
    expect(await server.leases()).toMatch(/^\d+ 02:00:00:00:00:c1 192\.0\.2\.105 printer /m);
    expect(server.log()).toMatch(/DHCPACK\(eth0\) 192\.0\.2\.105/);
    expect((await attempt(['ping', '-c', '1', '-W', '1', '192.0.2.105'])).status).toBe(0);

    await client.release();
    await expect.poll(() => server.leases(), { timeout: 5000 }).not.toContain('192.0.2.105');
    expect((await attempt(['ping', '-c', '1', '-W', '1', '192.0.2.105'])).status).not.toBe(0);
  });

  it('serves several clients', async () => {
    lan = await createLan({ cidr: '192.0.2.0/24', ownAddress: '192.0.2.1' });
    open.push(await startDhcpServer(lan, { address: '192.0.2.2', rangeStart: '192.0.2.100', rangeEnd: '192.0.2.101' }));
    // One after the other: two at once may be offered the same address, and the one refused then waits for 3 s.
    const clients = [await startDhcpClient(lan), await startDhcpClient(lan)];
    open.push(...clients);
    expect(clients.map((client) => client.address).toSorted()).toEqual(['192.0.2.100', '192.0.2.101']);
    await expect(startDhcpClient(lan, { timeoutMs: 1000 })).rejects.toThrow(/udhcpc got no lease.*discover/s);
  });

  it('fails clearly where the server cannot start', async () => {
    lan = await createLan({ cidr: '192.0.2.0/24', ownAddress: '192.0.2.1' });
    const wrong = { address: '192.0.2.2', rangeStart: '192.0.2.100', rangeEnd: '192.0.2.109', options: ['--no-such-option'] };
    await expect(startDhcpServer(lan, wrong)).rejects.toThrow(/dnsmasq did not start: it ended/);
  });
});
