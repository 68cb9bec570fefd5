/** Rules between the keys of an alert channel, on the document as written: see config-rules.ts. */
import { host } from './config-alert-fields.ts';
import { MOST_CHANNELS, URL_REQUIRED } from './config-alerts.ts';
import { isReadableOnTheWay, parseChannelUrl } from './config-channel-url.ts';
import { asList, duplicateNames, isRaw, type Raw, type RuleProblem, read } from './config-raw.ts';
import { isLoopbackHost } from './listen-address.ts';

export function brokenAlertRules(alerts: Raw): readonly RuleProblem[] {
  const channels = asList(alerts['channels']).slice(0, MOST_CHANNELS);
  return [
    ...duplicateNames(channels, ['alerts', 'channels']),
    ...channels.flatMap((channel, index) =>
      isRaw(channel)
        ? problemsOf(channel).map(({ path, message }) => ({ path: ['alerts', 'channels', index, ...path], message }))
        : [],
    ),
  ];
}

function problemsOf(channel: Raw): readonly RuleProblem[] {
  switch (channel['type']) {
    case 'webhook':
      return [
        ...urlProblems(channel),
        ...oneOf(channel, ['hmacFile', 'hmacEnv']),
        ...oneOf(channel, ['tokenFile', 'tokenEnv']),
        ...tokenInTheClear(channel),
      ];
    case 'alertmanager':
      return [
        ...urlProblems(channel),
        ...oneOf(channel, ['tokenFile', 'tokenEnv']),
        ...tokenInTheClear(channel),
        ...notABase(channel),
      ];
    case 'slack':
      return urlProblems(channel);
    case 'email':
      return [...oneOf(channel, ['passwordFile', 'passwordEnv']), ...loginProblems(channel)];
    default:
      return [];
  }
}

/** Two sources of one secret: nobody would know which counts. Told of every key after the first. */
function oneOf(channel: Raw, keys: readonly string[]): RuleProblem[] {
  const [first, ...others] = keys.filter((key) => channel[key] !== undefined);
  return others.map((key) => ({ path: [key], message: `is one too many: ${first} is given already` }));
}

const URL_KEYS = ['url', 'urlFile', 'urlEnv'] as const;
const urlProblems = (channel: Raw): RuleProblem[] =>
  URL_KEYS.every((key) => channel[key] === undefined) ? [{ path: ['url'], message: URL_REQUIRED }] : oneOf(channel, URL_KEYS);

const plainUrl = (channel: Raw): URL | undefined => {
  const written = channel['url'];
  const url = typeof written === 'string' ? parseChannelUrl(written) : undefined;
  return url?.ok === true ? url.value : undefined;
};

const hasAny = (channel: Raw, keys: readonly string[]): boolean => keys.some((key) => channel[key] !== undefined);

function tokenInTheClear(channel: Raw): RuleProblem[] {
  const url = plainUrl(channel);
  if (url === undefined || !isReadableOnTheWay(url) || !hasAny(channel, ['tokenFile', 'tokenEnv'])) return [];
  return [{ path: ['url'], message: 'is plain http to another machine: the bearer token could be read on the way; use https' }];
}

/** `/api/v2/alerts` is put behind it. */
function notABase(channel: Raw): RuleProblem[] {
  const url = plainUrl(channel);
  if (url === undefined) return [];
  if (url.search !== '') return [{ path: ['url'], message: "holds a query: the Alertmanager's own address is meant" }];
  if (!/\/api\/v[12](\/|$)/.test(url.pathname)) return [];
  return [{ path: ['url'], message: 'is meant without /api/v2/alerts: that is put behind it' }];
}

function loginProblems(channel: Raw): RuleProblem[] {
  const password = (['passwordFile', 'passwordEnv'] as const).find((key) => channel[key] !== undefined);
  if (channel['user'] === undefined && password === undefined) return [];
  if (password === undefined) return [{ path: ['user'], message: 'is of no use without passwordFile or passwordEnv' }];
  if (channel['user'] === undefined) return [{ path: [password], message: 'is of no use without user' }];
  const server = read(host, channel['host']);
  if (channel['security'] !== 'none' || server === undefined || isLoopbackHost(server)) return [];
  return [{ path: ['security'], message: 'is none: the password could be read on the way; use starttls or tls' }];
}
