/**
 * The kinds of value that a configuration is made of: each reads what people write and says, where it cannot, what it
 * expected. Looks at one value only; rules between values are in config-rules.ts.
 */
import { validate as isSchedule } from 'node-cron';
import { z } from 'zod';
import { type Cidr, parseCidr } from '../core/address/cidr.ts';
import { type Ipv4, parseIpv4 } from '../core/address/ipv4.ts';
import { type Ipv4Range, parseRange } from '../core/address/range.ts';
import { err, ok } from '../core/result.ts';
import { printable } from '../core/text.ts';
import type { ListenAddress, ListenSocket } from './config-types.ts';
import { DURATION_PATTERN, formatDuration, parseDuration } from './duration.ts';
import { parseListen } from './listen-address.ts';
import { nearestName } from './nearest-name.ts';
import { expects, textField } from './text-field.ts';

/** A mapping that refuses unknown keys by name. One line of the message for each key, in the order of the issue's `keys`. */
export const mapping = <Shape extends z.core.$ZodLooseShape>(shape: Shape, what: string) =>
  z.strictObject(shape, {
    error: (issue) => {
      if (issue.code !== 'unrecognized_keys') return `expected ${what}`;
      const known = Object.keys(shape);
      return issue.keys.map((key) => unknownKey(key, known)).join('\n');
    },
  });

function unknownKey(key: string, known: readonly string[]): string {
  const near = nearestName(key, known);
  return near === undefined ? `unknown key (known here: ${known.join(', ')})` : `unknown key (did you mean "${near}"?)`;
}

export const list = <Item extends z.ZodType>(item: Item, atMost: number, what: string) =>
  z.array(item, expects(`a list of ${what}`)).max(atMost, { error: () => `expected at most ${atMost} ${what}` });

export const wholeNumber = (from: number, to: number, what = `a whole number from ${from} to ${to}`) => {
  const error = expects(what);
  return z.int(error).min(from, error).max(to, error);
};

export const share = (description: string) => {
  const error = expects('a number from 0 to 1');
  return z.number(error).min(0, error).max(1, error).meta({ description });
};

export const choice = <const Values extends readonly string[]>(values: Values, description: string) =>
  z.enum(values, expects(`one of ${values.join(', ')}`)).meta({ description });

export const flag = (description: string) => z.boolean(expects('true or false')).meta({ description });

/** In milliseconds once read. */
export const duration = (fromMs: number, toMs: number, description: string) => {
  const what = `a duration from ${formatDuration(fromMs)} to ${formatDuration(toMs)}, like 90s, 10m, 72h or 14d`;
  return textField(what, { description, pattern: DURATION_PATTERN }, (text) => {
    const parsed = parseDuration(text);
    return parsed.ok && parsed.value >= fromMs && parsed.value <= toMs ? parsed : err(`expected ${what}`);
  });
};

const RATE_EXPECTED = 'a whole number from 1 to 1000000, or max';
export const rate = z
  .union([wholeNumber(1, 1_000_000, RATE_EXPECTED), z.literal('max')], expects(RATE_EXPECTED))
  .meta({ description: 'Probes a second at most; max sends as fast as the link takes them' });

const PLAIN_NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;
const NAME_EXPECTED = 'a name of 1 to 63 lower case letters, digits and hyphens, not starting with a hyphen';
/** Of a segment or a channel: fit for a label, a URL and a command line. */
export const plainName = (description: string) =>
  textField(NAME_EXPECTED, { description, pattern: PLAIN_NAME.source }, (text) =>
    PLAIN_NAME.test(text) ? ok(text) : err(`expected ${NAME_EXPECTED}`),
  );

export const segmentName = plainName('The name of the segment');

// dev_valid_name() of the kernel: IFNAMSIZ is 16 with its terminating zero.
const INTERFACE_NAME = /^(?!\.{1,2}$)[^/:\s]{1,15}$/;
const INTERFACE_EXPECTED = 'the name of a network interface, like eth0';
export const interfaceName = textField(
  INTERFACE_EXPECTED,
  { description: 'The interface that is attached to the segment', pattern: INTERFACE_NAME.source },
  (text) => (INTERFACE_NAME.test(text) ? ok(text) : err(`expected ${INTERFACE_EXPECTED}`)),
);

const CIDR_EXPECTED = 'a network of at most 65536 addresses, like 192.0.2.0/24';
export const cidr = textField<Cidr>(CIDR_EXPECTED, { description: "Default: the interface's own network" }, (text) => {
  const parsed = parseCidr(text);
  if (!parsed.ok) return err(`${parsed.error}; expected ${CIDR_EXPECTED}`);
  if (parsed.value.prefixLength < 16) return err(`expected ${CIDR_EXPECTED}: a /16 is the largest segment`);
  const firstOctet = parsed.value.network >>> 24;
  return firstOctet === 0 || firstOctet >= 224 ? err(`expected ${CIDR_EXPECTED}: these are not unicast addresses`) : parsed;
});

export const address = textField<Ipv4>('an IPv4 address, like 192.0.2.1', { description: 'An IPv4 address' }, parseIpv4);

export const range = textField<Ipv4Range>(
  'an address, a range or a network, like 192.0.2.10-192.0.2.20',
  { description: 'ADDRESS, FIRST-LAST or ADDRESS/LENGTH' },
  parseRange,
);

const SCHEDULE_EXPECTED = 'a cron schedule of five fields, or six with seconds first, like "*/30 * * * * *"';
export const schedule = textField(SCHEDULE_EXPECTED, { description: 'When to sweep: a cron schedule' }, (text) =>
  text.length <= 256 && isSchedule(text) ? ok(text) : err(`expected ${SCHEDULE_EXPECTED}`),
);

export const listen = textField<ListenAddress | ListenSocket>(
  'HOST:PORT like 127.0.0.1:5227, [IPV6]:PORT like [::1]:5227, or unix:/absolute/path',
  { description: 'HOST:PORT, [IPV6]:PORT or unix:/absolute/path; anything but loopback needs tokenFile' },
  parseListen,
);

const PATH_EXPECTED = 'an absolute path';
export const absolutePath = (description: string) =>
  textField(PATH_EXPECTED, { description, pattern: '^/' }, (text) =>
    text.startsWith('/') && text.length <= 4096 && !text.includes('\0') ? ok(text) : err(`expected ${PATH_EXPECTED}`),
  );

/** One line of text for people or for a login. @param atMost characters */
export const shortText = (atMost: number, description: string) => {
  const what = `a text of 1 to ${atMost} characters on one line`;
  return textField(what, { description, minLength: 1, maxLength: atMost }, (text) =>
    text !== '' && printable(text, atMost) === text ? ok(text) : err(`expected ${what}`),
  );
};
