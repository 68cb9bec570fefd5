import { describe, expect, it } from 'vitest';
import { judgeLive, type LiveContext } from '../../../src/cli/apply/judge-live.ts';
import type { HeardJson, VerifyAnswer } from '../../../src/http/service.ts';
import { set, verified } from './answers.ts';

const RANGE = '192.0.2.200-192.0.2.215';
const NODE = '52:54:00:00:00:a1';
const OTHER_NODE = '52:54:00:00:00:b1';
const STRANGER = '00:80:77:12:34:56';

const NEW: LiveContext = { kept: set(), added: set(RANGE), nodeMacs: new Set([NODE, OTHER_NODE]), held: new Set() };
/** The first eight were in the pool before, and Services hold two of them. */
const GROWN: LiveContext = {
  kept: set('192.0.2.200-192.0.2.207'),
  added: set('192.0.2.208-192.0.2.215'),
  nodeMacs: new Set([NODE, OTHER_NODE]),
  held: new Set(['192.0.2.203', '192.0.2.204']),
};

const answers = (address: string, mac: string, kind: 'used' | 'probed' = 'used'): Partial<VerifyAnswer['live']> => ({
  conflicts: [{ address, mac, vendor: 'Brother', kind }],
});
const both = (address: string, ...macs: readonly string[]): Partial<VerifyAnswer['live']> => ({
  conflicts: macs.map((mac) => ({ address, mac, vendor: null, kind: 'used' as const })),
});
const notAsked = (start: string, end: string): Partial<VerifyAnswer['live']> => ({ notAsked: [{ start, end, size: 1 }] });
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
  ['a node at an address that a Service holds', GROWN, answers('192.0.2.203', NODE), []],
  ['a node at an address of the pool that no Service holds', GROWN, answers('192.0.2.205', NODE), ['node-at-unassigned']],
  [
    'a node heard at an address of the pool that no Service holds',
    GROWN,
    heard('192.0.2.205', NODE, { sources: ['arp-announcement'], intent: false }),
    ['node-at-unassigned'],
  ],
  [
    'two nodes at two addresses',
    GROWN,
    { conflicts: [...(answers('192.0.2.203', NODE).conflicts ?? []), ...(answers('192.0.2.204', OTHER_NODE).conflicts ?? [])] },
    [],
  ],
  ['two nodes at one address: worth a note', GROWN, both('192.0.2.203', NODE, OTHER_NODE), []],
  [
    'a node at an address that another was heard at before: a failover',
    GROWN,
    { ...answers('192.0.2.203', NODE), ...heard('192.0.2.203', OTHER_NODE, { sources: ['arp-reply'], intent: false }) },
    [],
  ],
  [
    'two nodes at one address that no Service holds',
    GROWN,
    both('192.0.2.205', NODE, OTHER_NODE),
    ['node-at-unassigned', 'node-at-unassigned'],
  ],
  ['a node and a stranger at one address', GROWN, both('192.0.2.203', NODE, STRANGER), ['somebody-is-there']],
  ['new addresses that were not asked', GROWN, notAsked('192.0.2.214', '192.0.2.230'), ['not-probed']],
  ['an address of the pool that was not asked', GROWN, notAsked('192.0.2.201', '192.0.2.201'), ['not-probed']],
  ['an address that a Service holds, not asked', GROWN, notAsked('192.0.2.203', '192.0.2.204'), []],
  ['addresses beside the claim, not asked', GROWN, notAsked('192.0.2.216', '192.0.2.230'), []],
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

  it('names it as it called itself, also where it was heard without a name later', () => {
    const [asked] = heard('192.0.2.215', STRANGER).heard ?? [];
    if (asked === undefined) throw new Error('nothing was heard');
    const used: HeardJson = { ...asked, hostname: null, sources: ['arp-reply'], intent: false };
    const live = { ...answers('192.0.2.215', STRANGER), heard: [used, asked] };
    expect(judgeLive(verified(RANGE, live), NEW).live.map(({ text }) => text)).toEqual([
      '192.0.2.215: 00:80:77:12:34:56 (printer, Brother) uses it',
    ]);
  });

  it('notes two nodes that answer for one address, which hinders no claim', () => {
    const { notes } = judgeLive(verified(RANGE, both('192.0.2.203', NODE, OTHER_NODE)), GROWN);
    expect(notes.map(({ code, text }) => [code, text.slice(0, 12)])).toEqual([['several-nodes-answer', '192.0.2.203:']]);
    expect(judgeLive(verified(RANGE, answers('192.0.2.203', NODE)), GROWN).notes).toEqual([]);
  });

  it('says what to do where nodes are not known', () => {
    const hint = (nodeMacs: readonly string[], address = '192.0.2.203') =>
      judgeLive(verified(RANGE, answers(address, NODE)), { ...GROWN, nodeMacs: new Set(nodeMacs) }).live[0]?.fix ?? null;
    expect(hint([])).toContain('metallb.kubeconfig');
    // One of several nodes is known, and it is another.
    expect(hint([OTHER_NODE])).toContain('metallb.kubeconfig');
    // No node should answer there.
    expect(hint([OTHER_NODE], '192.0.2.209')).toBeNull();
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
