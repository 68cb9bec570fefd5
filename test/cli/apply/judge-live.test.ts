import { describe, expect, it } from 'vitest';
import { judgeLive, type LiveContext } from '../../../src/cli/apply/judge-live.ts';
import type { HeardJson, VerifyAnswer } from '../../../src/http/service.ts';
import { set, verified } from './answers.ts';

const RANGE = '192.0.2.200-192.0.2.215';
const NODE = '52:54:00:00:00:a1';
const STRANGER = '00:80:77:12:34:56';

const NEW: LiveContext = { kept: set(), added: set(RANGE), nodeMacs: new Set([NODE]) };
/** The first eight were in the pool before. */
const GROWN: LiveContext = {
  kept: set('192.0.2.200-192.0.2.207'),
  added: set('192.0.2.208-192.0.2.215'),
  nodeMacs: new Set([NODE]),
};

const answers = (address: string, mac: string, kind: 'used' | 'probed' = 'used'): Partial<VerifyAnswer['live']> => ({
  conflicts: [{ address, mac, vendor: 'Brother', kind }],
});
const heard = (address: string, mac: string | null, more: Partial<HeardJson> = {}): Partial<VerifyAnswer['live']> => ({
  heard: [
    {
      address,
      mac,
      vendor: null,
      hostname: 'printer',
      sources: ['dhcp-request'],
      intent: true,
      at: '2026-11-23T12:00:01.000Z',
      ...more,
    },
  ],
});

const CASES: readonly (readonly [string, LiveContext, Partial<VerifyAnswer['live']>, readonly string[]])[] = [
  ['nobody', NEW, {}, []],
  ['a stranger who answers', NEW, answers('192.0.2.215', STRANGER), ['somebody-is-there']],
  ['a stranger who probes', NEW, answers('192.0.2.200', STRANGER, 'probed'), ['somebody-is-there']],
  ['a DHCP client that asks for one', NEW, heard('192.0.2.201', STRANGER), ['somebody-is-there']],
  ['a DHCPDECLINE, of whom nobody knows who it was', NEW, heard('192.0.2.201', null), ['somebody-is-there']],
  ['a run that is not valid', NEW, { valid: false, invalidReason: 'control-silent' }, ['live-run-invalid']],
  ['more than can be listed', NEW, { heardTruncated: true }, ['live-heard-too-much']],
  ['a node at an address that is new', GROWN, answers('192.0.2.209', NODE), ['somebody-is-there']],
  ['a node at an address of the pool', GROWN, answers('192.0.2.203', NODE), []],
  [
    'a node heard at an address of the pool',
    GROWN,
    heard('192.0.2.203', NODE, { sources: ['arp-announcement'], intent: false }),
    [],
  ],
  ['a node that asks for an address of the pool by DHCP', GROWN, heard('192.0.2.203', NODE), ['somebody-is-there']],
  ['a stranger at an address of the pool', GROWN, answers('192.0.2.203', STRANGER), ['somebody-is-there']],
];

describe('judgeLive', () => {
  it.each(CASES)('%s', (_, context, live, expected) => {
    expect(judgeLive(verified(RANGE, live), context).live.map(({ code }) => code)).toEqual(expected);
  });

  it('names who it is, once', () => {
    const live = { ...answers('192.0.2.215', STRANGER), ...heard('192.0.2.215', STRANGER, { vendor: 'Brother' }) };
    expect(judgeLive(verified(RANGE, live), NEW).live.map(({ text }) => text)).toEqual([
      '192.0.2.215: 00:80:77:12:34:56 (printer, Brother) uses it',
    ]);
  });

  it('says what to do where nodes are not known', () => {
    const { live } = judgeLive(verified(RANGE, answers('192.0.2.203', NODE)), { ...GROWN, nodeMacs: new Set() });
    expect(live[0]?.fix).toContain('metallb.kubeconfig');
  });

  it('holds the history of new addresses against them, not that of the pool', () => {
    const withheld = [
      {
        start: '192.0.2.203',
        end: '192.0.2.203',
        size: 1,
        verdict: 'occupied' as const,
        reason: 'in use',
        reasonCode: 'in-use' as never,
      },
      {
        start: '192.0.2.210',
        end: '192.0.2.211',
        size: 2,
        verdict: 'leased' as const,
        reason: 'a lease',
        reasonCode: 'leased' as never,
      },
    ];
    const { live, history } = judgeLive(verified(RANGE, {}, withheld), GROWN);
    expect(live).toEqual([]);
    expect(history.map(({ text }) => text)).toEqual(['192.0.2.210 is leased: a lease', '192.0.2.211 is leased: a lease']);
  });
});
