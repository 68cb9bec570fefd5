import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { serviceStatusCommand } from '../../src/cli/service-status.ts';
import { caughtOutput } from './catcher.ts';
import { type Machine, machine } from './service-machine.ts';

const RUNNING = `LoadState=loaded
UnitFileState=enabled
ActiveState=active
SubState=running
Result=success
MainPID=4711
StateChangeTimestamp=Mon 2026-11-23 13:49:00 UTC
ActiveEnterTimestamp=Mon 2026-11-23 13:48:59 UTC
NRestarts=2
StatusText=watching 2 segments
`;
const FAILED = `LoadState=loaded
UnitFileState=enabled
ActiveState=failed
SubState=failed
Result=watchdog
MainPID=0
StateChangeTimestamp=Mon 2026-11-23 13:49:00 UTC
ActiveEnterTimestamp=
NRestarts=0
StatusText=
`;
const MISSING =
  'LoadState=not-found\nUnitFileState=\nActiveState=inactive\nSubState=dead\nResult=success\nMainPID=0\nStateChangeTimestamp=\n';

const ANSWERS: Readonly<Record<string, unknown>> = {
  '/segments': {
    segments: [
      { name: 'lan', state: 'idle', waitingFor: null, lastValidSweepAt: '2026-11-23T13:48:30.000Z' },
      { name: 'lab', state: 'waiting', waitingFor: 'link-down', lastValidSweepAt: null },
    ],
  },
  '/conflicts?limit=1': { conflicts: [], open: 3 },
  '/openapi.json': { info: { version: '9.8.7' } },
};

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** A daemon that gives these answers, and says of everything else that it does not know it. */
async function daemon(answers: Readonly<Record<string, unknown>> = ANSWERS): Promise<string> {
  const server = createServer((request, response) => {
    const answer = answers[request.url ?? ''];
    const type = answer === undefined ? 'application/problem+json' : 'application/json';
    response.writeHead(answer === undefined ? 404 : 200, { 'content-type': type });
    response.end(JSON.stringify(answer ?? { code: 'not-found', detail: `There is no ${request.url}.` }));
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function status({ host }: Machine, options: { readonly url?: string; readonly json?: boolean } = {}) {
  const { output, stdout } = caughtOutput();
  const code = await serviceStatusCommand({ url: 'http://127.0.0.1:1', ...options }, output, host);
  return { code, text: stdout.text() };
}

const showing = (text: string): Machine => {
  const it = machine();
  it.write('/show', text);
  return it;
};

describe('freehold service status', () => {
  it('shows what systemd and the daemon say, and exits with 0 where it runs', async () => {
    using it = showing(RUNNING);
    const { code, text } = await status(it, { url: await daemon() });
    expect(code).toBe(0);
    expect(text).toBe(`freehold.service
  state       active (running) since 2026-11-23 13:48:59Z
  at boot     enabled
  main PID    4711
  restarts    2 by systemd
  says        watching 2 segments
  version     9.8.7
  segment     lan: idle, last valid sweep 2026-11-23 13:48:30Z
  segment     lab: waiting for link-down, last valid sweep never
  conflicts   3 open  (freehold conflicts)
`);
    expect(it.calls().join()).toContain('systemctl show freehold.service --property=LoadState,');
  });

  it('prints one document with --json', async () => {
    using it = showing(RUNNING);
    const { text } = await status(it, { url: await daemon(), json: true });
    expect(JSON.parse(text)).toEqual({
      unit: 'freehold.service',
      installed: true,
      enabled: 'enabled',
      state: 'active',
      subState: 'running',
      result: 'success',
      mainPid: 4711,
      since: '2026-11-23T13:48:59Z',
      restarts: 2,
      statusText: 'watching 2 segments',
      daemon: {
        reachable: true,
        problem: null,
        version: '9.8.7',
        segments: (ANSWERS['/segments'] as { segments: unknown }).segments,
        openConflicts: 3,
      },
    });
  });

  it('says how it ended where it does not run: 3', async () => {
    using it = showing(FAILED);
    const { code, text } = await status(it);
    expect(code).toBe(3);
    expect(text).toContain('failed (failed) since 2026-11-23 13:49:00Z: it ended by watchdog');
    expect(text).toContain('journalctl -u freehold');
    expect(JSON.parse((await status(it, { json: true })).text)).toMatchObject({ mainPid: null, daemon: null });
  });

  it('says that it is not installed: 3', async () => {
    using it = showing(MISSING);
    expect(await status(it)).toEqual({ code: 3, text: 'freehold.service is not installed.  (freehold service install)\n' });
  });

  it('counts a reload as running', async () => {
    using it = showing(RUNNING.replace('ActiveState=active', 'ActiveState=reloading'));
    expect(await status(it, { url: await daemon() })).toMatchObject({ code: 0 });
  });

  it('says why the daemon could not be asked, and what it did not answer', async () => {
    using it = showing(RUNNING);
    expect(await status(it)).toMatchObject({ code: 0, text: expect.stringMatching(/daemon {6}No daemon answers at http:/) });
    const { '/conflicts?limit=1': _, ...rest } = ANSWERS;
    const { text } = await status(it, { url: await daemon(rest) });
    expect(text).toContain('segment     lan');
    expect(text).toContain('daemon      There is no /conflicts?limit=1.');
  });

  it('shows nothing that could move the cursor', async () => {
    using it = showing(RUNNING.replace('watching', '\u001b[2Jwatching'));
    expect((await status(it, { url: await daemon() })).text).not.toContain('\u001b');
  });

  it('fails with 5 where there is no systemd to ask', async () => {
    using it = machine();
    it.write('/fail-show', '');
    await expect(status(it)).rejects.toMatchObject({ code: 'service-manager-missing', exitCode: 5 });
  });
});
