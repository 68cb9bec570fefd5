import { describe, expect, it } from 'vitest';
import { parseCidr } from '../../src/core/address/cidr.ts';
import { formatIpv4, type Ipv4, parseIpv4 } from '../../src/core/address/ipv4.ts';
import type { Mac } from '../../src/core/address/mac.ts';
import { formatRange, parseRange } from '../../src/core/address/range.ts';
import { type RangeSet, rangeSet, setSize } from '../../src/core/address/range-set.ts';
import type { SightingColumns } from '../../src/core/evidence/facts.ts';
import type { InterfaceFacts } from '../../src/link/types.ts';
import type { SegmentConfig } from '../../src/system/config-types.ts';
import { placed } from '../../src/watch/segment-place.ts';
import { ICMP_MAX_RATE, planSweep } from '../../src/watch/sweep-plan.ts';

const must = <T>(result: { ok: true; value: T } | { ok: false; error: string }): T => {
  if (!result.ok) throw new Error(result.error);
  return result.value;
};
const ip = (text: string): Ipv4 => must(parseIpv4(text));
const set = (...texts: string[]): RangeSet => rangeSet(texts.map((text) => must(parseRange(text))));
const NOW = 1_800_000_000_000;
const NETWORK = must(parseCidr('192.0.2.0/24'));

const config: SegmentConfig = {
  name: 'lan',
  interface: 'lan0',
  cidr: null,
  method: 'auto',
  schedule: '*/30 * * * * *',
  rate: 500,
  exclude: set('192.0.2.9'),
  reserved: set('192.0.2.100-192.0.2.110'),
  controls: [],
};
const facts: InterfaceFacts = {
  name: 'lan0',
  index: 2,
  mac: '02:00:00:00:00:01' as Mac,
  mtu: 1500,
  adminUp: true,
  running: true,
  loopback: false,
  addresses: [{ address: ip('192.0.2.5'), network: NETWORK }],
  gateways: [ip('192.0.2.1')],
};
const place = placed('arp', NETWORK, facts, [facts]);

function seen(ages: Readonly<Record<string, number>>): SightingColumns {
  const columns = {
    first: NETWORK.network,
    length: 256,
    lastUseMs: new Float64Array(256),
    lastIntentMs: new Float64Array(256),
    lastStandInMs: new Float64Array(256),
  };
  for (const [address, age] of Object.entries(ages)) columns.lastUseMs[ip(address) - NETWORK.network] = NOW - age;
  return columns;
}
const texts = (addresses: Iterable<Ipv4>): string[] => [...addresses].map(formatIpv4);

describe('planSweep()', () => {
  it('asks every address but network, broadcast, our own and the excluded; the reserved are asked', () => {
    const plan = planSweep(config, place, seen({}), NOW);
    expect(plan.targets.map(formatRange)).toEqual(['192.0.2.1-192.0.2.4', '192.0.2.6-192.0.2.8', '192.0.2.10-192.0.2.254']);
    expect(plan).toMatchObject({ method: 'arp', rate: 500, askSilent: true });
  });

  it('gives retries to those seen within a day, and takes those seen within a quarter of an hour as controls', () => {
    const plan = planSweep(
      config,
      place,
      seen({
        '192.0.2.1': 30_000,
        '192.0.2.20': 60_000,
        '192.0.2.21': 3_600_000,
        '192.0.2.22': 2 * 86_400_000,
        '192.0.2.9': 1000,
      }),
      NOW,
    );
    expect(texts(plan.recent)).toEqual(['192.0.2.1', '192.0.2.20', '192.0.2.21']);
    expect(texts(plan.controls)).toEqual(['192.0.2.1', '192.0.2.20']);
  });

  it('asks no ordinary request without an address of its own', () => {
    const mute = placed('arp', NETWORK, { ...facts, addresses: [] }, []);
    expect(planSweep(config, mute, seen({}), NOW).askSilent).toBe(false);
  });

  it('pings a routed network gently, with a control from outside it', () => {
    const far = must(parseCidr('203.0.113.0/28'));
    const routed = planSweep(
      { ...config, exclude: [], controls: [ip('198.51.100.1')] },
      placed('icmp', far, facts, [facts]),
      { ...seen({}), first: far.network, length: 16 },
      NOW,
    );
    expect(routed).toMatchObject({ method: 'icmp', rate: ICMP_MAX_RATE, askSilent: false });
    expect(texts(routed.controls)).toEqual(['198.51.100.1']);
    expect(routed.targets.map(formatRange)).toEqual(['198.51.100.1', '203.0.113.1-203.0.113.14']);
    expect(
      planSweep({ ...config, rate: 5 }, placed('icmp', far, facts, [facts]), { ...seen({}), first: far.network, length: 16 }, NOW)
        .rate,
    ).toBe(5);
  });

  it('makes room for controls from outside a full /16', () => {
    const far = must(parseCidr('203.0.0.0/16'));
    const columns = { ...seen({}), first: far.network, length: 65_536 };
    const controls = ['198.51.100.1', '198.51.100.2', '198.51.100.3'].map(ip);
    const plan = planSweep({ ...config, exclude: [], controls }, placed('icmp', far, facts, [facts]), columns, NOW);
    expect(setSize(plan.targets)).toBe(65_536);
    expect(plan.targets.map(formatRange)).toEqual(['198.51.100.1-198.51.100.3', '203.0.0.1-203.0.255.253']);
  });
});
