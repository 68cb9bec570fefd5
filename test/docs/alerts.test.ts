/** docs/alerts.md held against what is really sent, configured and measured. */
import { writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createChannel } from '../../src/alert/channels.ts';
import { mailOf } from '../../src/alert/email.ts';
import { alertMessage } from '../../src/alert/message.ts';
import type { AlertMessage } from '../../src/core/conflict/alert-message.ts';
import { CONFLICT_KINDS, type Conflict, severityOf } from '../../src/core/conflict/types.ts';
import { sourceBit } from '../../src/core/evidence/sighting.ts';
import { createLogger } from '../../src/system/logger.ts';
import { metricsOf, tellEverything } from '../http/metrics-fixtures.ts';
import { ip, mac, temporaryFolder } from '../ledger/fixtures.ts';
import { problemsOf } from '../system/config-problems.ts';
import { fakeClock } from '../system/fake-clock.ts';
import { anchorsOf, read } from './pages.ts';

describe('docs/alerts.md', () => {
  const text = read('alerts.md');
  const examples = (language: string): string[] =>
    [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(([, example]) => example ?? '');

  const AT = Date.UTC(2026, 4, 5, 10, 0, 0);
  const device = mac('52:54:00:12:34:56');
  const conflict: Conflict = {
    id: 17,
    kind: 'squatter',
    segment: 'lan',
    pool: 'production-pool',
    address: ip('192.0.2.201'),
    stranger: device,
    macs: [device],
    hostname: 'printer',
    service: null,
    firstSeenMs: AT - 212,
    lastSeenMs: AT,
    openedMs: AT - 209,
    closedMs: null,
    closeReason: null,
    sightings: 2,
    sources: sourceBit('dhcp-request') | sourceBit('arp-announcement'),
    detail: {},
    acknowledged: null,
    seq: 2,
  };

  function example(): AlertMessage {
    const context = { vendorOf: () => 'Example Corp', host: 'jump1', version: '0.1.0', nowMs: AT + 1 };
    const message = alertMessage({ event: 'escalated', conflict, from: 'imminent', causedMs: AT }, context);
    if (message === null) throw new Error('an escalation is told');
    return message;
  }

  const KEY = 'a-key-that-nobody-knows';

  /** What a receiver on loopback gets. */
  async function receive(): Promise<{ readonly headers: IncomingHttpHeaders; readonly body: Buffer }> {
    const server = createServer();
    onTestFinished(() => void server.close());
    const received = new Promise<{ headers: IncomingHttpHeaders; body: Buffer }>((resolve) => {
      server.on('request', (request, response) => {
        const chunks: Buffer[] = [];
        request.on('data', (chunk: Buffer) => chunks.push(chunk));
        request.on('end', () => {
          response.end();
          resolve({ headers: request.headers, body: Buffer.concat(chunks) });
        });
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const path = join(temporaryFolder(), 'hook-key');
    writeFileSync(path, `${KEY}\n`, { mode: 0o600 });
    const channel = createChannel(
      {
        type: 'webhook',
        name: 'ops',
        minSeverity: 'notice',
        kinds: null,
        url: { kind: 'plain', url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/freehold` },
        hmac: { kind: 'file', path },
        bearer: null,
      },
      { clock: fakeClock(AT + 4), logger: createLogger({ level: 'silent' }), version: '0.1.0' },
    );
    onTestFinished(() => channel.close());
    expect(await channel.send(example(), new AbortController().signal)).toEqual({ kind: 'delivered' });
    return received;
  }

  it('quotes the message as it is, and the mail', () => {
    const [quoted = ''] = examples('json');
    expect(JSON.parse(quoted)).toEqual(example());
    expect(text).toContain(`Subject: ${String(mailOf(example()).subject)}\n`);
  });

  it('quotes the headers as they are, with a signature that is right', async () => {
    const { headers } = await receive();
    const [quoted = ''] = [...text.matchAll(/^POST \/freehold HTTP\/1\.1\n(.*?)^```/gms)].map(([, lines]) => lines);
    const quotedHeaders = Object.fromEntries(
      quoted
        .trim()
        .split('\n')
        .map((line) => line.split(': ')),
    );
    expect(headers).toMatchObject(quotedHeaders);
    expect(Object.keys(quotedHeaders)).toEqual(
      expect.arrayContaining(Object.keys(headers).filter((name) => name.startsWith('x-'))),
    );
  });

  it('has a receiver in JavaScript that takes what is genuine, and nothing else', async () => {
    const { headers, body } = await receive();
    const [source = ''] = examples('js');
    const { isGenuine } = (await import(`data:text/javascript,${encodeURIComponent(source)}`)) as {
      readonly isGenuine: (key: string, headers: IncomingHttpHeaders, body: Buffer) => boolean;
    };
    const now = Date.now;
    onTestFinished(() => {
      Date.now = now;
    });
    Date.now = () => AT + 60_000;
    expect(isGenuine(KEY, headers, body)).toBe(true);
    expect(isGenuine('another', headers, body)).toBe(false);
    expect(isGenuine(KEY, headers, Buffer.concat([body, Buffer.from(' ')]))).toBe(false);
    expect(isGenuine(KEY, { ...headers, 'x-freehold-timestamp': '1777975201' }, body)).toBe(false);
    expect(isGenuine(KEY, {}, body)).toBe(false);
    Date.now = () => AT + 400_000;
    expect(isGenuine(KEY, headers, body)).toBe(false);
  });

  it('has an example of each channel that the configuration takes', () => {
    const channels = examples('yaml').filter((yaml) => /^ {4}- type: /m.test(yaml));
    const whole = channels.map((yaml) => (yaml.startsWith('alerts:') ? yaml : `alerts:\n  channels:\n${yaml}`));
    expect(whole.map(problemsOf)).toEqual(whole.map(() => []));
    expect(whole.map((yaml) => /- type: (\w+)/.exec(yaml)?.[1])).toEqual([
      'webhook',
      'alertmanager',
      'slack',
      'email',
      'journal',
    ]);
  });

  it('names every metric of Freehold, with its labels, and no other', async () => {
    const { metrics, scrape } = metricsOf();
    tellEverything(metrics);
    const families = await scrape();
    const rows = [...text.matchAll(/^\|( `freehold_[^|]*)\|([^|]*)\|/gm)].flatMap(([, names = '', labels = '']) =>
      [...names.matchAll(/`(\w+)`/g)].map(([, name = '']) => [
        name,
        [...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label).sort(),
      ]),
    );
    const real = [...families.values()]
      .filter(({ name }) => name.startsWith('freehold_'))
      .map(({ name, samples }) => [
        name,
        [...new Set(samples.flatMap(({ labels }) => Object.keys(labels)))].filter((label) => label !== 'le').sort(),
      ]);
    expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(real));
  });

  it('names every kind with its severity', () => {
    for (const kind of CONFLICT_KINDS) expect(text).toContain(`| \`${kind}\` | ${severityOf(kind)} |`);
  });

  it('leads nowhere in vain', () => {
    for (const [, page, anchor] of text.matchAll(/\]\(([\w.-]+)?(?:#([\w-]+))?\)/g)) {
      const target = page === undefined ? text : read(page);
      if (anchor !== undefined) expect(anchorsOf(target), `${page}#${anchor}`).toContain(anchor);
    }
  });
});
