import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { freehold, type StandInDaemon, standInDaemon } from './stand-in-daemon.ts';

const folder = mkdtempSync(join(tmpdir(), 'freehold-alerts-'));
afterAll(() => rmSync(folder, { recursive: true }));

const SECRET = 'T0-s3cret-path';
const TOKEN = 'bearer-t0ken-of-the-receiver';

let files = 0;
function file(text: string): string {
  files += 1;
  const path = join(folder, `file-${files}`);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}
const LEDGER = `ledger: { path: ${join(folder, 'ledger.db')} }\n`;
const configOf = (...channels: string[]): string => file(`alerts:\n  channels: [${channels.join(', ')}]\n`);
const test = (config: string, ...args: string[]) => freehold(['alerts', 'test', '--config', config, ...args]);

interface Answer {
  readonly id: string;
  readonly delivered: boolean;
  readonly channels: readonly { readonly channel: string; readonly outcome: string; readonly reason: string | null }[];
}

/** A port of loopback at which nobody listens. */
async function closedPort(): Promise<string> {
  const server = await standInDaemon({ body: {} });
  await server[Symbol.asyncDispose]();
  return server.url;
}

describe('freehold alerts test', () => {
  it('sends one marked message through every channel, and exits 0', async () => {
    await using hook = await standInDaemon({ body: {} });
    await using slack = await standInDaemon({ body: 'ok' });
    await using am = await standInDaemon({ body: {} });
    const result = await test(
      configOf(
        `{ type: webhook, name: ops, url: "${hook.url}/hook", tokenFile: ${file(`${TOKEN}\n`)}, minSeverity: critical }`,
        `{ type: slack, urlFile: ${file(`${slack.url}/${SECRET}\n`)} }`,
        `{ type: alertmanager, url: "${am.url}" }`,
        '{ type: journal, kinds: [squatter] }',
      ),
    );
    expect(result.code).toBe(0);
    const lines = result.stdout.split('\n');
    expect(lines.shift()).toMatch(/^As configured in .*file-\d+:$/);
    expect(lines[0]).toMatch(/^CHANNEL +TYPE +OUTCOME +MS +REASON$/);
    expect(lines.slice(1, 5)).toEqual([
      expect.stringMatching(/^ops +webhook +delivered +\d+$/),
      expect.stringMatching(/^slack +slack +delivered +\d+$/),
      expect.stringMatching(/^alertmanager +alertmanager +delivered +\d+$/),
      expect.stringMatching(/^journal +journal +delivered +\d+ +printed here, as the journal would get it$/),
    ]);
    expect(result.stdout).toMatch(/\nThe test message test-\d+ went through 4 channels\.\n$/);
    // The journal's line, and nothing else.
    expect(result.stderr.trim().split('\n')).toEqual([expect.stringContaining('"event":"test"')]);

    const posted = (server: StandInDaemon) => server.requests.map(({ method, url }) => `${method} ${url}`);
    expect([hook, slack, am].map(posted)).toEqual([['POST /hook'], [`POST /${SECRET}`], ['POST /api/v2/alerts']]);
    expect(hook.requests[0]?.headers.authorization).toBe(`Bearer ${TOKEN}`);
    expect(JSON.parse(hook.requests[0]?.body ?? '')).toMatchObject({ event: 'test', conflict: null });
    expect(`${result.stdout}${result.stderr}`).not.toContain(SECRET);
    expect(`${result.stdout}${result.stderr}`).not.toContain(TOKEN);
  });

  it('exits 3 where one channel did not take it, and says why; the others go on', async () => {
    await using good = await standInDaemon({ body: {} });
    await using broken = await standInDaemon({ status: 500, body: {} });
    await using refusing = await standInDaemon({ status: 413, body: {} });
    const missing = join(folder, 'absent');
    const config = configOf(
      `{ type: webhook, name: broken, url: "${broken.url}/${SECRET}" }`,
      `{ type: webhook, name: refusing, url: "${refusing.url}" }`,
      `{ type: webhook, name: nobody, url: "${await closedPort()}" }`,
      `{ type: slack, name: unreadable, urlFile: ${missing} }`,
      `{ type: email, name: mail, host: 127.0.0.1, port: ${new URL(await closedPort()).port}, from: a@b, to: [c@d] }`,
      `{ type: webhook, name: good, url: "${good.url}" }`,
    );
    const result = await test(config, '--json');
    expect(result).toMatchObject({ code: 3, stderr: '' });
    const { delivered, channels } = JSON.parse(result.stdout) as Answer;
    expect(delivered).toBe(false);
    expect(channels.map(({ channel, outcome, reason }) => `${channel}: ${outcome}: ${reason}`)).toEqual([
      expect.stringMatching(/^broken: failed: 127\.0\.0\.1:\d+ answered 500$/),
      expect.stringMatching(/^refusing: failed: refused for good: 127\.0\.0\.1:\d+ answered 413$/),
      expect.stringMatching(/^nobody: failed: .*ECONNREFUSED/),
      expect.stringContaining(`unreadable: failed: `),
      expect.stringMatching(/^mail: failed: 127\.0\.0\.1:\d+/),
      'good: delivered: null',
    ]);
    expect(channels[3]?.reason).toContain(missing);
    expect(result.stdout).not.toContain(SECRET);
    expect(broken.requests).toHaveLength(1);
    expect(good.requests).toHaveLength(1);

    const text = await test(config);
    expect(text).toMatchObject({ code: 3, stderr: '' });
    expect(text.stdout).toMatch(/\n5 of 6 channels did not take the test message test-\d+\.\n$/);
  });

  it('tries only the channel that is named', async () => {
    await using one = await standInDaemon({ body: {} });
    await using other = await standInDaemon({ body: {} });
    const config = configOf(`{ type: webhook, url: "${one.url}" }`, `{ type: webhook, url: "${other.url}" }`);
    const result = await test(config, '--channel', 'webhook-2', '--json');
    expect(result).toMatchObject({ code: 0, stderr: '' });
    const { id, ...rest } = JSON.parse(result.stdout) as Answer;
    expect(id).toMatch(/^test-\d+$/);
    expect(rest).toEqual({
      config,
      delivered: true,
      channels: [{ channel: 'webhook-2', type: 'webhook', outcome: 'delivered', reason: null, durationMs: expect.any(Number) }],
    });
    expect([one.requests.length, other.requests.length]).toEqual([0, 1]);
  });

  it.each([
    ['there is no channel', '[]', [], 'No alert channel is configured: alerts.channels is empty.'],
    [
      'the name is unknown',
      '[{ type: journal }, { type: journal }]',
      ['--channel', 'ops'],
      'There is no alert channel "ops".\n  These are configured: journal, journal-2.',
    ],
    ['the configuration is bad', '[{ type: webhook }]', [], 'alerts.channels[0].url: is required'],
  ])('exits 2 where %s', async (_, channels, args, message) => {
    const result = await test(file(`alerts: { channels: ${channels} }`), ...args);
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr).toContain(message);
  });
});

describe('freehold config', () => {
  it('check warns, on stderr, of what is hardly meant', async () => {
    const config = file(
      'metallb: { pools: [{ name: p, addresses: [192.0.2.200/29] }] }\nalerts: { channels: [] }\n'.concat(LEDGER),
    );
    const result = await freehold(['config', 'check', '--config', config]);
    expect(result).toMatchObject({ code: 0, stdout: `${config} is good: 0 segments, 1 pool, 0 speakers, 0 alert channels.\n` });
    expect(result.stderr.split('\n')).toEqual([
      expect.stringMatching(/^warning: metallb\.pools has no metallb\.speakers/),
      expect.stringMatching(/^warning: metallb\.pools: 192\.0\.2\.200-192\.0\.2\.207 of pool p lie in no segment that is heard/),
      expect.stringMatching(/^warning: alerts\.channels is empty/),
      '',
    ]);
    const json = await freehold(['config', 'check', '--config', config, '--json']);
    expect(json).toMatchObject({ code: 0, stderr: '' });
    expect((JSON.parse(json.stdout) as { warnings: string[] }).warnings).toHaveLength(3);
  });

  it.each([[[]], [['--json']]])('print shows where secrets are, and none of them (%j)', async (args) => {
    const path = file(SECRET);
    const config = configOf(`{ type: slack, url: "https://hooks.example/${SECRET}" }`, `{ type: webhook, urlFile: ${path} }`);
    const result = await freehold(['config', 'print', '--config', config, ...args]);
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(result.stdout).toContain('https://hooks.example/<hidden>');
    expect(result.stdout).toContain(path);
    expect(result.stdout).not.toContain(SECRET);
  });
});
