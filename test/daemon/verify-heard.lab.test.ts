/** What is heard of a range while it is verified, ARP and DHCP: a device that only asks for an address keeps it from being free. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { VerifyAnswer } from '../../src/http/service.ts';
import { dhcpRequest, probe } from '../lab/arp-frames.ts';
import { startDhcpClient, startDhcpServer } from '../lab/dhcp.ts';
import { type Injector, startInjector } from '../lab/injector.ts';
import { createLan, type Lan } from '../lab/lan.ts';
import { needs } from '../lab/needs.ts';
import { type SimulatedHosts, startSimulatedHosts } from '../lab/simulated-hosts.ts';
import { GATEWAY, macOf, OWN, OWN_MAC, segmentsOn } from './guarded.ts';
import { type RunningDaemon, runDaemon, until } from './running.ts';
import { HOUR_PROOF, seedLedger } from './seeded.ts';

const CIDR = '192.0.2.0/24';
const STRANGER = macOf(0x77);
const SCANNER = macOf(0x88);

let lan: Lan;
let hosts: SimulatedHosts;
let injector: Injector;
let daemon: RunningDaemon;

beforeAll(async () => {
  lan = await createLan({ cidr: CIDR, ownAddress: OWN, ownMac: OWN_MAC, gateway: GATEWAY });
  hosts = await startSimulatedHosts(lan, [{ id: 'gateway', addresses: [GATEWAY], macs: [macOf(1)] }]);
  injector = await startInjector(lan);
  daemon = await runDaemon(`${segmentsOn(lan)}${HOUR_PROOF}\n`, (path) => seedLedger(path, CIDR));
  await daemon.sweep();
});
afterAll(async () => {
  await daemon?.stop();
  await injector?.close();
  await hosts?.close();
  await lan?.close();
});

/** @param act in the middle of the run: its first probe has left */
async function verify(first: string, last: string, act: () => Promise<unknown> = async () => undefined): Promise<VerifyAnswer> {
  await hosts.forget();
  const asked = daemon.client.post<VerifyAnswer>('/verify', { range: `${first}-${last}`, dhcpSpans: 'ignore' });
  const probed = async () => (await hosts.report([first])).requests.some(({ address, count }) => address === first && count > 0);
  await Promise.race([asked, until('the run has begun', probed, 20_000)]);
  await act();
  return asked;
}

describe('a range that is verified', () => {
  it('is free where nobody speaks', async () => {
    expect(await verify('192.0.2.100', '192.0.2.107')).toMatchObject({
      free: true,
      live: { valid: true, conflicts: [], heard: [] },
    });
  });

  it('is not free where a DHCP client asks for an address of it, though nobody answers for it', async () => {
    const answer = await verify('192.0.2.110', '192.0.2.117', () =>
      injector.send(dhcpRequest(STRANGER, '192.0.2.112', '192.0.2.2', 'printer')),
    );
    expect(answer).toMatchObject({
      free: false,
      live: {
        valid: true,
        conflicts: [],
        heard: [{ address: '192.0.2.112', mac: STRANGER, hostname: 'printer', sources: ['dhcp-request'], intent: true }],
      },
    });
    expect(answer.withheld).toMatchObject([{ start: '192.0.2.112', end: '192.0.2.112', reasonCode: 'intent-within-window' }]);
    expect(Date.parse(answer.live.heard[0]?.at ?? '')).toBeGreaterThanOrEqual(Date.parse(answer.live.heardSince));
  });

  it('is free where a scanner asks for all addresses of the network, and the scanner is named', async () => {
    const all = Array.from({ length: 254 }, (_, n) => probe(SCANNER, `192.0.2.${n + 1}`));
    const answer = await verify('192.0.2.120', '192.0.2.127', () => injector.send(...all));
    expect(answer).toMatchObject({ free: true, live: { valid: true, conflicts: [], scanners: [SCANNER], heard: [] } });
  });

  it('is not free where a device probes for an address of it beside a scanner', async () => {
    const all = Array.from({ length: 254 }, (_, n) => probe(SCANNER, `192.0.2.${n + 1}`));
    const answer = await verify('192.0.2.130', '192.0.2.137', () => injector.send(...all, probe(STRANGER, '192.0.2.131')));
    expect(answer).toMatchObject({
      free: false,
      live: {
        conflicts: [{ address: '192.0.2.131', mac: STRANGER, kind: 'probed' }],
        heard: [{ address: '192.0.2.131', mac: STRANGER, sources: ['arp-probe'], intent: true }],
      },
    });
  });
});

needs('dnsmasq', 'udhcpc')('a range that a DHCP server hands out', () => {
  it('is not free where a client is given an address of it meanwhile', async () => {
    const server = await startDhcpServer(lan, { address: '192.0.2.2', rangeStart: '192.0.2.150', rangeEnd: '192.0.2.157' });
    let mac = '';
    try {
      const answer = await verify('192.0.2.150', '192.0.2.157', async () => {
        const client = await startDhcpClient(lan, { requests: '192.0.2.153', hostname: 'scale', broadcast: true });
        mac = client.mac;
        await client.release();
        await client.close();
      });
      expect(answer.free).toBe(false);
      const intent = answer.live.heard.find((one) => one.address === '192.0.2.153' && one.intent);
      expect(intent).toMatchObject({ mac, hostname: 'scale' });
      expect(intent?.sources).toEqual(expect.arrayContaining(['dhcp-request', 'dhcp-ack']));
    } finally {
      await server.close();
    }
  });
});
