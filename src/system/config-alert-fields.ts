/**
 * The kinds of value that alert channels are configured with. What may be a secret, or may have been put into the wrong key, is
 * never shown in a message.
 */
import { isIP } from 'node:net';
import { z } from 'zod';
import { err, ok } from '../core/result.ts';
import { parseChannelUrl } from './config-channel-url.ts';
import type { SecretSource, UrlSource } from './config-types.ts';
import { expects, textField } from './text-field.ts';

export const channelUrl = textField(
  'a URL',
  { description: 'http or https; where it is a secret itself, keep it in urlFile or urlEnv', pattern: '^https?://' },
  (text) => {
    const url = parseChannelUrl(text);
    return url.ok ? ok(text) : url;
  },
);

/** Said of a value that is of no use as it is. */
export const NOT_SHOWN = 'it is not shown here: it may be the secret itself';

/** A path where people are tempted to write the secret. */
export const secretPath = (description: string) =>
  textField('an absolute path', { description, pattern: '^/' }, (text) =>
    text.startsWith('/') && text.length <= 4096 && !text.includes('\0')
      ? ok(text)
      : err(`is not an absolute path (${NOT_SHOWN})`),
  );

const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;
export const variableName = (description: string) =>
  textField('the name of an environment variable', { description, pattern: VARIABLE.source }, (text) =>
    VARIABLE.test(text) ? ok(text) : err(`is not the name of an environment variable (${NOT_SHOWN})`),
  );

const LABELS = '[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*';
const HOST = new RegExp(`^(?=.{1,253}$)${LABELS}$`);
const HOST_EXPECTED = 'a host name or an IP address, like mail.example.org';
export const host = textField(HOST_EXPECTED, { description: 'The SMTP server' }, (text) =>
  // Digits and dots that are no address would be looked up as a name.
  isIP(text) !== 0 || (HOST.test(text) && !/^[\d.]+$/.test(text)) ? ok(text) : err(`expected ${HOST_EXPECTED}`),
);

// RFC 5321 section 4.1.2 "Dot-string", lengths of section 4.5.3.1. A quoted local part is allowed there, and nobody has one.
const ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
const MAIL_ADDRESS = new RegExp(`^(?=.{1,254}$)(?=[^@]{1,64}@)${ATOM}(\\.${ATOM})*@${LABELS}$`);
const MAIL_EXPECTED = 'an e-mail address, like freehold@example.org';
export const mailAddress = textField(
  MAIL_EXPECTED,
  { description: 'A bare e-mail address, without a name', pattern: MAIL_ADDRESS.source },
  // JavaScript's `$` without the m flag is the very end: no line break slips through into a header.
  (text) => (MAIL_ADDRESS.test(text) ? ok(text) : err(`expected ${MAIL_EXPECTED}`)),
);

/** 1 .. 16 recipients. */
export const recipients = z
  .array(mailAddress, expects('a list of e-mail addresses'))
  .min(1, expects('at least one e-mail address'))
  .max(16, expects('at most 16 e-mail addresses'));

/** The file goes first; that both are given is refused by config-alert-rules.ts. */
export function secretSource(path: string | undefined, variable: string | undefined): SecretSource | null {
  if (path !== undefined) return { kind: 'file', path };
  return variable === undefined ? null : { kind: 'environment', variable };
}

export const urlSource = (url: string | undefined, path: string | undefined, variable: string | undefined): UrlSource | null =>
  url === undefined ? secretSource(path, variable) : { kind: 'plain', url };
