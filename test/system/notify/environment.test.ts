import { describe, expect, it } from 'vitest';
import { takeEnvironment } from '../../../src/system/notify/environment.ts';

const PID = 4711;

describe('takeEnvironment', () => {
  it.each([
    ['nobody watches', {}, { ok: true, value: null }],
    ['a watchdog', { WATCHDOG_USEC: '60000000' }, { ok: true, value: 60_000 }],
    ['a watchdog of this process', { WATCHDOG_USEC: '1500000', WATCHDOG_PID: '4711' }, { ok: true, value: 1500 }],
    ["somebody else's watchdog", { WATCHDOG_USEC: '60000000', WATCHDOG_PID: '4712' }, { ok: true, value: null }],
    ['no number', { WATCHDOG_USEC: '1e9' }, { ok: false, error: expect.stringContaining('WATCHDOG_USEC') }],
    ['nothing', { WATCHDOG_USEC: '' }, { ok: false, error: expect.any(String) }],
    ['zero', { WATCHDOG_USEC: '0' }, { ok: false, error: expect.any(String) }],
    ['less than a millisecond', { WATCHDOG_USEC: '999' }, { ok: false, error: expect.any(String) }],
    ['negative', { WATCHDOG_USEC: '-5000000' }, { ok: false, error: expect.any(String) }],
    ['for ever', { WATCHDOG_USEC: '18446744073709551615' }, { ok: false, error: expect.any(String) }],
  ])('%s', (_, env, watchdogMs) => expect(takeEnvironment({ ...env }, PID).watchdogMs).toEqual(watchdogMs));

  it('leaves none of it to child processes', () => {
    const env = { NOTIFY_SOCKET: '/run/notify', WATCHDOG_USEC: '60000000', WATCHDOG_PID: '1', HOME: '/' };
    expect(takeEnvironment(env, PID).socket).toBe('/run/notify');
    expect(env).toEqual({ HOME: '/' });
  });

  it('takes an empty name for none', () => expect(takeEnvironment({ NOTIFY_SOCKET: '' }, PID).socket).toBeNull());
});
