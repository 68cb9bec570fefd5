import { spawn } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { untilInterrupted, type WatchOptions, watchCommand } from '../../src/cli/watch.ts';
import { createApp } from '../../src/http/app.ts';
import type { ConflictsAnswer } from '../../src/http/guard-service.ts';
import { listen, type RunningServer } from '../../src/http/server.ts';
import type { LiveEventStream } from '../../src/watch/guard-types.ts';
import { createLiveEvents } from '../../src/watch/live-events.ts';
import { fakeService } from '../http/fake-service.ts';
import {
  AT_MS,
  conflict,
  conflictEvent,
  conflictsAnswer,
  fakeGuard,
  noticeEvent,
  sightingEvent,
} from '../http/guard-fixtures.ts';
import { caughtOutput } from './catcher.ts';
import { freehold, MAIN } from './stand-in-daemon.ts';

let directory = '';
let running: RunningServer | null = null;
let controller: AbortController;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'freehold-watch-'));
  controller = new AbortController();
});
afterEach(async () => {
  controller.abort();
  await running?.close();
  running = null;
  rmSync(directory, { recursive: true });
});

interface FakeDaemon {
  readonly live: LiveEventStream;
  stop(): Promise<void>;
}

interface StartOptions {
  /** null: the question fails. */
  readonly open?: ConflictsAnswer | null;
  readonly token?: string | null;
  readonly maxStreams?: number;
  readonly onList?: (live: LiveEventStream) => void;
}

/** Always at the same socket: a daemon that is started anew answers where the former one did. */
async function start(
  run: string,
  { open = conflictsAnswer([]), token = null, maxStreams = 32, onList }: StartOptions = {},
): Promise<FakeDaemon> {
  const live = createLiveEvents({ run });
  const guard = fakeGuard(() => undefined, live);
  const conflicts = (): ConflictsAnswer => {
    onList?.(live);
    if (open === null) throw new Error('broken');
    return open;
  };
  const service = { ...fakeService(), guard: { ...guard, conflicts } };
  const logger = pino({ level: 'silent' });
  const app = createApp({ service, token, logger, version: '1', listen: socket(), eventStreams: { maxStreams } });
  const server = await listen(app, socket());
  running = server;
  return { live, stop: () => server.close() };
}

const socket = () => ({ kind: 'unix', path: join(directory, 'freehold.sock') }) as const;

function watch(options: WatchOptions = {}, until = controller.signal) {
  const { output, stdout, stderr } = caughtOutput();
  // The daemon asks for 3 s before coming back; nobody waits for that here.
  const code = watchCommand({ socket: socket().path, ...options }, output, until, () => pause(5));
  // A failure is looked at by whoever awaits it.
  code.catch(() => undefined);
  return { code, stdout, stderr };
}

const publish = (live: LiveEventStream, text: string): void => live.publish(noticeEvent(text), AT_MS);

describe('freehold watch', () => {
  it('lists what is open, then tells what happens, until it is interrupted', async () => {
    const seven = conflict({ id: 7, acknowledged: { atMs: AT_MS, by: 'Ada', note: 'on it' } });
    const daemon = await start('run1', { open: conflictsAnswer([seven]) });
    const { code, stdout, stderr } = watch();
    await expect.poll(stdout.text).toContain('production-pool');
    daemon.live.publish(sightingEvent(), AT_MS);
    daemon.live.publish(conflictEvent({ id: 8 }), AT_MS);
    await expect.poll(stdout.text).toContain('conflict 8 opened');
    controller.abort();
    expect(await code).toBe(0);
    expect(stdout.text()).toBe(`1 conflict is open: 1 squatter.
Pool production-pool:
ID  KIND      ADDRESS      WHO                        HEARD     SINCE      LAST SEEN  STATE
7   squatter  192.0.2.201  02:00:00:00:00:05 printer  arp,dhcp  09:59:00Z  09:59:59Z  acknowledged
7: acknowledged by Ada: on it

2026-05-05 10:00:00Z  sighting 192.0.2.201 of pool production-pool: arp-reply by 02:00:00:00:00:05 (random or virtual), no speaker
2026-05-05 10:00:00Z  conflict 8 opened: squatter: 02:00:00:00:00:05 (printer) uses 192.0.2.201 of pool production-pool.
`);
    expect(stderr.text()).toBe('');
  });

  it('says in front what cannot be heard, with --json too', async () => {
    await start('run1', { open: conflictsAnswer([], { blind: true, notices: ['Segment lan is down.'] }) });
    const text = watch();
    await expect.poll(text.stdout.text).toMatch(/^Note: Segment lan is down\.\nNo conflict is open, but .* no all-clear\.\n$/);
    const json = watch({ json: true });
    await expect.poll(json.stdout.text).toBe('{"type":"warning","text":"Segment lan is down."}\n');
  });

  it('waits for its turn where all streams are taken, and says so once', async () => {
    const daemon = await start('run1', { maxStreams: 1 });
    const first = watch();
    await expect.poll(first.stdout.text).toContain('No conflict is open.');
    const own = new AbortController();
    const second = watch({}, own.signal);
    await expect.poll(second.stderr.text).toContain('Trying again until there is room.');
    controller.abort();
    await first.code;
    await expect.poll(second.stdout.text).toContain('No conflict is open.');
    publish(daemon.live, 'one');
    await expect.poll(second.stdout.text).toContain('notice lan: one');
    expect(second.stderr.text().match(/Trying/g)).toHaveLength(1);
    own.abort();
    expect(await second.code).toBe(0);
  });

  it('misses nothing that happens while it lists', async () => {
    await start('run1', { onList: (live) => publish(live, 'meanwhile') });
    const { stdout } = watch();
    await expect.poll(stdout.text).toContain('notice lan: meanwhile');
  });

  it('comes back to the same daemon where it stopped, and shows what was missed', async () => {
    const daemon = await start('run1');
    const { stdout, stderr } = watch();
    await expect.poll(stdout.text).toContain('No conflict is open.');
    publish(daemon.live, 'one');
    await expect.poll(stdout.text).toContain('one');
    await daemon.stop();
    await expect.poll(stderr.text).toContain('freehold: disconnected');
    publish(daemon.live, 'two');
    // The same run, as after a hiccup of the network.
    const again = await listen(
      createApp({
        service: { ...fakeService(), guard: fakeGuard(() => undefined, daemon.live) },
        token: null,
        logger: pino({ level: 'silent' }),
        version: '1',
        listen: socket(),
      }),
      socket(),
    );
    running = again;
    await expect.poll(stdout.text).toContain('notice lan: two');
    expect(stderr.text().match(/disconnected/g)).toHaveLength(1);
    expect(stderr.text()).toMatch(/connected again\.\n$/);
    expect(stdout.text().match(/No conflict/g)).toHaveLength(1);
  });

  it('says that the daemon was started anew, and lists what is open then', async () => {
    const first = await start('run1');
    const { stdout, stderr } = watch();
    await expect.poll(stdout.text).toContain('No conflict is open.');
    await first.stop();
    await expect.poll(stderr.text).toContain('freehold: disconnected');
    const second = await start('run2', { open: conflictsAnswer([conflict({ id: 9 })]) });
    await expect.poll(stdout.text).toContain('1 conflict is open');
    expect(stderr.text()).toContain('started anew');
    publish(second.live, 'alive');
    await expect.poll(stdout.text).toContain('alive');
  });

  it('lists again where it could not', async () => {
    const first = await start('run1');
    const { stdout, stderr } = watch();
    await expect.poll(stdout.text).toContain('No conflict is open.');
    await first.stop();
    const second = await start('run2', { open: null });
    await expect.poll(stderr.text).toContain('started anew');
    await second.stop();
    await start('run2', { open: conflictsAnswer([conflict()]) });
    await expect.poll(stdout.text).toContain('1 conflict is open');
  });

  it('ends where the daemon lets it in no more', async () => {
    const first = await start('run1');
    const { code, stdout } = watch();
    await expect.poll(stdout.text).toContain('No conflict is open.');
    await first.stop();
    await start('run2', { token: 'a-token-of-16-letters' });
    await expect(code).rejects.toMatchObject({ code: 'unauthorized', exitCode: 4 });
  });

  it('fails where there is no daemon from the start', async () => {
    await expect(watch().code).rejects.toMatchObject({ code: 'daemon-unreachable', exitCode: 5 });
  });

  it('with types: only these, and open conflicts only if they are among them', async () => {
    const daemon = await start('run1');
    const { stdout } = watch({ types: 'notice' });
    // Published again until it is there: nothing else tells that the stream is open.
    await expect
      .poll(() => {
        daemon.live.publish(conflictEvent(), AT_MS);
        publish(daemon.live, 'one');
        return stdout.text();
      })
      .toContain('one');
    expect(stdout.text()).not.toContain('onflict');
  });

  it('with --json: one object a line', async () => {
    const daemon = await start('run1', { open: conflictsAnswer([conflict({ id: 9 }), conflict({ id: 7 })]) });
    const { stdout, stderr } = watch({ json: true });
    await expect.poll(stdout.text).toContain('"id":9');
    publish(daemon.live, 'two\nlines');
    await expect.poll(stdout.text).toContain('twolines');
    const lines = stdout.text().trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { type: 'open', conflict: { id: 7 } },
      { type: 'open', conflict: { id: 9 } },
      { type: 'notice', id: 'run1-1', text: 'twolines', segment: 'lan' },
    ]);
    expect(stderr.text()).toBe('');
  });
});

describe('interruption', () => {
  it.each([
    ['SIGINT', 'signals'],
    ['SIGTERM', 'signals'],
    ['close', 'stdout'],
    ['error', 'stdout'],
  ])('by %s of %s', (event, source) => {
    const emitters = { signals: new EventEmitter(), stdout: new EventEmitter() };
    const signal = untilInterrupted(emitters.signals, emitters.stdout);
    expect(signal.aborted).toBe(false);
    emitters[source as 'signals' | 'stdout'].emit(event, new Error('EPIPE'));
    expect(signal.aborted).toBe(true);
  });

  it('by Ctrl-C ends the command with 0', async () => {
    const daemon = await start('run1');
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, 'watch', '--socket', socket().path], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += String(chunk);
    });
    await expect.poll(() => text, { timeout: 20_000 }).toContain('No conflict is open.');
    publish(daemon.live, 'one');
    await expect.poll(() => text).toContain('notice lan: one');
    const ended = new Promise((resolve) => child.once('close', (...how) => resolve(how)));
    child.kill('SIGINT');
    expect(await ended).toEqual([0, null]);
  });

  it('exits 2 for a type that there is not', async () => {
    const result = await freehold(['watch', '--types', 'conflict,all']);
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr).toContain('Expected some of sighting, conflict, sweep, notice, separated by commas.');
  });
});
