import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Ipv4, ipv4 } from '../../src/core/address/ipv4.ts';
import { rangeSetOfAddresses } from '../../src/core/address/range-set.ts';
import { parseConfig } from '../../src/system/config.ts';
import { configJsonSchema } from '../../src/system/config-json-schema.ts';
import { configAsWritten, printConfig } from '../../src/system/config-print.ts';
import type { Config, SegmentConfig } from '../../src/system/config-types.ts';
import { alerts, metallb } from './config-arbitrary.ts';
import { problemsOf } from './config-problems.ts';

const NETWORK = 0xc0000200;
const someAddresses = fc.array(fc.integer({ min: NETWORK, max: NETWORK + 200 }).map(ipv4), { maxLength: 8 });

const segmentConfig: fc.Arbitrary<Omit<SegmentConfig, 'name'>> = fc.record({
  interface: fc.constantFrom('eth0', 'br-lan', 'enp3s0.20', 'null', '007'),
  cidr: fc.constantFrom(null, { network: ipv4(NETWORK), prefixLength: 24 }),
  method: fc.constantFrom('auto', 'arp', 'icmp'),
  schedule: fc.constantFrom('*/30 * * * * *', '0 3 * * *'),
  rate: fc.oneof(fc.integer({ min: 1, max: 1_000_000 }), fc.constant<'max'>('max')),
  exclude: someAddresses.map(rangeSetOfAddresses),
  reserved: someAddresses.map(rangeSetOfAddresses),
  controls: fc.array(
    fc.integer({ min: NETWORK + 201, max: NETWORK + 255 }).map((value) => value as Ipv4),
    { maxLength: 4 },
  ),
});

const config: fc.Arbitrary<Config> = fc.record({
  segments: fc
    .array(segmentConfig, { maxLength: 3 })
    .map((segments) => segments.map((segment, i) => ({ ...segment, name: `s${i}` })))
    .filter(
      (segments) =>
        segments.filter(({ cidr }) => cidr !== null).length < 2 &&
        new Set(segments.map(({ interface: name }) => name)).size === segments.length,
    ),
  proof: fc.record({
    quietForMs: fc.integer({ min: 5000, max: 30 * 86_400_000 }),
    minSweeps: fc.integer({ min: 1, max: 10_000_000 }),
    maxGapMs: fc.integer({ min: 1000, max: 7 * 86_400_000 }),
    minCoverage: fc.integer({ min: 0, max: 1000 }).map((thousandths) => thousandths / 1000),
  }),
  dhcp: fc.record({
    leases: fc.array(
      fc.record({ path: fc.constantFrom('/a', '/b c', '/ä: #'), format: fc.constantFrom('auto', 'dnsmasq', 'isc', 'kea') }),
      { maxLength: 3 },
    ),
    servers: fc.array(fc.constant(ipv4(NETWORK + 1)), { maxLength: 2 }),
    avoidSpans: fc.boolean(),
  }),
  metallb,
  guard: fc.record({
    closeAfterMs: fc.integer({ min: 10_000, max: 7 * 86_400_000 }),
    splitBrainGraceMs: fc.integer({ min: 1000, max: 3_600_000 }),
  }),
  alerts,
  http: fc.record({
    listen: fc.constantFrom<Config['http']['listen']>(
      { kind: 'tcp', host: '::', port: 0 },
      { kind: 'tcp', host: '127.0.0.1', port: 5227 },
      { kind: 'unix', path: '/run/f.sock' },
    ),
    tokenFile: fc.constant('/etc/freehold/token'),
  }),
  ledger: fc.record({ path: fc.constant('/srv/f.db'), keepMs: fc.integer({ min: 30 * 86_400_000, max: 400 * 86_400_000 }) }),
  log: fc.record({ level: fc.constantFrom('trace', 'debug', 'info', 'warn', 'error') }),
});

describe('printConfig', () => {
  it('is read back as the same configuration', () => {
    fc.assert(
      fc.property(config, (value) => {
        expect(parseConfig(printConfig(value), 'printed')).toEqual(value);
      }),
    );
  });

  it('fills in the defaults, in the words of people', () => {
    expect(printConfig(parseConfig('segments: [{ name: lan, interface: eth0, reserved: [192.0.2.10-192.0.2.11] }]', 'f'))).toBe(
      `segments:
  - name: lan
    interface: eth0
    method: auto
    schedule: "*/30 * * * * *"
    rate: 500
    exclude: []
    reserved:
      - 192.0.2.10-192.0.2.11
    controls: []
proof:
  quietFor: 72h
  minSweeps: 100
  maxGap: 15m
  minCoverage: 0.95
dhcp:
  leases: []
  servers: []
  avoidSpans: true
metallb:
  cluster: auto
  namespace: metallb-system
  pools: []
  speakers: []
guard:
  closeAfter: 10m
  splitBrainGrace: 15s
alerts:
  channels:
    - type: journal
      name: journal
      minSeverity: notice
http:
  listen: 127.0.0.1:5227
ledger:
  path: /var/lib/freehold/freehold.db
  keep: 400d
log:
  level: info
`,
    );
  });

  it.each([
    ['webhook', 'https://hooks.example/T0/s3cret', 'https://hooks.example/<hidden>'],
    ['webhook', 'http://192.0.2.9:8080/?key=s3cret', 'http://192.0.2.9:8080/<hidden>'],
    ['slack', 'https://hooks.example/services/s3cret', 'https://hooks.example/<hidden>'],
    ['slack', 'https://HOOKS.example:443/', 'https://hooks.example'],
  ])('shows of the URL of a %s only the host: %s', (type, url, shown) => {
    const printed = printConfig(parseConfig(`alerts: { channels: [{ type: ${type}, url: "${url}" }] }`, 'f'));
    expect(printed).toContain(`url: ${shown}\n`);
    expect(printed).not.toContain('s3cret');
    // What is hidden is never taken for the URL.
    expect(problemsOf(printed)).toEqual(
      shown.endsWith('>') ? [expect.stringContaining('is not the whole URL: "config print" does not show')] : [],
    );
  });
});

describe('configJsonSchema', () => {
  const properties = (value: unknown): Record<string, unknown> => (value as { properties: Record<string, unknown> }).properties;
  const sorted = (value: unknown): readonly string[] => Object.keys(value as object).sort();
  const schema = configJsonSchema();

  it('names exactly the keys that the configuration has, and refuses others', () => {
    const written = configAsWritten(
      parseConfig(
        'segments: [{ name: lan, interface: eth0, cidr: 192.0.2.0/24 }]\nhttp: { tokenFile: /t }\nmetallb: { kubeconfig: /k, context: c }',
        'f',
      ),
    );
    expect(schema).toMatchObject({ type: 'object', additionalProperties: false });
    expect(sorted(properties(schema))).toEqual(sorted(written));
    const segments = properties(schema)['segments'] as { items: unknown };
    const [first] = written['segments'] as readonly object[];
    expect(sorted(properties(segments.items))).toEqual(sorted(first));
    for (const section of ['proof', 'dhcp', 'metallb', 'guard', 'alerts', 'http', 'ledger', 'log']) {
      expect(properties(schema)[section]).toMatchObject({ additionalProperties: false });
      expect(sorted(properties(properties(schema)[section]))).toEqual(sorted(written[section]));
    }
  });

  it('has every kind of alert channel, with every key', () => {
    const { items } = properties(properties(schema)['alerts'])['channels'] as { items: { oneOf: readonly object[] } };
    const keys = items.oneOf.map((channel) => {
      expect(channel).toMatchObject({ additionalProperties: false });
      const { type, name: _, minSeverity: __, kinds: ___, ...own } = properties(channel) as { [key: string]: { const?: string } };
      return [type?.const, Object.keys(own)];
    });
    const url = ['url', 'urlFile', 'urlEnv'];
    expect(Object.fromEntries(keys)).toEqual({
      webhook: [...url, 'hmacFile', 'hmacEnv', 'tokenFile', 'tokenEnv'],
      alertmanager: [...url, 'tokenFile', 'tokenEnv', 'resend'],
      slack: url,
      email: ['host', 'port', 'security', 'caFile', 'user', 'passwordFile', 'passwordEnv', 'from', 'to'],
      journal: [],
    });
  });

  it('allows both forms of a lease file and of a speaker', () => {
    const forms = (section: string, key: string): readonly (readonly string[])[] => {
      const { items } = properties(properties(schema)[section])[key] as { items: { anyOf: readonly { type: string }[] } };
      return items.anyOf.map((form) => [form.type, ...(form.type === 'object' ? Object.keys(properties(form)) : [])]);
    };
    expect(forms('dhcp', 'leases')).toEqual([['string'], ['object', 'path', 'format']]);
    expect(forms('metallb', 'speakers')).toEqual([['string'], ['object', 'mac', 'node']]);
  });

  it('has the defaults as they are written', () => {
    const proof = properties(properties(schema)['proof']);
    expect(proof['quietFor']).toMatchObject({ type: 'string', default: '72h' });
    expect(proof['minCoverage']).toMatchObject({ type: 'number', minimum: 0, maximum: 1, default: 0.95 });
    const guard = properties(properties(schema)['guard']);
    expect(guard).toMatchObject({ closeAfter: { default: '10m' }, splitBrainGrace: { default: '15s' } });
  });
});
