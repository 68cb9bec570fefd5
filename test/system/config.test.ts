import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatCidr } from '../../src/core/address/cidr.ts';
import { formatRange } from '../../src/core/address/range.ts';
import { FreeholdError } from '../../src/core/error.ts';
import { loadConfig, parseConfig } from '../../src/system/config.ts';
import { problemsOf } from './config-problems.ts';

const segment = (...lines: string[]): string => ['segments:', '  - name: lan', ...lines.map((line) => `    ${line}`)].join('\n');
const onEth0 = (...lines: string[]): string => segment('interface: eth0', ...lines);

describe('a good configuration', () => {
  it('is the defaults where nothing is written', () => {
    const defaults = parseConfig('', 'freehold.yaml');
    expect(defaults).toEqual({
      segments: [],
      proof: { quietForMs: 259_200_000, minSweeps: 100, maxGapMs: 900_000, minCoverage: 0.95 },
      dhcp: { leases: [], servers: [], avoidSpans: true },
      metallb: { cluster: 'auto', kubeconfig: null, context: null, namespace: 'metallb-system', pools: [], speakers: [] },
      guard: { closeAfterMs: 600_000, splitBrainGraceMs: 15_000 },
      alerts: { channels: [{ type: 'journal', name: 'journal', minSeverity: 'notice', kinds: null }] },
      http: { listen: { kind: 'tcp', host: '127.0.0.1', port: 5227 }, tokenFile: null },
      ledger: { path: '/var/lib/freehold/freehold.db', keepMs: 400 * 86_400_000 },
      log: { level: 'info' },
    });
    expect(parseConfig('segments:\nproof:\ndhcp:\nmetallb:\nguard:\nalerts:\nhttp:\nledger:\nlog:\n', 'freehold.yaml')).toEqual(
      defaults,
    );
    expect(parseConfig('# nothing but a comment\n', 'freehold.yaml')).toEqual(defaults);
  });

  it('is read with every key', () => {
    const config = parseConfig(
      `
segments:
  - name: lan
    interface: eth0
    cidr: 192.0.2.0/24
    method: arp
    schedule: "*/30 * * * * *"
    rate: max
    exclude: [192.0.2.1, 192.0.2.2]
    reserved: [192.0.2.10-192.0.2.100, 192.0.2.128/28]
    controls: [192.0.2.3]
  - { name: routed, method: icmp, cidr: 198.51.100.0/24, rate: 20 }
  - { name: own-network, interface: eth1 }
proof: { quietFor: 14d, minSweeps: 5, maxGap: 90s, minCoverage: 1 }
dhcp: { leases: [/var/lib/misc/dnsmasq.leases] }
http: { listen: "0.0.0.0:80", tokenFile: /etc/freehold/token }
ledger: { path: /srv/freehold.db, keep: 14d }
log: { level: debug }
`,
      'freehold.yaml',
    );
    const [lan, routed, own] = config.segments;
    expect(lan).toMatchObject({ name: 'lan', interface: 'eth0', method: 'arp', schedule: '*/30 * * * * *', rate: 'max' });
    expect(lan?.cidr && formatCidr(lan.cidr)).toBe('192.0.2.0/24');
    expect(lan?.exclude.map(formatRange)).toEqual(['192.0.2.1-192.0.2.2']);
    expect(lan?.reserved.map(formatRange)).toEqual(['192.0.2.10-192.0.2.100', '192.0.2.128-192.0.2.143']);
    expect(lan?.controls).toEqual([0xc0000203]);
    expect(routed).toMatchObject({ interface: null, method: 'icmp', rate: 20, schedule: '*/30 * * * * *' });
    expect(own).toMatchObject({
      interface: 'eth1',
      cidr: null,
      method: 'auto',
      rate: 500,
      exclude: [],
      reserved: [],
      controls: [],
    });
    expect(config).toMatchObject({
      proof: { quietForMs: 1_209_600_000, minSweeps: 5, maxGapMs: 90_000, minCoverage: 1 },
      dhcp: { leases: [{ path: '/var/lib/misc/dnsmasq.leases', format: 'auto' }] },
      http: { listen: { kind: 'tcp', host: '0.0.0.0', port: 80 }, tokenFile: '/etc/freehold/token' },
      ledger: { path: '/srv/freehold.db', keepMs: 1_209_600_000 },
      log: { level: 'debug' },
    });
  });

  it.each([
    ['a unix socket without a token', 'http: { listen: "unix:/run/freehold.sock" }'],
    ['all of 127.0.0.0/8 without a token', 'http: { listen: "127.9.9.9:1" }'],
    ['a /16', onEth0('cidr: 198.18.0.0/16')],
    ['a rate of 1', onEth0('rate: 1')],
    ['a rate of 1000000', onEth0('rate: 1000000')],
    ['the longest quietFor', 'proof: { quietFor: 400d }'],
    ['a name of 63 characters', `segments: [{ name: ${'a'.repeat(63)}, interface: eth0 }]`],
    ['64 segments', `segments: [${Array.from({ length: 64 }, (_, i) => `{ name: s${i}, interface: eth${i} }`).join(', ')}]`],
  ])('may have %s', (_, text) => {
    expect(problemsOf(text)).toEqual([]);
  });
});

const NAME = 'expected a name of 1 to 63 lower case letters, digits and hyphens, not starting with a hyphen';
const INTERFACE = 'expected the name of a network interface, like eth0';
const NETWORK = 'expected a network of at most 65536 addresses, like 192.0.2.0/24';
const RATE = 'expected a whole number from 1 to 1000000, or max';
const CRON = 'expected a cron schedule of five fields, or six with seconds first, like "*/30 * * * * *"';
const QUIET = 'expected a duration from 5s to 400d, like 90s, 10m, 72h or 14d';
const LISTEN = 'expected HOST:PORT like 127.0.0.1:5227, [IPV6]:PORT like [::1]:5227, or unix:/absolute/path';
const TOP = 'expected a mapping with segments, proof, dhcp, metallb, guard, alerts, http, ledger or log';
const IN_CIDR = "expected addresses of the segment's cidr (192.0.2.0-192.0.2.255)";

const BAD: readonly (readonly [string, string, ...string[]])[] = [
  ['a text', 'hello', `1: : ${TOP}, got "hello"`],
  ['a list', '- 1', `1: : ${TOP}, got a list`],
  [
    'an unknown key',
    'cluster: {}',
    '1: cluster: unknown key (known here: segments, proof, dhcp, metallb, guard, alerts, http, ledger, log)',
  ],
  ['a key almost known', '\nsegment: []', '2: segment: unknown key (did you mean "segments"?)'],
  ['a key almost known, deeper', onEth0('Rate: 5'), '4: segments[0].Rate: unknown key (did you mean "rate"?)'],
  [
    'a strange key',
    '"a b": 1',
    '1: ["a b"]: unknown key (known here: segments, proof, dhcp, metallb, guard, alerts, http, ledger, log)',
  ],
  ['a prototype', '__proto__: {}', '1: __proto__: unknown key (did you mean "proof"?)'],
  ['segments that are no list', 'segments: { name: lan }', '1: segments: expected a list of segments, got a mapping'],
  ['a segment that is no mapping', 'segments: [lan]', '1: segments[0]: expected a mapping with name and interface, got "lan"'],
  [
    '65 segments',
    `segments: [${Array.from({ length: 65 }, (_, i) => `{ name: s${i}, interface: e${i} }`).join(', ')}]`,
    '1: segments: expected at most 64 segments, got a list',
  ],
  ['a segment without name', 'segments: [{ interface: eth0 }]', `1: segments[0].name: is required: ${NAME}`],
  ['a name in capitals', 'segments: [{ name: LAN, interface: eth0 }]', `1: segments[0].name: ${NAME}, got "LAN"`],
  ['a name that is a number', 'segments: [{ name: 5, interface: eth0 }]', `1: segments[0].name: ${NAME}, got 5`],
  [
    'a name twice',
    'segments:\n- { name: lan, interface: eth0 }\n- { name: lan, interface: eth1 }',
    '3: segments[1].name: expected a name of its own (segments[0] has it already), got "lan"',
  ],
  [
    'two segments that overlap',
    'segments:\n- { name: a, interface: eth0, cidr: 192.0.2.0/24 }\n- { name: b, method: icmp, cidr: 192.0.2.128/25 }',
    '3: segments[1].cidr: expected a network of its own (it overlaps that of segments[0]), got "192.0.2.128/25"',
  ],
  [
    "an interface's own network twice",
    'segments:\n- { name: a, interface: eth0 }\n- { name: b, interface: eth0 }',
    '3: segments[1].interface: expected a cidr beside it (segments[0] is this interface\'s own network already), got "eth0"',
  ],
  [
    'no interface',
    segment(),
    `2: segments[0].interface: is required: ${INTERFACE} (only a segment with method icmp and a cidr needs none)`,
  ],
  [
    'no interface and no cidr for icmp',
    segment('method: icmp'),
    `2: segments[0].interface: is required: ${INTERFACE} (only a segment with method icmp and a cidr needs none)`,
  ],
  ['an interface with a slash', segment('interface: a/b'), `3: segments[0].interface: ${INTERFACE}, got "a/b"`],
  ['a long interface', segment('interface: abcdefghijklmnop'), `3: segments[0].interface: ${INTERFACE}, got "abcdefghijklmnop"`],
  ['an empty interface', segment('interface:'), `3: segments[0].interface: ${INTERFACE}, got nothing`],
  [
    'host bits',
    onEth0('cidr: 192.0.2.5/24'),
    `4: segments[0].cidr: "192.0.2.5/24" has host bits set (did you mean the whole network 192.0.2.0/24, or the range 192.0.2.5-...?); ${NETWORK}`,
  ],
  ['a /15', onEth0('cidr: 198.18.0.0/15'), `4: segments[0].cidr: ${NETWORK}: a /16 is the largest segment, got "198.18.0.0/15"`],
  [
    'multicast',
    onEth0('cidr: 233.252.0.0/24'),
    `4: segments[0].cidr: ${NETWORK}: these are not unicast addresses, got "233.252.0.0/24"`,
  ],
  ['an unknown method', onEth0('method: ping'), '4: segments[0].method: expected one of auto, arp, icmp, got "ping"'],
  ['a bad schedule', onEth0('schedule: hourly'), `4: segments[0].schedule: ${CRON}, got "hourly"`],
  ['a schedule out of bounds', onEth0('schedule: "99 * * * *"'), `4: segments[0].schedule: ${CRON}, got "99 * * * *"`],
  ['rate 0', onEth0('rate: 0'), `4: segments[0].rate: ${RATE}, got 0`],
  ['rate 1000001', onEth0('rate: 1000001'), `4: segments[0].rate: ${RATE}, got 1000001`],
  ['half a rate', onEth0('rate: 0.5'), `4: segments[0].rate: ${RATE}, got 0.5`],
  ['a rate in words', onEth0('rate: fast'), `4: segments[0].rate: ${RATE}, got "fast"`],
  [
    'a bad address',
    onEth0('exclude:', '  - 192.0.2.1', '  - 192.0.2.300'),
    '6: segments[0].exclude[1]: "192.0.2.300" is not an IPv4 address (300 is more than 255)',
  ],
  [
    'a range backwards',
    onEth0('reserved: [192.0.2.9-192.0.2.1]'),
    '4: segments[0].reserved[0]: "192.0.2.9-192.0.2.1" is not a range (the first address is after the last)',
  ],
  [
    'an exclude outside',
    onEth0('cidr: 192.0.2.0/24', 'exclude: [198.51.100.1]'),
    `5: segments[0].exclude[0]: ${IN_CIDR}, got "198.51.100.1"`,
  ],
  [
    'a reserved range half outside',
    onEth0('cidr: 192.0.2.0/24', 'reserved: [192.0.2.1, 192.0.2.250-192.0.3.5]'),
    `5: segments[0].reserved[1]: ${IN_CIDR}, got "192.0.2.250-192.0.3.5"`,
  ],
  [
    'a control outside',
    onEth0('cidr: 192.0.2.0/24', 'method: arp', 'controls: [203.0.113.1]'),
    `6: segments[0].controls[0]: ${IN_CIDR}, got "203.0.113.1"`,
  ],
  [
    'a control that is excluded',
    onEth0('exclude: [192.0.2.1-192.0.2.9]', 'controls: [192.0.2.5]'),
    '5: segments[0].controls[0]: expected an address that is probed (192.0.2.5 is in exclude), got "192.0.2.5"',
  ],
  ['quietFor without a unit', 'proof: { quietFor: 72 }', `1: proof.quietFor: ${QUIET}, got 72`],
  ['quietFor too short', 'proof: { quietFor: 4999ms }', `1: proof.quietFor: ${QUIET}, got "4999ms"`],
  ['quietFor too long', 'proof: { quietFor: 401d }\nledger: { keep: 500d }', `1: proof.quietFor: ${QUIET}, got "401d"`],
  ['minSweeps 0', 'proof: { minSweeps: 0 }', '1: proof.minSweeps: expected a whole number from 1 to 10000000, got 0'],
  [
    'maxGap too long',
    'proof: { maxGap: 8d }',
    '1: proof.maxGap: expected a duration from 1s to 7d, like 90s, 10m, 72h or 14d, got "8d"',
  ],
  ['a coverage in percent', 'proof: { minCoverage: 95 }', '1: proof.minCoverage: expected a number from 0 to 1, got 95'],
  [
    'a lease file by a relative path',
    'dhcp: { leases: [a.leases] }',
    '1: dhcp.leases[0]: expected an absolute path, got "a.leases"',
  ],
  [
    '17 lease files',
    `dhcp: { leases: [${Array.from({ length: 17 }, (_, i) => `/l${i}`).join(', ')}] }`,
    '1: dhcp.leases: expected at most 16 lease files, got a list',
  ],
  ['a listen address without a port', 'http: { listen: 127.0.0.1 }', `1: http.listen: ${LISTEN}, got "127.0.0.1"`],
  [
    'all addresses without a token',
    'http: { listen: "0.0.0.0:5227" }',
    '1: http.listen: expected a loopback address or a unix socket, or tokenFile beside it (others on the network can reach this one), got "0.0.0.0:5227"',
  ],
  [
    'history kept shorter than the window',
    'ledger: { keep: 2d }',
    '1: ledger.keep: expected at least proof.quietFor (72h), got "2d"',
  ],
  ['an unknown level', 'log: { level: loud }', '1: log.level: expected one of trace, debug, info, warn, error, got "loud"'],
  ['a key twice', 'log: {}\nproof: {}\nlog: {}', '3: : this key is here twice'],
  ['two documents', 'log: {}\n---\nlog: {}', '2: : expected one YAML document (take the "---" out)'],
  ['an unknown tag', 'log: !!js/function x', '1: : an unknown tag (!name); text that starts with "!" needs quotes'],
  [
    'a schedule without quotes',
    onEth0('schedule: */5 * * * *'),
    '4: : Unexpected alias at node end (text that starts with "*" needs quotes, like "*/30 * * * * *")',
  ],
];

describe('a bad configuration is refused with line, path, what was expected and what was given:', () => {
  it.each(BAD)('%s', (_, text, ...problems) => {
    expect(problemsOf(text)).toEqual(problems);
  });

  it('tells all problems at once, in the order of the file', () => {
    const text = [
      'log: { level: loud }',
      'segments:',
      '- { name: a, interface: eth0, rate: 0, colour: red }',
      '- { name: a }',
    ].join('\n');
    expect(problemsOf(text).map((problem) => problem.split(': ', 2).join(' '))).toEqual([
      '1 log.level',
      '3 segments[0].rate',
      '3 segments[0].colour',
      '4 segments[1].name',
      '4 segments[1].interface',
    ]);
  });

  it('shows 50 problems of many and counts the rest', () => {
    const text = Array.from({ length: 60 }, (_, i) => `key${i}: 1`).join('\n');
    expect(() => parseConfig(text, 'f.yaml')).toThrow(
      /^f\.yaml has 60 errors:\n {2}line 1: key0: unknown key .*\n {2}and 10 more$/s,
    );
  });

  it('does not unfold a bomb of aliases', () => {
    const bomb = [
      'a: &a [1,1,1,1,1,1,1,1,1]',
      ...['b', 'c', 'd', 'e', 'f', 'g'].map((key, i) => `${key}: &${key} [${Array(9).fill(`*${'abcdef'[i]}`).join(',')}]`),
    ];
    expect(problemsOf(bomb.join('\n'))).toEqual([expect.stringMatching(/^1: : .*alias/i)]);
  });

  it('never throws anything but a ConfigError, whatever is written', () => {
    const key = fc.constantFrom(
      ...['segments', 'proof', 'http', 'listen', 'name', 'exclude', 'rate', 'cidr', 'x', 'dhcp', 'leases', 'path'],
      ...['metallb', 'pools', 'addresses', 'speakers', 'mac', 'alerts', 'channels', 'type', 'url', 'urlFile', 'to'],
    );
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom(null, 0, -1, 'lan', '192.0.2.0/24', '5s', true, 'webhook', 'email', 'https://a.example/', '/f'),
        tie('list'),
        tie('map'),
        fc.string(),
      ),
      list: fc.array(tie('any'), { maxLength: 3 }),
      map: fc.dictionary(key, tie('any'), { maxKeys: 4 }),
    })).map;
    fc.assert(
      fc.property(value, (document) => void problemsOf(JSON.stringify(document))),
      { numRuns: 500 },
    );
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), (text) => void problemsOf(text)),
      { numRuns: 500 },
    );
  });
});

describe('loadConfig', () => {
  let directory = '';
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'freehold-config-'));
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  it('reads a file, with a byte order mark too', () => {
    const path = join(directory, 'good.yaml');
    writeFileSync(path, '\uFEFFlog: { level: warn }\n');
    expect(loadConfig(path)).toMatchObject({ config: { log: { level: 'warn' } }, source: { kind: 'file', path } });
  });

  it('has the defaults where the default path has no file', () => {
    const path = join(directory, 'absent.yaml');
    const { config, source } = loadConfig(null, path);
    expect(source).toEqual({ kind: 'defaults', path });
    expect(config.segments).toEqual([]);
  });

  it('reads the file at the default path', () => {
    const path = join(directory, 'default.yaml');
    writeFileSync(path, 'log: { level: error }');
    expect(loadConfig(null, path)).toMatchObject({ config: { log: { level: 'error' } }, source: { kind: 'file', path } });
  });

  const codeOf = (read: () => unknown): string => {
    try {
      read();
    } catch (error) {
      if (error instanceof FreeholdError) return error.code;
      throw error;
    }
    return 'none';
  };

  it('refuses a path that was named and has no file', () => {
    expect(codeOf(() => loadConfig(join(directory, 'absent.yaml')))).toBe('config-not-found');
  });

  it('refuses a directory, and a file too large to be a configuration', () => {
    expect(codeOf(() => loadConfig(directory))).toBe('config-unreadable');
    const path = join(directory, 'large.yaml');
    writeFileSync(path, '#'.repeat(1024 * 1024 + 1));
    expect(codeOf(() => loadConfig(path))).toBe('config-unreadable');
  });
});
