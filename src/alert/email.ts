/**
 * E-mail by SMTP (nodemailer), plain text only: nothing in it can be markup. Message-IDs come from the message, so that a
 * repetition is the same mail, and the mails of one conflict are one thread. With `starttls` nothing is said in the clear.
 */
import { readFileSync } from 'node:fs';
import type { SendMailOptions } from 'nodemailer';
import type { AlertMessage } from '../core/conflict/alert-message.ts';
import { EXIT, FreeholdError } from '../core/error.ts';
import { printable } from '../core/text.ts';
import type { ChannelConfig } from '../system/config-types.ts';
import { readSecret } from '../system/secret-file.ts';
import { codeOf, TIMEOUT_MS } from './http-post.ts';
import { Recipients, type Refusal } from './recipients.ts';
import { type Channel, type ChannelDeps, DELIVERED, rejected, retry, type SendOutcome } from './types.ts';

type EmailConfig = Extract<ChannelConfig, { type: 'email' }>;

/** RFC 5322 section 2.1.1 wants lines of 78; readers show less. */
const SUBJECT_LENGTH = 200;
/** A dialogue of many turns: longer than one request. */
const TIMEOUTS_IN_ALL = 3;

/** Unique beyond one ledger, which counts from 1: another one's mail of the same number is not a repetition. */
function messageIdOf(message: AlertMessage, id: string = message.id): string {
  const host = message.sender.host.toLowerCase().replaceAll(/[^a-z0-9.-]/g, '') || 'freehold';
  const since = message.conflict === null ? '' : `.${Date.parse(message.conflict.openedAt)}`;
  return `<freehold.${id}${since}@${host}>`;
}

/** The mail, without its addresses. Every line of it is printable. */
export function mailOf(message: AlertMessage): SendMailOptions {
  const { conflict } = message;
  const first = conflict === null || conflict.seq === 1 ? null : messageIdOf(message, `${conflict.id}-1`);
  return {
    subject: printable(`[freehold] ${message.title}`, SUBJECT_LENGTH).toWellFormed(),
    text: textOf(message),
    messageId: messageIdOf(message),
    ...(first === null ? {} : { references: first, inReplyTo: first }),
    ...(message.severity === 'critical' && message.event !== 'closed' ? { priority: 'high' as const } : {}),
    date: new Date(message.at),
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Freehold-Event': message.event },
    // Neither a path nor a URL in the content may ever be fetched.
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

function textOf({ summary, actions, conflict, sender, at, id }: AlertMessage): string {
  const facts: [string, string | number | null][] =
    conflict === null
      ? []
      : [
          ['Conflict', conflict.id],
          ['Kind', conflict.kind],
          ['Address', conflict.address],
          ['Pool', conflict.pool],
          ['Segment', conflict.segment],
          ['Service', conflict.service],
          ['MAC', conflict.mac],
          ['Vendor', conflict.vendor],
          ['Hostname', conflict.hostname],
          ['First seen', conflict.firstSeenAt],
          ['Last seen', conflict.lastSeenAt],
          ['Closed', conflict.closedAt],
        ];
  const known = facts.filter(([, value]) => value !== null).map(([name, value]) => `${name.padEnd(11)}${value}`);
  const lines = [summary, '', 'What to do:', ...actions.map((action) => `- ${action}`), '', ...known, ''];
  return [...lines, `Sent by Freehold ${sender.version} on ${sender.host}, made at ${at}, message ${id}.`, ''].join('\n');
}

function readAuthority(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new FreeholdError('ca-file-unreadable', `The CA file ${path} cannot be read (${codeOf(error)}).`, {
      hint: 'Let the user that runs Freehold read it, or mend the configuration.',
      exitCode: EXIT.usage,
      cause: error,
    });
  }
}

export function emailChannel(config: EmailConfig, deps: ChannelDeps): Channel {
  const timeoutMs = deps.timeoutMs ?? TIMEOUT_MS;
  const environment = deps.environment ?? process.env;
  const receiver = `${config.host}:${config.port}`;
  const recipients = new Recipients(config.to);

  const judge = (message: AlertMessage, taken: boolean, refusals: readonly Refusal[]): SendOutcome => {
    const { left, lost } = recipients.note(message.id, taken, refusals);
    const about = { channel: config.name, alert: message.id, refused: lost, of: config.to.length };
    if (lost > 0) deps.logger.error(about, 'recipients of an alert were refused for good: they do not get it');
    if (left.length === 0) return DELIVERED;
    const codes = [...new Set(refusals.map(({ status }) => status))].join(', ');
    if (left.length === config.to.length) return retry(`${receiver}: all recipients were refused (EENVELOPE, ${codes})`);
    return retry(
      `${receiver}: ${left.length} of ${config.to.length} recipients were put off (${codes}): only they are tried again`,
    );
  };

  const send = async (message: AlertMessage, signal: AbortSignal): Promise<SendOutcome> => {
    // Only where there is such a channel: the daemon would carry the library for nothing.
    const { createTransport } = await import('nodemailer');
    const pass = config.password === null ? null : readSecret(config.password, environment);
    const transport = createTransport({
      host: config.host,
      port: config.port,
      secure: config.security === 'tls',
      requireTLS: config.security === 'starttls',
      ignoreTLS: config.security === 'none',
      connectionTimeout: timeoutMs,
      greetingTimeout: timeoutMs,
      socketTimeout: timeoutMs,
      dnsTimeout: timeoutMs,
      socketCloseTimeout: 200,
      ...(config.caFile === null ? {} : { tls: { ca: readAuthority(config.caFile) } }),
      ...(config.user === null ? {} : { auth: { user: config.user, pass: pass ?? '' } }),
    });
    try {
      const to = recipients.of(message.id);
      const envelope = { from: config.from, to: [...to] };
      const mail = { ...mailOf(message), from: config.from, to: [...config.to], envelope, signal };
      const sent = await transport.sendMail(mail);
      return judge(message, true, refusalsOf(sent));
    } catch (error) {
      const refusals = refusalsOf(error);
      if (refusals.length === 0) throw error;
      return judge(message, false, refusals);
    } finally {
      transport.close();
    }
  };

  return {
    name: config.name,
    type: 'email',
    concurrency: 2,
    refreshMs: null,
    async send(message, signal) {
      const limit = new AbortController();
      const timer = setTimeout(() => limit.abort(), timeoutMs * TIMEOUTS_IN_ALL);
      const stop = (): void => limit.abort();
      signal.addEventListener('abort', stop);
      if (signal.aborted) stop();
      try {
        return await send(message, limit.signal);
      } catch (error) {
        if (signal.aborted) return retry('stopped');
        if (error instanceof FreeholdError) return retry([error.message, error.hint].filter(Boolean).join(' '), null, 'channel');
        return failureOf(error, receiver);
      } finally {
        clearTimeout(timer);
        signal.removeEventListener('abort', stop);
      }
    },
    close: async () => undefined,
  };
}

/** What nodemailer tells of recipients that were refused: beside a mail that was sent, or in the error where it was not. */
function refusalsOf(result: unknown): Refusal[] {
  if (typeof result !== 'object' || result === null || !('rejectedErrors' in result)) return [];
  const { rejectedErrors } = result;
  if (!Array.isArray(rejectedErrors)) return [];
  return rejectedErrors.flatMap((error: { readonly recipient?: unknown; readonly responseCode?: unknown }) =>
    typeof error.recipient === 'string' ? [{ recipient: error.recipient, status: Number(error.responseCode) }] : [],
  );
}

/** Only codes: a server's own words may repeat what it was told. */
function failureOf(error: unknown, receiver: string): SendOutcome {
  const code = codeOf(error);
  const status = error instanceof Error && 'responseCode' in error ? Number(error.responseCode) : Number.NaN;
  const told = Number.isInteger(status) ? `${code}, ${status}` : code;
  // It spoke with us, up to this mail.
  const scope = code === 'EMESSAGE' || code === 'EENVELOPE' ? 'message' : 'channel';
  const reason = `${receiver}: ${wordsFor(code)} (${told})`;
  // 552 and 554 in answer to the content itself: this mail will never be taken. All else (greylisting, relaying, login) can be mended.
  return code === 'EMESSAGE' && (status === 552 || status === 554) ? rejected(reason) : retry(reason, null, scope);
}

function wordsFor(code: string): string {
  switch (code) {
    case 'EAUTH':
    case 'ENOAUTH':
      return 'the login was refused';
    case 'ETLS':
      return 'no secure connection could be made';
    case 'EENVELOPE':
      return 'the sender was refused';
    case 'EMESSAGE':
      return 'the mail was refused';
    case 'ETIMEDOUT':
    case 'EABORT':
      return 'no answer in time';
    default:
      return 'the mail could not be sent';
  }
}
