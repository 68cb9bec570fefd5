import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createChannel } from '../../src/alert/channels.ts';
import { mailOf } from '../../src/alert/email.ts';
import { testMessage } from '../../src/alert/message.ts';
import type { Channel, ChannelDeps } from '../../src/alert/types.ts';
import type { ChannelConfig } from '../../src/system/config-types.ts';
import { fakeClock } from '../system/fake-clock.ts';
import { CONTEXT, closedPort, depsWith, HOSTILE, logTo, messageOf, T0 } from './fixtures.ts';

const live = new AbortController().signal;
const PASSWORD = 'pw-5up3r53cr3t';

let folder = '';
let certificate = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'freehold-mail-'));
  certificate = join(folder, 'cert.pem');
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', join(folder, 'key.pem')];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-days', '2'];
  execFileSync('openssl', ['req', '-x509', ...key, ...subject, '-out', certificate], { stdio: 'ignore' });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Mail {
  readonly secure: boolean;
  readonly user: string | undefined;
  readonly to: readonly string[];
  readonly text: string;
}

type Answers = Partial<Pick<SMTPServerOptions, 'onRcptTo' | 'onData' | 'disabledCommands' | 'secure' | 'hideSTARTTLS'>>;

async function mailServer(answers: Answers = {}) {
  const mails: Mail[] = [];
  const server = new SMTPServer({
    key: readFileSync(join(folder, 'key.pem')),
    cert: readFileSync(certificate),
    authOptional: true,
    disableReverseLookup: true,
    closeTimeout: 100,
    onAuth: ({ username, password }, _, done) =>
      password === PASSWORD ? done(null, { user: username }) : done(new Error(`not ${password}`)),
    onData: (stream, session, done) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const to = session.envelope.rcptTo.map(({ address }) => address);
        mails.push({ secure: session.secure, user: session.user, to, text: Buffer.concat(chunks).toString('utf8') });
        done();
      });
    },
    ...answers,
  });
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => new Promise<void>((resolve) => server.close(resolve)));
  const { port } = server.server.address() as { port: number };
  return { mails, port };
}

function email(
  port: number,
  over: Partial<Extract<ChannelConfig, { type: 'email' }>> = {},
  deps: Partial<ChannelDeps> = {},
): Channel {
  const filter = { name: 'mail', minSeverity: 'notice', kinds: null } as const;
  const server = { host: '127.0.0.1', port, security: 'starttls', caFile: certificate, user: null, password: null } as const;
  const people = { from: 'freehold@example.com', to: ['admin@example.com', 'second@example.com'] };
  const config = { ...filter, type: 'email', ...server, ...people, ...over } as const;
  const environment = { MAIL_PASSWORD: PASSWORD };
  return createChannel(config, depsWith(fakeClock(T0), { environment, timeoutMs: 5000, ...deps }));
}

const header = (text: string, name: string): string | undefined =>
  new RegExp(`^${name}: (.*(?:\r\n[ \t].*)*)`, 'im').exec(text)?.[1]?.replaceAll('\r\n ', ' ');

describe('the e-mail channel', () => {
  it('sends a plain text by STARTTLS, logged in, to everybody', async () => {
    const server = await mailServer();
    const channel = email(server.port, { user: 'freehold', password: { kind: 'environment', variable: 'MAIL_PASSWORD' } });
    expect(await channel.send(messageOf(), live)).toEqual({ kind: 'delivered' });
    const [mail] = server.mails;
    expect(mail).toMatchObject({ secure: true, user: 'freehold', to: ['admin@example.com', 'second@example.com'] });
    const text = mail?.text ?? '';
    expect(header(text, 'Subject')).toBe(
      '[freehold] squatter: 00:00:0c:00:00:01 (printer, Cisco) uses 192.0.2.201 of pool production-pool',
    );
    expect(header(text, 'Message-ID')).toBe(`<freehold.7-1.${T0 + 1}@jump>`);
    expect(header(text, 'Content-Type')).toMatch(/^text\/plain/);
    expect(header(text, 'Auto-Submitted')).toBe('auto-generated');
    expect(header(text, 'References')).toBeUndefined();
    expect(text).toContain('freehold history 192.0.2.201');
  });

  it.each(['tls', 'none'] as const)('speaks %s where it is configured', async (security) => {
    const server = await mailServer({ secure: security === 'tls' });
    expect(await email(server.port, { security }).send(messageOf(), live)).toEqual({ kind: 'delivered' });
    expect(server.mails[0]?.secure).toBe(security === 'tls');
  });

  it('says nothing in the clear where STARTTLS is wanted and not there', async () => {
    const server = await mailServer({ disabledCommands: ['STARTTLS'], hideSTARTTLS: true });
    expect(await email(server.port).send(messageOf(), live)).toMatchObject({
      kind: 'retry',
      reason: expect.stringContaining('no secure connection'),
    });
    expect(server.mails).toEqual([]);
  });

  it('trusts no certificate that it was not told to trust', async () => {
    const server = await mailServer();
    const outcome = await email(server.port, { caFile: null }).send(messageOf(), live);
    expect([outcome.kind, server.mails.length]).toEqual(['retry', 0]);
  });

  it('threads the mails of a conflict, and repeats a mail as the same mail', () => {
    const [first, second] = [mailOf(messageOf()), mailOf(messageOf({ seq: 2 }, { event: 'escalated', from: 'imminent' }))];
    expect(second.references).toBe(first.messageId);
    expect(second.inReplyTo).toBe(first.messageId);
    expect(second.messageId).not.toBe(first.messageId);
    expect(mailOf(messageOf())).toEqual(first);
    // Another ledger counts from 1 again.
    expect(mailOf(messageOf({ openedMs: T0 + 99 })).messageId).not.toBe(first.messageId);
    expect(mailOf(testMessage(CONTEXT)).messageId).toBe(`<freehold.test-${T0 + 2}@jump>`);
  });

  it('lets strangers write no header, and no markup', async () => {
    const server = await mailServer();
    expect(await email(server.port).send(messageOf({ hostname: HOSTILE, pool: HOSTILE }), live)).toEqual({ kind: 'delivered' });
    const { text = '', to } = server.mails[0] ?? {};
    expect(to).toEqual(['admin@example.com', 'second@example.com']);
    const [headers = ''] = text.split('\r\n\r\n');
    expect(headers).not.toMatch(/^bcc/im);
    expect(headers).not.toMatch(/text\/html/i);
    expect(text).not.toContain('\0');
  });

  it('tells the log how many recipients were refused, and is done where one was not', async () => {
    const log: string[] = [];
    const server = await mailServer({
      onRcptTo: ({ address }, _, done) => done(address.startsWith('second') ? new Error('no such user') : null),
    });
    expect(await email(server.port, {}, { logger: logTo(log) }).send(messageOf(), live)).toEqual({ kind: 'delivered' });
    expect(server.mails[0]?.to).toEqual(['admin@example.com']);
    expect(log.join('')).toContain('"refused":1');
  });

  it('tries only those again that were put off, until none is left, and loses count of nobody', async () => {
    const log: string[] = [];
    let works = false;
    const server = await mailServer({
      onRcptTo: ({ address }, _, done) => {
        const code = address.startsWith('gone') ? 550 : address.startsWith('night') && !works ? 450 : null;
        done(code === null ? null : Object.assign(new Error('5up3r53cr3t'), { responseCode: code }));
      },
    });
    const to = ['ops@example.com', 'night@example.com', 'gone@example.com'];
    const channel = email(server.port, { to }, { logger: logTo(log) });
    for (let tries = 0; tries < 2; tries++) {
      const outcome = await channel.send(messageOf(), live);
      expect(outcome).toMatchObject({ kind: 'retry', scope: 'message', reason: expect.stringContaining('1 of 3 recipients') });
    }
    works = true;
    expect(await channel.send(messageOf(), live)).toEqual({ kind: 'delivered' });
    expect(server.mails.map((mail) => mail.to)).toEqual([['ops@example.com'], ['night@example.com']]);
    // It is the same mail, to the same people.
    expect(new Set(server.mails.map(({ text }) => header(text, 'To')))).toEqual(new Set([to.join(', ')]));
    expect(log.join('')).toContain('"refused":1');
    expect(log.join('')).not.toContain('5up3r53cr3t');
    // The next one goes to all.
    expect(await channel.send(messageOf({ id: 8 }), live)).toEqual({ kind: 'delivered' });
    expect(server.mails.at(-1)?.to).toEqual(['ops@example.com', 'night@example.com']);
  });

  it('is done where those that were put off are refused at last, and somebody has it', async () => {
    let code = 450;
    const server = await mailServer({
      onRcptTo: ({ address }, _, done) =>
        done(address.startsWith('second') ? Object.assign(new Error('no'), { responseCode: code }) : null),
    });
    const channel = email(server.port);
    expect(await channel.send(messageOf(), live)).toMatchObject({ kind: 'retry' });
    code = 550;
    expect(await channel.send(messageOf(), live)).toEqual({ kind: 'delivered' });
    expect(server.mails).toHaveLength(1);
  });

  it.each([450, 550])('tries all again where all are refused with %i', async (responseCode) => {
    const server = await mailServer({ onRcptTo: (_, __, done) => done(Object.assign(new Error('no'), { responseCode })) });
    const channel = email(server.port);
    for (let tries = 0; tries < 2; tries++) {
      expect(await channel.send(messageOf(), live)).toMatchObject({
        kind: 'retry',
        reason: expect.stringContaining(`all recipients were refused (EENVELOPE, ${responseCode})`),
      });
    }
  });

  it.each([
    [450, 'retry'],
    [550, 'retry'],
    [552, 'rejected'],
    [554, 'rejected'],
  ] as const)('takes a %i to the content for %s', async (responseCode, kind) => {
    const server = await mailServer({
      onData: (stream, _, done) => {
        stream.resume();
        stream.on('end', () => done(Object.assign(new Error('5up3r53cr3t'), { responseCode })));
      },
    });
    const outcome = await email(server.port).send(messageOf(), live);
    expect(outcome).toMatchObject({ kind, reason: expect.stringContaining(String(responseCode)) });
    expect(JSON.stringify(outcome)).not.toContain('5up3r53cr3t');
  });

  it('tries again where the login is refused, and never tells the password', async () => {
    const log: string[] = [];
    const server = await mailServer();
    const deps = { environment: { MAIL_PASSWORD: 'wrong-5up3r53cr3t' }, logger: logTo(log) };
    const login = { user: 'freehold', password: { kind: 'environment', variable: 'MAIL_PASSWORD' } } as const;
    const outcome = await email(server.port, login, deps).send(messageOf(), live);
    expect(outcome).toMatchObject({ kind: 'retry', reason: expect.stringContaining('the login was refused') });
    expect(JSON.stringify(outcome) + log.join('')).not.toContain('5up3r53cr3t');
    const unset = await email(server.port, login, { environment: {} }).send(messageOf(), live);
    expect(unset).toMatchObject({ kind: 'retry', reason: expect.stringContaining('MAIL_PASSWORD') });
  });

  it('names the CA file that cannot be read', async () => {
    const caFile = join(folder, 'absent.pem');
    const outcome = await email(25, { caFile }).send(messageOf(), live);
    expect(outcome).toMatchObject({ kind: 'retry', reason: expect.stringContaining(caFile) });
    writeFileSync(caFile, 'not a certificate');
    const server = await mailServer();
    expect(await email(server.port, { caFile }).send(messageOf(), live)).toMatchObject({ kind: 'retry' });
  });

  it('tries again where nobody listens, where nobody answers, and where it is stopped', async () => {
    expect(await email(await closedPort()).send(messageOf(), live)).toMatchObject({ kind: 'retry' });

    const connected: unknown[] = [];
    const silent = createServer((socket) => {
      socket.on('error', () => undefined);
      connected.push(socket);
    });
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void silent.close());
    const { port } = silent.address() as { port: number };
    expect(await email(port, {}, { timeoutMs: 100 }).send(messageOf(), live)).toMatchObject({ kind: 'retry' });

    const stop = new AbortController();
    const sending = email(port).send(messageOf(), stop.signal);
    await expect.poll(() => connected.length, { timeout: 20_000 }).toBe(2);
    stop.abort();
    expect(await sending).toMatchObject({ kind: 'retry', reason: 'stopped' });
  });
});
