import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { formatCidr } from '../../src/core/address/cidr.ts';
import { formatIpv4 } from '../../src/core/address/ipv4.ts';
import { watchInterfaces } from '../../src/link/interfaces.ts';
import type { InterfaceFacts, InterfaceWatch } from '../../src/link/types.ts';
import { run } from '../lab/command.ts';
import { assertEnclosed } from '../lab/guard.ts';
import { until, type VethPair, vethPair } from './veth.ts';

assertEnclosed();

let pair: VethPair;
let watch: InterfaceWatch;

beforeEach(async () => {
  pair = await vethPair();
  watch = watchInterfaces();
});

afterEach(async () => {
  watch.close();
  await pair.remove();
});

const near = (): InterfaceFacts | undefined => watch.get(pair.near);
const addresses = (): string[] =>
  near()?.addresses.map(({ address, network }) => `${formatIpv4(address)} in ${formatCidr(network)}`) ?? [];
const gateways = (): string[] => near()?.gateways.map(formatIpv4) ?? [];

describe('watchInterfaces', () => {
  it('knows everything at return', async () => {
    await pair.ip(`addr add 192.0.2.9/24 dev ${pair.near}`);
    await pair.ip(`route add default via 192.0.2.1 dev ${pair.near}`);
    await pair.ip(`link set ${pair.near} address 02:00:00:00:00:77 mtu 1400`);
    const fresh = watchInterfaces();
    try {
      const facts = fresh.get(pair.near);
      expect(facts).toMatchObject({
        name: pair.near,
        mac: '02:00:00:00:00:77',
        mtu: 1400,
        adminUp: true,
        running: true,
        loopback: false,
      });
      expect(facts?.addresses).toEqual([{ address: 0xc0000209, network: { network: 0xc0000200, prefixLength: 24 } }]);
      expect(facts?.gateways).toEqual([0xc0000201]);
      expect(fresh.list().find(({ name }) => name === 'lo')).toMatchObject({ loopback: true, mac: '00:00:00:00:00:00' });
      expect(fresh.list().map(({ name }) => name)).toEqual(expect.arrayContaining(['lo', pair.near, pair.far]));
      expect(fresh.get('nosuch0')).toBeUndefined();
    } finally {
      fresh.close();
    }
  });

  it('sees addresses and gateways come and go', async () => {
    await pair.ip(`addr add 192.0.2.9/24 dev ${pair.near}`);
    await pair.ip(`addr add 192.0.2.10/24 dev ${pair.near}`);
    await pair.ip(`addr add 198.51.100.1 peer 198.51.100.2/32 dev ${pair.near}`);
    await until('the addresses', () => addresses().length === 3);
    expect(addresses()).toEqual(
      ['192.0.2.9 in 192.0.2.0/24', '198.51.100.1 in 198.51.100.2/32', '192.0.2.10 in 192.0.2.0/24'].sort(byOwn),
    );
    await pair.ip(`route add default via 192.0.2.1 dev ${pair.near}`);
    await pair.ip(`route add default via 192.0.2.2 dev ${pair.near} metric 50`);
    await pair.ip(`route add 203.0.113.0/24 via 192.0.2.3 dev ${pair.near}`);
    await pair.ip(`route add default via 192.0.2.4 dev ${pair.near} table 100`);
    await until('the gateways', () => gateways().length === 2);
    expect(gateways().sort()).toEqual(['192.0.2.1', '192.0.2.2']);
    await pair.ip('route del default via 192.0.2.1');
    await until('the one gateway', () => gateways().length === 1);
    await pair.ip(`addr del 192.0.2.10/24 dev ${pair.near}`);
    await until('the other addresses', () => addresses().length === 2);
  });

  it('sees the gateways of a route over several hops', async () => {
    await pair.ip(`addr add 192.0.2.9/24 dev ${pair.near}`);
    await run(['ip', 'route', 'add', 'default', 'nexthop', 'via', '192.0.2.1', 'nexthop', 'via', '192.0.2.2']);
    await until('both', () => gateways().length === 2);
  });

  it('sees a link go down and up, and its routes with it', async () => {
    await pair.ip(`addr add 192.0.2.9/24 dev ${pair.near}`);
    await pair.ip(`route add default via 192.0.2.1 dev ${pair.near}`);
    await until('the gateway', () => gateways().length === 1);
    await pair.ip(`link set ${pair.near} down`);
    await until('down', () => near()?.adminUp === false);
    expect(near()).toMatchObject({ adminUp: false, running: false, gateways: [] });
    expect(addresses()).toHaveLength(1);
    // The other end is up, and has no carrier.
    await until('no carrier', () => watch.get(pair.far)?.running === false);
    expect(watch.get(pair.far)).toMatchObject({ adminUp: true, running: false });
    await pair.ip(`link set ${pair.near} up`);
    await until('both run again', () => near()?.running === true && watch.get(pair.far)?.running === true);
  });

  it('sees a new name, an interface that is deleted, and one that comes', async () => {
    const other = `${pair.near}b`;
    await pair.ip(`link set ${pair.near} down`);
    await pair.ip(`link set ${pair.near} name ${other}`);
    await until('the new name', () => watch.get(other) !== undefined);
    expect(near()).toBeUndefined();
    await pair.ip(`link del ${other}`);
    await until('both ends gone', () => watch.get(other) === undefined && watch.get(pair.far) === undefined);
    pair = await vethPair();
    await until('the new pair', () => near()?.running === true);
  });

  it('keeps an interface that leaves a bridge', async () => {
    await pair.ip('link add br9 type bridge');
    try {
      await pair.ip(`link set ${pair.near} master br9`);
      await pair.ip(`link set ${pair.near} nomaster`);
      await pair.ip(`addr add 192.0.2.9/24 dev ${pair.near}`);
      await until('the address after it', () => addresses().length === 1);
    } finally {
      await pair.ip('link del br9');
    }
  });

  it('tells listeners of changes only, until they stop', async () => {
    await until('both ends', () => near()?.running === true && watch.get(pair.far)?.running === true);
    let calls = 0;
    const stop = watch.onChange(() => calls++);
    await pair.ip(`addr add 192.0.2.9/24 dev ${pair.near}`);
    await until('the call', () => calls > 0);
    const before = calls;
    await pair.ip(`addr change 192.0.2.9/24 dev ${pair.near} valid_lft 1000 preferred_lft 1000`);
    await pair.ip(`route add 203.0.113.0/24 via 192.0.2.3 dev ${pair.near}`);
    await pair.ip(`link set ${pair.near} txqueuelen 77`);
    await pair.ip(`addr add 192.0.2.10/24 dev ${pair.near}`);
    await until('the next change', () => addresses().length === 2);
    expect(calls).toBe(before + 1);
    stop();
    await pair.ip(`addr del 192.0.2.9/24 dev ${pair.near}`);
    await until('the change', () => near()?.addresses.some(({ address }) => address === 0xc0000209) === false);
    expect(calls).toBe(before + 1);
  });

  it('is right again after more changes than the kernel keeps', async () => {
    // 20,000 messages while nobody reads: far more than the socket's buffer holds.
    const lines = Array.from({ length: 10_000 }, (_, i) => {
      const address = `198.18.${(i >> 8) & 0xff}.${i & 0xff}/32`;
      return `addr add ${address} dev ${pair.near}\naddr del ${address} dev ${pair.near}`;
    });
    const { execFileSync } = await import('node:child_process');
    execFileSync('ip', ['-batch', '-'], {
      input: `${lines.join('\n')}\naddr add 192.0.2.9/24 dev ${pair.near}\n`,
      env: { ...process.env },
    });
    await until('the last address alone', () => addresses().join() === '192.0.2.9 in 192.0.2.0/24');
    await pair.ip(`addr add 192.0.2.10/24 dev ${pair.near}`);
    await until('the change after it', () => addresses().length === 2);
  });
});

const byOwn = (a: string, b: string): number => addresses().indexOf(a) - addresses().indexOf(b);
