import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { wireSurroundings } from '../../src/cli/smoke-test-interfaces.ts';
import { connectTcp, createWire, type WireInterface } from '../../src/cli/smoke-test-wire.ts';
import { type Cidr, parseCidr } from '../../src/core/address/cidr.ts';
import { formatIpv4, type Ipv4, parseIpv4 } from '../../src/core/address/ipv4.ts';
import { formatRange } from '../../src/core/address/range.ts';
import { EXIT } from '../../src/core/error.ts';
import type { ScanReport, ScanRequest } from '../../src/watch/scan-types.ts';
import { macOf } from '../cluster-room/smoke/stage.ts';

const ip = (text: string): Ipv4 => {
  const read = parseIpv4(text);
  if (!read.ok) throw new Error(read.error);
  return read.value;
};
const cidr = (text: string): Cidr => {
  const read = parseCidr(text);
  if (!read.ok) throw new Error(read.error);
  return read.value;
};
const NEVER = new AbortController().signal;
const LAN: WireInterface = { name: 'lan0', networks: [cidr('192.0.2.0/24')], named: false };
const OTHER: WireInterface = { name: 'lan1', networks: [cidr('198.51.100.0/24')], named: false };

function scanner(valid = true) {
  const asked: ScanRequest[] = [];
  const scan = async (request: ScanRequest): Promise<ScanReport> => {
    asked.push(request);
    const hosts = (request.only ?? []).map(({ first }) => ({
      address: first,
      macs: [macOf('02:00:00:00:00:01')],
      sources: [],
      verdict: 'occupied' as const,
    }));
    const nothing = {
      sendFailures: 0,
      repliesReceived: 0,
      kernelDrops: 0,
      standIns: [],
      startedMs: 0,
      durationMs: 0,
      probesSent: 0,
    };
    const range = request.range ?? { first: ip('0.0.0.0'), last: ip('0.0.0.0') };
    return { ...nothing, interfaceName: request.interfaceName, range, hosts, valid, invalidReason: valid ? null : 'link-down' };
  };
  const shown = () =>
    asked.map(({ interfaceName, range, only }) => [
      interfaceName,
      range === null ? null : formatRange(range),
      (only ?? []).map(formatRange),
    ]);
  return { scan, shown };
}

describe('createWire', () => {
  it('asks just for the addresses, in the network that holds them', async () => {
    const { scan, shown } = scanner();
    const wire = createWire([OTHER, LAN], scan, () => ({}));
    const look = await wire.ask(['192.0.2.200', '192.0.2.11', '203.0.113.5'].map(ip), NEVER);
    // A node behind a router is not asked for: it would not hear it.
    expect(shown()).toEqual([['lan0', '192.0.2.0-192.0.2.255', ['192.0.2.11', '192.0.2.200']]]);
    expect([...look.answers.keys()].map(formatIpv4)).toEqual(['192.0.2.11', '192.0.2.200']);
    expect(look).toMatchObject({ from: 'lan0', invalid: null });
  });

  it('asks alone for an address of no network, from an interface that was named', async () => {
    const { scan, shown } = scanner();
    await createWire([{ ...LAN, named: true }], scan, () => ({})).ask(['203.0.113.5', '192.0.2.11'].map(ip), NEVER);
    expect(shown()).toEqual([
      ['lan0', '203.0.113.5', ['203.0.113.5']],
      ['lan0', '192.0.2.0-192.0.2.255', ['192.0.2.11']],
    ]);
  });

  it('sends nothing where no interface has the network', async () => {
    const { scan, shown } = scanner();
    await expect(createWire([OTHER], scan, () => ({})).ask([ip('192.0.2.200')], NEVER)).rejects.toMatchObject({
      code: 'wire-unavailable',
    });
    expect(shown()).toEqual([]);
  });

  it('does not ask for what this machine holds, and says what that is', async () => {
    const { scan, shown } = scanner();
    const own = {
      lan0: [{ address: '192.0.2.11', family: 'IPv4' as const, cidr: '192.0.2.11/24', internal: false, mac: '', netmask: '' }],
    };
    const look = await createWire([LAN], scan, () => own).ask(['192.0.2.200', '192.0.2.11'].map(ip), NEVER);
    expect(shown()).toEqual([['lan0', '192.0.2.0-192.0.2.255', ['192.0.2.200']]]);
    expect([...look.own].map(formatIpv4)).toEqual(['192.0.2.11']);
  });

  it('keeps to what may be swept at once in a wide network', async () => {
    const { scan, shown } = scanner();
    await createWire([{ ...LAN, networks: [cidr('10.0.0.0/8')] }], scan, () => ({})).ask(
      ['10.1.2.3', '10.1.2.4', '10.9.0.1'].map(ip),
      NEVER,
    );
    expect(shown().map(([, range]) => range)).toEqual(['10.1.0.0-10.1.255.255', '10.9.0.0-10.9.255.255']);
  });

  it('says where a look does not count', async () => {
    const look = await createWire([LAN], scanner(false).scan, () => ({})).ask([ip('192.0.2.200')], NEVER);
    expect(look.invalid).toBe('link-down');
  });
});

describe('connectTcp', () => {
  it('connects and hangs up', async () => {
    const server = createServer();
    const closed = new Promise<void>(
      (resolve) =>
        void server.on('connection', (socket) =>
          socket
            .on('error', () => undefined)
            .on('close', () => resolve())
            .resume(),
        ),
    );
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    await connectTcp(ip('127.0.0.1'), (server.address() as AddressInfo).port, NEVER);
    await closed;
    server.close();
  });

  it('says why it does not', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise<void>((resolve) => void server.close(() => resolve()));
    await expect(connectTcp(ip('127.0.0.1'), port, NEVER)).rejects.toThrow(/ECONNREFUSED/);
  });
});

describe('wireSurroundings', () => {
  const folder = mkdtempSync(join(tmpdir(), 'freehold-smoke-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const config = (text: string): string => {
    const path = join(folder, 'freehold.yaml');
    writeFileSync(path, text);
    return path;
  };
  const NOBODY = { socket: join(folder, 'no-daemon') };

  it('takes the interfaces and speakers of the configuration', async () => {
    const path = config(
      'segments: [{ name: lan, interface: lan9, cidr: 192.0.2.0/24 }]\nmetallb: { speakers: ["02:00:00:00:00:01"] }\n',
    );
    expect(await wireSurroundings({ ...NOBODY, config: path })).toEqual({
      interfaces: [{ name: 'lan9', networks: [cidr('192.0.2.0/24')], named: false }],
      speakers: new Set(['02:00:00:00:00:01']),
    });
  });

  it('prefers the one that is named', async () => {
    const path = config('segments: [{ name: lan, interface: lan9, cidr: 192.0.2.0/24 }]\n');
    const { interfaces } = await wireSurroundings({ ...NOBODY, config: path, interface: 'lo' });
    expect(interfaces).toEqual([{ name: 'lo', networks: [cidr('127.0.0.0/8')], named: true }]);
  });

  it('refuses one that is not there: exit 2', async () => {
    await expect(wireSurroundings({ ...NOBODY, config: config('{}'), interface: 'nowhere0' })).rejects.toMatchObject({
      exitCode: EXIT.usage,
    });
  });

  it('refuses a configuration that is named and wrong', async () => {
    await expect(wireSurroundings({ ...NOBODY, config: config('segmants: []') })).rejects.toMatchObject({
      code: 'config-invalid',
    });
  });

  it('has none without a segment and without a daemon, or with one elsewhere', async () => {
    expect((await wireSurroundings({ ...NOBODY, config: config('{}') })).interfaces).toEqual([]);
    // A name of the documentation: it must not even be asked.
    expect((await wireSurroundings({ url: 'http://freehold.invalid:5227', config: config('{}') })).interfaces).toEqual([]);
  });
});
