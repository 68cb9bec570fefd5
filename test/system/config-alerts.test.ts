import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/system/config.ts';
import type { ChannelConfig } from '../../src/system/config-types.ts';
import { problemsOf } from './config-problems.ts';

const written = (...channels: string[]): string =>
  ['alerts:', '  channels:', ...channels.map((one) => `    - ${one}`)].join('\n');
const channelsOf = (...channels: string[]): readonly ChannelConfig[] => parseConfig(written(...channels), 'f').alerts.channels;
const common = (type: string) => ({ type, name: type, minSeverity: 'notice', kinds: null });

describe('alert channels', () => {
  it.each([
    [
      'webhook',
      '{ type: webhook, url: "https://h.example/a?b=c" }',
      { url: { kind: 'plain', url: 'https://h.example/a?b=c' }, hmac: null, bearer: null },
    ],
    [
      'webhook',
      '{ type: webhook, urlFile: /u, hmacFile: /h, tokenEnv: TOKEN }',
      {
        url: { kind: 'file', path: '/u' },
        hmac: { kind: 'file', path: '/h' },
        bearer: { kind: 'environment', variable: 'TOKEN' },
      },
    ],
    [
      'alertmanager',
      '{ type: alertmanager, url: "http://192.0.2.9:9093/am" }',
      { url: { kind: 'plain', url: 'http://192.0.2.9:9093/am' }, bearer: null, resendMs: 60_000 },
    ],
    [
      'alertmanager',
      '{ type: alertmanager, urlEnv: AM_URL, tokenFile: /t, resend: 10s }',
      { url: { kind: 'environment', variable: 'AM_URL' }, bearer: { kind: 'file', path: '/t' }, resendMs: 10_000 },
    ],
    ['slack', '{ type: slack, urlFile: /u }', { url: { kind: 'file', path: '/u' } }],
    [
      'email',
      '{ type: email, host: mail.example.org, from: freehold@example.org, to: [ops@example.org] }',
      {
        ...{ host: 'mail.example.org', port: 587, security: 'starttls', caFile: null, user: null, password: null },
        ...{ from: 'freehold@example.org', to: ['ops@example.org'] },
      },
    ],
    [
      'email',
      '{ type: email, host: "2001:db8::25", port: 2525, security: tls, caFile: /ca, user: u v, passwordFile: /p, from: a@b, to: [c@d] }',
      {
        ...{ host: '2001:db8::25', port: 2525, security: 'tls', caFile: '/ca', user: 'u v' },
        ...{ password: { kind: 'file', path: '/p' }, from: 'a@b', to: ['c@d'] },
      },
    ],
    ['journal', '{ type: journal }', {}],
  ])('of type %s is read from %s', (type, text, rest) => {
    expect(channelsOf(text)).toEqual([{ ...common(type), ...rest }]);
  });

  it.each([
    ['starttls', 587],
    ['tls', 465],
    ['none', 25],
  ])('speak SMTP with security %s at port %i', (security, port) => {
    expect(channelsOf(`{ type: email, host: mail, security: ${security}, from: a@b, to: [c@d] }`)).toMatchObject([{ port }]);
  });

  it('take only some conflicts where they are told so', () => {
    expect(channelsOf('{ type: journal, minSeverity: critical, kinds: [squatter, split-brain] }')).toMatchObject([
      { minSeverity: 'critical', kinds: ['squatter', 'split-brain'] },
    ]);
  });

  it('are the journal where nothing is said, and none where none is wanted', () => {
    const journal = [common('journal')];
    expect(parseConfig('alerts: {}', 'f').alerts.channels).toEqual(journal);
    expect(parseConfig('alerts: { channels: [] }', 'f').alerts.channels).toEqual([]);
  });

  it('are named after their type, numbered, and never like another', () => {
    const journal = '{ type: journal }';
    const names = channelsOf(
      journal,
      '{ type: slack, urlFile: /u, name: journal-2 }',
      journal,
      '{ type: journal, name: ops }',
      journal,
    );
    expect(names.map(({ name }) => name)).toEqual(['journal', 'journal-2', 'journal-3', 'ops', 'journal-4']);
  });

  it.each([
    ['a bearer token over https', '{ type: webhook, url: "https://h.example/", tokenFile: /t }'],
    ['a bearer token to this machine', '{ type: webhook, url: "http://[::1]:80/", tokenFile: /t }'],
    ['a signature over http', '{ type: webhook, url: "http://h.example/", hmacFile: /h }'],
    [
      'a password in the clear to this machine',
      '{ type: email, host: 127.0.0.1, security: none, user: u, passwordEnv: P, from: a@b, to: [c@d] }',
    ],
    [
      'many signs in an address',
      `{ type: journal }\n    - { type: email, host: m, from: "a.b+c=d!#$%&'*/?^_{|}~-@b-c.example", to: [c@d] }`,
    ],
  ])('may have %s', (_, text) => {
    expect(problemsOf(written(text))).toEqual([]);
  });
});

const NOT_SHOWN = '(it is not shown here: it may be the secret itself)';
const MAIL = 'expected an e-mail address, like freehold@example.org';
const HOST = 'expected a host name or an IP address, like mail.example.org';
const email = (more: string): string => `{ type: email, host: mail, from: a@b, to: [c@d], ${more} }`;

const BAD: readonly (readonly [string, string, ...string[]])[] = [
  ['nothing', '5', ': expected a mapping with type'],
  ['no type', '{ name: a }', '.type: is required: expected one of webhook, alertmanager, slack, email, journal'],
  ['an unknown type', '{ type: pager }', '.type: expected one of webhook, alertmanager, slack, email, journal'],
  [
    'a key of another type',
    '{ type: slack, urlFile: /u, hmacFile: /h }',
    '.hmacFile: unknown key (known here: type, name, minSeverity, kinds, url, urlFile, urlEnv)',
  ],
  ['an unknown severity', '{ type: journal, minSeverity: low }', '.minSeverity: expected one of notice, warning, critical'],
  ['no kinds', '{ type: journal, kinds: [] }', '.kinds: expected at least one kind of conflict, got an empty list'],
  [
    'an unknown kind',
    '{ type: journal, kinds: [squater] }',
    '.kinds[0]: expected one of imminent, squatter, contested, split-brain, scope-overlap, infrastructure, unannounced',
  ],
  [
    'a bad name',
    '{ type: journal, name: Ops }',
    '.name: expected a name of 1 to 63 lower case letters, digits and hyphens, not starting with a hyphen',
  ],
  ['no URL', '{ type: webhook }', '.url: is required: expected one of url, urlFile and urlEnv'],
  ['no URL for slack', '{ type: slack, minSeverity: critical }', '.url: is required: expected one of url, urlFile and urlEnv'],
  [
    'three URLs',
    '{ type: alertmanager, url: "https://a.example", urlFile: /u, urlEnv: U }',
    '.urlFile: is one too many: url is given already',
    '.urlEnv: is one too many: url is given already',
  ],
  [
    'two keys',
    '{ type: webhook, urlFile: /u, hmacFile: /h, hmacEnv: H }',
    '.hmacEnv: is one too many: hmacFile is given already',
  ],
  [
    'two tokens',
    '{ type: webhook, urlFile: /u, tokenFile: /t, tokenEnv: T }',
    '.tokenEnv: is one too many: tokenFile is given already',
  ],
  [
    'a token over http',
    '{ type: webhook, url: "http://h.example/", tokenEnv: T }',
    '.url: is plain http to another machine: the bearer token could be read on the way; use https',
  ],
  [
    'the whole path of the Alertmanager',
    '{ type: alertmanager, url: "https://am/api/v2/alerts" }',
    '.url: is meant without /api/v2/alerts: that is put behind it',
  ],
  [
    'a query for the Alertmanager',
    '{ type: alertmanager, url: "https://am/?a=b" }',
    ".url: holds a query: the Alertmanager's own address is meant",
  ],
  [
    'a resend time too short',
    '{ type: alertmanager, urlFile: /u, resend: 9s }',
    '.resend: expected a duration from 10s to 1h, like 90s, 10m, 72h or 14d',
  ],
  ['a bad host', '{ type: email, host: "a b", from: a@b, to: [c@d] }', `.host: ${HOST}`],
  ['an address with a typo as host', '{ type: email, host: 192.0.2.300, from: a@b, to: [c@d] }', `.host: ${HOST}`],
  ['port 0', email('port: 0'), '.port: expected a whole number from 1 to 65535'],
  ['an unknown security', email('security: ssl'), '.security: expected one of starttls, tls, none'],
  ['no sender', '{ type: email, host: mail, to: [c@d] }', `.from: is required: ${MAIL}`],
  [
    'nobody to write to',
    '{ type: email, host: mail, from: a@b, to: [] }',
    '.to: expected at least one e-mail address, got an empty list',
  ],
  ['one recipient without a list', '{ type: email, host: mail, from: a@b, to: c@d }', '.to: expected a list of e-mail addresses'],
  ['a header in an address', '{ type: email, host: mail, from: a@b, to: ["c@d\\r\\nBcc: e@f"] }', `.to[0]: ${MAIL}`],
  ['a line break after an address', '{ type: email, host: mail, from: "a@b\\n", to: [c@d] }', `.from: ${MAIL}`],
  ['a name beside the address', '{ type: email, host: mail, from: "A <a@b>", to: [c@d] }', `.from: ${MAIL}`],
  ['a local part of 65 characters', `{ type: email, host: mail, from: ${'a'.repeat(65)}@b, to: [c@d] }`, `.from: ${MAIL}`],
  ['a user alone', email('user: u'), '.user: is of no use without passwordFile or passwordEnv'],
  ['a password alone', email('passwordEnv: P'), '.passwordEnv: is of no use without user'],
  [
    'two passwords',
    email('user: u, passwordEnv: P, passwordFile: /p'),
    '.passwordEnv: is one too many: passwordFile is given already',
  ],
  [
    'a user with a line break',
    email('user: "a\\nb", passwordEnv: P'),
    '.user: expected a text of 1 to 255 characters on one line',
  ],
  [
    'a password in the clear',
    email('security: none, user: u, passwordFile: /p'),
    '.security: is none: the password could be read on the way; use starttls or tls',
  ],
];

describe('an alert channel is refused for', () => {
  it.each(BAD)('%s', (_, text, ...problems) => {
    expect(problemsOf(written(text))).toEqual(problems.map((problem) => `3: alerts.channels[0]${problem}`));
  });

  it('a name that another has', () => {
    expect(problemsOf(written('{ type: journal, name: a }', '{ type: journal, name: a }'))).toEqual([
      '4: alerts.channels[1].name: expected a name of its own (channels[0] has it already)',
    ]);
  });

  it('every one of its problems at once', () => {
    const text = written(
      '{ type: webhook, url: nothing, tokenFile: /t, tokenEnv: T, minSeverity: low }',
      email('port: 0, user: u'),
    );
    expect(problemsOf(text).map((problem) => problem.split(': ', 2).join(' '))).toEqual([
      '3 alerts.channels[0].minSeverity',
      '3 alerts.channels[0].url',
      '3 alerts.channels[0].tokenEnv',
      '4 alerts.channels[1].port',
      '4 alerts.channels[1].user',
    ]);
  });

  it('more than 32 of them', () => {
    expect(problemsOf(written(...Array.from({ length: 33 }, () => '{ type: journal }')))).toEqual([
      '2: alerts.channels: expected at most 32 channels, got a list',
    ]);
  });
});

describe('what may be a secret is not shown', () => {
  const SECRET = 'hunter2-T0P-s3cret';
  const ALIAS = /^3: : an alias \(\*name\) of nothing that stands before it/;
  it.each([
    [
      'url',
      `{ type: webhook, url: "https://user:${SECRET}@h.example/" }`,
      'holds a user or a password: keep the whole URL in a file (urlFile), or use tokenFile',
    ],
    [
      'url',
      `{ type: slack, url: "${SECRET}" }`,
      'is not a URL, like https://alerts.example.org/hook (it is not shown here: it may be a secret)',
    ],
    [
      'url',
      `{ type: slack, url: "http:${SECRET}.example" }`,
      'is not a URL, like https://alerts.example.org/hook (it is not shown here: it may be a secret)',
    ],
    ['url', `{ type: slack, url: "https://h.example/${SECRET}#a" }`, 'holds a fragment ("#..."), which is never sent'],
    ['url', `{ type: slack, url: "ftp://h.example/${SECRET}" }`, 'is not an http or https URL'],
    [
      'url',
      `{ type: slack, url: "https://h.example/${SECRET}/<hidden>" }`,
      'is not the whole URL: "config print" does not show what follows the host',
    ],
    ['urlFile', `{ type: slack, urlFile: "https://h.example/${SECRET}" }`, `is not an absolute path ${NOT_SHOWN}`],
    ['urlEnv', `{ type: slack, urlEnv: ${SECRET} }`, `is not the name of an environment variable ${NOT_SHOWN}`],
    ['hmacFile', `{ type: webhook, urlFile: /u, hmacFile: ${SECRET} }`, `is not an absolute path ${NOT_SHOWN}`],
    [
      'token',
      `{ type: webhook, urlFile: /u, token: ${SECRET} }`,
      'unknown key (known here: type, name, minSeverity, kinds, url, urlFile, urlEnv, hmacFile, hmacEnv, tokenFile, tokenEnv)',
    ],
    ['passwordFile', email(`user: u, passwordFile: ${SECRET}`), `is not an absolute path ${NOT_SHOWN}`],
  ])('in %s of %s', (key, text, message) => {
    expect(problemsOf(written(text))).toEqual([`3: alerts.channels[0].${key}: ${message}`]);
  });

  it.each([
    ['an alias', `{ type: slack, url: *${SECRET} }`, ALIAS],
    ['a tag', `{ type: slack, url: !${SECRET} x }`, /an unknown tag \(!name\)/],
    ['a lost key', `{ type: slack, url:https://${SECRET}/x }`, /alerts\.channels\[0\]: has an unknown key .*not shown here/],
    ['a mapping as a key', `{ type: slack, ? { ${SECRET}: 1 } : x }`, /keys must be strings/],
    ['a quote too few', `{ type: slack, url: "${SECRET} }`, /Missing closing/],
    ['text after the text', `{ type: slack, url: "x" ${SECRET} }`, /3: /],
    ['a text instead of a mapping', SECRET, /expected a mapping with type$/],
    ['a type', `{ type: ${SECRET} }`, /expected one of/],
    ['a name', `{ type: journal, name: "${SECRET}!" }`, /expected a name/],
    ['a kind', `{ type: journal, kinds: [${SECRET}] }`, /expected one of/],
    ['a host', `{ type: email, host: "${SECRET}!", from: a@b, to: [c@d] }`, /expected a host name/],
    ['an address', `{ type: email, host: mail, from: ${SECRET}, to: [${SECRET}] }`, /expected an e-mail address/],
    ['a duration', `{ type: alertmanager, urlFile: /u, resend: ${SECRET} }`, /expected a duration/],
  ])('as %s', (_, text, expected) => {
    const problems = problemsOf(written(text)).join('\n');
    expect(problems).toMatch(expected);
    expect(problems).not.toContain(SECRET);
  });

  it.each([
    [`alerts: ${SECRET}`],
    [`alerts: { ${SECRET}: 1 }`],
    [`alerts: { channels: ${SECRET} }`],
    [`http: { tokenFile: *${SECRET} }`],
  ])('in %s', (text) => {
    const problems = problemsOf(text).join('\n');
    expect(problems).toMatch(/^1: /);
    expect(problems).not.toContain(SECRET);
  });

  it('in the path of the own token', () => {
    expect(problemsOf(`http: { tokenFile: ${SECRET} }`)).toEqual([`1: http.tokenFile: is not an absolute path ${NOT_SHOWN}`]);
  });

  it('whichever key it was written into', () => {
    const keys = [
      'url',
      'urlFile',
      'urlEnv',
      'hmacFile',
      'hmacEnv',
      'tokenFile',
      'tokenEnv',
      'passwordFile',
      'passwordEnv',
      'token',
    ];
    const key = fc.constantFrom(...keys);
    const secret = fc.constantFrom(SECRET, `https://u:${SECRET}@h.example`, `gopher://h/${SECRET}`, `"${SECRET}`, `${SECRET} \n`);
    const type = fc.constantFrom('webhook', 'alertmanager', 'slack', 'email', 'journal');
    fc.assert(
      fc.property(type, fc.dictionary(key, secret, { minKeys: 1 }), (kind, keysOf) => {
        const problems = problemsOf(JSON.stringify({ alerts: { channels: [{ type: kind, ...keysOf }] } }));
        expect(problems).not.toEqual([]);
        expect(problems.join('\n')).not.toContain(SECRET);
      }),
    );
  });
});
