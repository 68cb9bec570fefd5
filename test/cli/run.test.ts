import { EventEmitter } from 'node:events';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { keepEarlySignals, untilStopped } from '../../src/cli/run.ts';
import type { Daemon } from '../../src/daemon-types.ts';

interface Fake extends Daemon {
  readonly calls: string[];
}

const fakeDaemon = (stop: () => Promise<void>): Fake => {
  const calls: string[] = [];
  return {
    url: 'http://127.0.0.1:1',
    calls,
    reload: async () => void calls.push('reload'),
    stop: () => {
      calls.push('stop');
      return stop();
    },
  };
};
const logger = pino({ level: 'silent' });
const forever = (): Promise<void> => new Promise(() => undefined);

describe('untilStopped', () => {
  it.each([['SIGTERM'], ['SIGINT']])('%s stops the daemon and ends well', async (signal) => {
    const signals = new EventEmitter();
    const daemon = fakeDaemon(async () => undefined);
    const ended = untilStopped(daemon, signals, logger);
    signals.emit(signal);
    expect(await ended).toBe(0);
    expect(daemon.calls).toEqual(['stop']);
    expect(signals.eventNames()).toEqual([]);
  });

  it('SIGHUP reloads, as often as it comes, and ends nothing', async () => {
    const signals = new EventEmitter();
    const daemon = fakeDaemon(async () => undefined);
    const ended = untilStopped(daemon, signals, logger);
    signals.emit('SIGHUP');
    signals.emit('SIGHUP');
    signals.emit('SIGTERM');
    expect(await ended).toBe(0);
    expect(daemon.calls).toEqual(['reload', 'reload', 'stop']);
  });

  it('a second signal ends at once with 1', async () => {
    const signals = new EventEmitter();
    const daemon = fakeDaemon(forever);
    const ended = untilStopped(daemon, signals, logger, 60_000);
    signals.emit('SIGTERM');
    signals.emit('SIGINT');
    expect(await ended).toBe(1);
    expect(daemon.calls).toEqual(['stop']);
  });

  it('a stop that hangs ends at the deadline with 1', async () => {
    const signals = new EventEmitter();
    const ended = untilStopped(fakeDaemon(forever), signals, logger, 10);
    signals.emit('SIGTERM');
    expect(await ended).toBe(1);
  });

  it('a stop that fails ends with 1', async () => {
    const signals = new EventEmitter();
    const ended = untilStopped(
      fakeDaemon(() => Promise.reject(new Error('disk'))),
      signals,
      logger,
    );
    signals.emit('SIGTERM');
    expect(await ended).toBe(1);
  });
});

describe('keepEarlySignals', () => {
  it('keeps what comes while the daemon starts, and gives it on afterwards, once', async () => {
    const signals = new EventEmitter();
    const replay = keepEarlySignals(signals);
    signals.emit('SIGHUP');
    signals.emit('SIGHUP');
    signals.emit('SIGTERM');
    const daemon = fakeDaemon(async () => undefined);
    const ended = untilStopped(daemon, signals, logger);
    replay();
    expect(await ended).toBe(0);
    expect(daemon.calls).toEqual(['reload', 'stop']);
    expect(signals.eventNames()).toEqual([]);
  });
});
