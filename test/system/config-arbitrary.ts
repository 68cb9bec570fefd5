/** Any channel, pool or speaker that a configuration may have and `config print` shows in full: for property tests. */
import fc from 'fast-check';
import { ipv4 } from '../../src/core/address/ipv4.ts';
import type { Mac } from '../../src/core/address/mac.ts';
import { rangeSetOfAddresses } from '../../src/core/address/range-set.ts';
import { CONFLICT_KINDS } from '../../src/core/conflict/types.ts';
import type { AlertsConfig, ChannelConfig, MetallbConfig, SecretSource, UrlSource } from '../../src/system/config-types.ts';

const file: fc.Arbitrary<SecretSource> = fc.constantFrom('/s', '/a b', '/ä: #').map((path) => ({ kind: 'file', path }));
const variable: fc.Arbitrary<SecretSource> = fc
  .constantFrom('A', '_x9', 'null')
  .map((name) => ({ kind: 'environment', variable: name }));
const secret = fc.oneof(file, variable);
const optional = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value, { nil: null });
/** Only what has nothing to hide behind its host. */
const url: fc.Arbitrary<UrlSource> = fc.oneof(
  secret,
  fc.constantFrom('https://a.example', 'https://[2001:db8::1]:8443').map((text) => ({ kind: 'plain' as const, url: text })),
);

const common = {
  minSeverity: fc.constantFrom('notice', 'warning', 'critical'),
  kinds: optional(fc.subarray([...CONFLICT_KINDS], { minLength: 1 })),
} as const;

type Unnamed<T> = T extends ChannelConfig ? Omit<T, 'name'> : never;

const mailServer = fc
  .record({
    security: fc.constantFrom('starttls', 'tls', 'none'),
    user: optional(fc.constantFrom('u', 'a b', '0', 'no')),
  } as const)
  .chain(({ security, user }) =>
    fc.record({
      security: fc.constant(security),
      // In the clear only to this machine.
      host: security === 'none' ? fc.constant('localhost') : fc.constantFrom('mail', '192.0.2.25', '2001:db8::25'),
      user: fc.constant(user),
      password: user === null ? fc.constant(null) : secret,
    }),
  );

const channel: fc.Arbitrary<Unnamed<ChannelConfig>> = fc.oneof(
  fc.record({ ...common, type: fc.constant('webhook' as const), url, hmac: optional(secret), bearer: optional(secret) }),
  fc.record({
    ...common,
    type: fc.constant('alertmanager' as const),
    url: fc.oneof(url, fc.constant<UrlSource>({ kind: 'plain', url: 'https://am.example/alertmanager' })),
    bearer: optional(secret),
    resendMs: fc.integer({ min: 10_000, max: 3_600_000 }),
  }),
  fc.record({ ...common, type: fc.constant('slack' as const), url }),
  fc
    .record({
      ...common,
      port: fc.integer({ min: 1, max: 65_535 }),
      caFile: optional(fc.constant('/ca.pem')),
      from: fc.constant('freehold@example.org'),
      to: fc.array(fc.constantFrom('a@b', "o'brien+x@c.example"), { minLength: 1, maxLength: 3 }),
      server: mailServer,
    })
    .map(({ server, ...rest }) => ({ ...rest, ...server, type: 'email' as const })),
  fc.record({ ...common, type: fc.constant('journal' as const) }),
);

export const alerts: fc.Arbitrary<AlertsConfig> = fc
  .array(channel, { maxLength: 6 })
  .map((channels) => ({ channels: channels.map((one, i) => ({ ...one, name: `${i}-c` })) }));

const macs = fc.uniqueArray(fc.integer({ min: 1, max: 255 }), { maxLength: 5 });
const mac = (last: number): Mac => `02:00:00:00:00:${last.toString(16).padStart(2, '0')}` as Mac;

/** Pools on 203.0.113.0/24, a part of it for each. */
export const metallb: fc.Arbitrary<MetallbConfig> = fc.record({
  cluster: fc.constantFrom('auto', 'off'),
  kubeconfig: optional(fc.constantFrom('/k', '/a b: #', '/ä')),
  context: optional(fc.constantFrom('prod', 'user@cluster', 'no', 'arn:aws:eks:1')),
  namespace: fc.constantFrom('metallb-system', 'on', '1'),
  pools: fc.array(fc.array(fc.integer({ min: 0, max: 31 }), { minLength: 1, maxLength: 8 }), { maxLength: 4 }).map((pools) =>
    pools.map((offsets, i) => ({
      name: `pool.${i}`,
      addresses: rangeSetOfAddresses(offsets.map((offset) => ipv4(0xcb007100 + i * 40 + offset))),
    })),
  ),
  speakers: fc
    .tuple(macs, optional(fc.constantFrom('worker-1', '1')))
    .map(([all, node]) => all.map((last) => ({ mac: mac(last), node }))),
});
