import { describe, expect, it } from 'vitest';
import { historyOf } from '../../../src/cli/apply/history.ts';
import { bestTarget, readTarget, refuseUnproven } from '../../../src/cli/apply/target.ts';
import { freeRanges, set } from './answers.ts';

describe('historyOf', () => {
  it('is the weakest of the proofs that the addresses rest on, figure by figure', () => {
    const answer = freeRanges({
      '192.0.2.100-192.0.2.109': { quietForSeconds: 400_000, looks: 10, longestGapSeconds: 5, since: '2026-11-18T00:00:00.000Z' },
      '192.0.2.111-192.0.2.119': { quietForSeconds: 300_000, looks: 20, longestGapSeconds: 9, coverage: 0.96 },
      '192.0.2.200-192.0.2.209': { quietForSeconds: 1, looks: 1, coverage: 0 },
    });
    expect(historyOf(answer, set('192.0.2.105-192.0.2.109', '192.0.2.111')).proof).toMatchObject({
      since: '2026-11-20T00:00:00.000Z',
      quietForSeconds: 300_000,
      looks: 10,
      coverage: 0.96,
      longestGapSeconds: 9,
    });
  });

  it('names each address that is not proven, and why', () => {
    const answer = freeRanges(
      { '192.0.2.100-192.0.2.101': {} },
      { '192.0.2.102-192.0.2.103': ['occupied', 'in use: seen 1 s ago'], '192.0.2.104': ['leased', 'a lease until noon'] },
    );
    expect(historyOf(answer, set('192.0.2.100-192.0.2.105'))).toEqual({
      proof: null,
      reasons: [
        { code: 'occupied', text: '192.0.2.102 is occupied: in use: seen 1 s ago', fix: null },
        { code: 'occupied', text: '192.0.2.103 is occupied: in use: seen 1 s ago', fix: null },
        { code: 'leased', text: '192.0.2.104 is leased: a lease until noon', fix: null },
        { code: 'unproven', text: '192.0.2.105 (1) is not watched, so nothing is known of it', fix: null },
      ],
    });
  });

  it('calls nothing unwatched that an answer may have been cut before', () => {
    const answer = { ...freeRanges({ '192.0.2.100': {} }), truncated: true };
    const [reason] = historyOf(answer, set('192.0.2.105')).reasons;
    expect(reason).toMatchObject({ code: 'unproven', fix: expect.stringContaining('by itself') });
    expect(reason?.text).not.toContain('not watched');
  });

  it('names ranges where addresses would be too many', () => {
    const answer = freeRanges({}, { '192.0.2.0-192.0.2.127': ['unproven', 'not looked at'] });
    expect(historyOf(answer, set('192.0.2.0-192.0.2.99')).reasons.map(({ text }) => text)).toEqual([
      '192.0.2.0-192.0.2.99 is unproven: not looked at',
    ]);
  });

  it('makes text that strangers wrote safe', () => {
    const answer = freeRanges({}, { '192.0.2.7': ['occupied', 'host \u001b[2J'] });
    expect(historyOf(answer, set('192.0.2.7')).reasons[0]?.text).toBe('192.0.2.7 is occupied: host [2J');
  });

  it('has nothing to say of nothing', () => {
    expect(historyOf(freeRanges({}), set())).toEqual({ proof: null, reasons: [] });
  });
});

describe('readTarget', () => {
  it.each([
    ['192.0.2.200-192.0.2.215', '192.0.2.200-192.0.2.215'],
    [' 192.0.2.200 - 192.0.2.215 ', '192.0.2.200-192.0.2.215'],
    ['192.0.2.208/28', '192.0.2.208/28'],
    ['192.0.2.7', '192.0.2.7/32'],
    ['192.0.2.7-192.0.2.7', '192.0.2.7/32'],
  ])('writes %s as MetalLB reads it: %s', (text, written) => {
    expect(readTarget(text).written).toBe(written);
  });

  it.each([
    ['192.0.2.240/24', /whole network 192\.0\.2\.0\/24/],
    ['192.0.2.240-250', /whole addresses/],
    ['192.0.2.9-192.0.2.1', /after the last/],
    ['2001:db8::/64', /IPv6/],
    ['224.0.0.0/28', /no host/],
    ['0.0.0.0/0', /no host/],
    ['10.0.0.0/16', /at most 4096/],
    ['', /not an IPv4 address|expected/i],
  ])('refuses %s', (text, message) => {
    expect(() => readTarget(text)).toThrow(message);
    expect(() => readTarget(text)).toThrow(expect.objectContaining({ exitCode: 2 }));
  });
});

describe('what is offered', () => {
  it('takes the best proven range', () => {
    expect(bestTarget(freeRanges({ '192.0.2.100-192.0.2.199': {} }), 16).written).toBe('192.0.2.184-192.0.2.199');
  });

  it('refuses where there is none, with what the daemon has to say', () => {
    expect(() => bestTarget(freeRanges({ '192.0.2.100-192.0.2.109': {} }), 16)).toThrow(
      expect.objectContaining({
        code: 'no-proven-range',
        exitCode: 3,
        message: expect.stringContaining('First looked at 1 h ago.'),
      }),
    );
  });

  it('offers the nearest proven range of the same size', () => {
    const answer = freeRanges({ '192.0.2.101-192.0.2.199': {} }, { '192.0.2.100': ['occupied', 'in use'] });
    const target = readTarget('192.0.2.100-192.0.2.109');
    const refusal = refuseUnproven(target, historyOf(answer, set('192.0.2.100-192.0.2.109')), answer, 'freehold apply --name x');
    expect(refusal).toMatchObject({ code: 'not-proven', exitCode: 3, step: 'history' });
    expect(refusal.message).toContain('192.0.2.100 is occupied: in use');
    expect(refusal.hint).toContain('freehold apply --name x --range 192.0.2.101-192.0.2.110');
  });
});
