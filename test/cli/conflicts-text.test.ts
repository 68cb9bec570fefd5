import { describe, expect, it } from 'vitest';
import { whoWords } from '../../src/cli/conflict-words.ts';
import { acknowledgedText, conflictsText } from '../../src/cli/conflicts-text.ts';
import { eventLine } from '../../src/cli/watch-text.ts';
import { conflictEventJson, conflictJson } from '../../src/http/answers/conflict-json.ts';
import { sweepJson } from '../../src/http/answers/json.ts';
import type { ServerEvent } from '../../src/http/event-client.ts';
import { AT_MS, closed, conflict, conflictsAnswer, sweepRecord } from '../http/guard-fixtures.ts';
import { ip, mac, range } from '../ledger/fixtures.ts';
import { NO_COLORS } from './catcher.ts';

const EVIL = '\u001b[2J\u202egpj.exe\u0000\n\r\u009b31m';
const CISCO = mac('00:00:0c:01:02:03');

describe('conflictsText', () => {
  it('shows who has what since when, and says what a row cannot', () => {
    const answer = conflictsAnswer([
      conflict({ id: 9, kind: 'imminent', stranger: CISCO, macs: [CISCO], sightings: 1234, hostname: null }),
      conflict({ id: 8, acknowledged: { atMs: AT_MS, by: 'Ada', note: 'is being unplugged' } }),
      conflict({
        id: 7,
        kind: 'scope-overlap',
        stranger: null,
        hostname: null,
        detail: { server: ip('192.0.2.1'), overlap: range('192.0.2.200-192.0.2.204') },
      }),
      closed(6),
    ]);
    expect(
      conflictsText(answer, NO_COLORS),
    ).toBe(`2026-05-05 10:00:00Z: 3 conflicts are open: 1 imminent, 1 squatter, 1 scope-overlap.

ID  KIND           ADDRESS                  POOL             WHO                                             SINCE                 LAST SEEN             SIGHTINGS  STATE
9   imminent       192.0.2.201              production-pool  00:00:0c:01:02:03 (Cisco Systems, Inc)          2026-05-05 09:59:00Z  2026-05-05 09:59:59Z  1,234      open
8   squatter       192.0.2.201              production-pool  02:00:00:00:00:05 (random or virtual), printer  2026-05-05 09:59:00Z  2026-05-05 09:59:59Z  12         open, acknowledged by Ada
7   scope-overlap  192.0.2.200-192.0.2.204  production-pool  -                                               2026-05-05 09:59:00Z  2026-05-05 09:59:59Z  12         open
6   squatter       192.0.2.201              production-pool  02:00:00:00:00:05 (random or virtual), printer  2026-05-05 09:59:00Z  2026-05-05 09:59:59Z  12         closed 2026-05-05 09:59:59Z (quiet)

8: noted: is being unplugged
7: DHCP server 192.0.2.1 hands out 192.0.2.200-192.0.2.204 of pool production-pool.`);
  });

  it('says so where none is open, and where there are more', () => {
    expect(conflictsText(conflictsAnswer([]), NO_COLORS)).toBe('2026-05-05 10:00:00Z: No conflict is open.');
    expect(conflictsText(conflictsAnswer([conflict()], { next: 1 }), NO_COLORS)).toContain('ask for it with --limit.');
    expect(conflictsText(conflictsAnswer([conflict()]), NO_COLORS)).toContain('1 conflict is open: 1 squatter.');
  });

  it('lets no escape sequence of a daemon, or of what it heard, reach the terminal', () => {
    const json = {
      ...conflictJson(conflict({ id: 1, stranger: null })),
      hostname: EVIL,
      pool: EVIL,
      vendor: EVIL,
      summary: EVIL,
    };
    const acknowledged = { at: EVIL, by: EVIL, note: EVIL };
    const evil = { ...json, kind: EVIL as 'squatter', address: EVIL, firstSeenAt: EVIL, closeReason: EVIL, acknowledged };
    for (const state of ['open', 'closed'] as const) {
      const text = conflictsText(
        {
          ...conflictsAnswer([]),
          open: 1,
          openByKind: { [EVIL]: 1 } as never,
          conflicts: [
            { ...evil, state },
            { ...evil, state, mac: EVIL },
          ],
        },
        NO_COLORS,
      );
      expect(text).toMatch(/^[\n\x20-\x7e]*$/);
    }
    expect(acknowledgedText({ ...json, acknowledged })).toMatch(/^[\x20-\x7e]*$/);
  });
});

it('acknowledgedText repeats what it is about', () => {
  const json = conflictJson(conflict({ id: 8, acknowledged: { atMs: AT_MS, by: 'Ada', note: '' } }));
  expect(acknowledgedText(json)).toBe(
    'Conflict 8 is acknowledged by Ada: 02:00:00:00:00:05 (printer) uses 192.0.2.201 of pool production-pool.',
  );
});

describe('whoWords', () => {
  it.each<[string | null, string | null, string | null, string]>([
    [null, null, null, '-'],
    [null, null, 'printer', 'printer'],
    [null, null, '\u0000', '-'],
    ['00:00:0c:01:02:03', 'Cisco Systems, Inc', null, '00:00:0c:01:02:03 (Cisco Systems, Inc)'],
    ['00:00:0c:01:02:03', 'Cisco Systems, Inc', 'printer', '00:00:0c:01:02:03 (Cisco Systems, Inc), printer'],
    ['02:00:00:00:00:05', null, null, '02:00:00:00:00:05 (random or virtual)'],
    ['00:de:ad:00:00:05', null, null, '00:de:ad:00:00:05 (unknown)'],
  ])('%j %j %j: %s', (address, vendor, hostname, words) => {
    expect(whoWords(address, vendor, hostname)).toBe(words);
  });
});

describe('eventLine', () => {
  const event = (type: string, data: unknown): ServerEvent => ({ type, id: 'run1-1', data });
  const change = { from: null, causedMs: AT_MS } as const;
  const sighting = {
    segment: 'lan',
    address: '192.0.2.201',
    pool: 'production-pool',
    mac: '02:00:00:00:00:05',
    vendor: null,
    hostname: 'printer',
    source: 'dhcp-request',
    speaker: false,
    at: '2026-05-05T10:00:00.000Z',
  };
  const notice = { segment: 'lan', code: 'x', text: 'A second DHCP server: 192.0.2.66.', at: '2026-05-05T10:00:00.000Z' };

  it.each<[string, unknown, string]>([
    [
      'conflict',
      conflictEventJson({ event: 'opened', conflict: conflict({ id: 7 }), ...change }, AT_MS),
      'conflict 7 opened: squatter: 02:00:00:00:00:05 (printer) uses 192.0.2.201 of pool production-pool.',
    ],
    [
      'conflict',
      conflictEventJson({ event: 'escalated', conflict: conflict({ id: 7 }), ...change, from: 'imminent' }, AT_MS),
      'conflict 7 escalated: squatter (was imminent): 02:00:00:00:00:05 (printer) uses 192.0.2.201 of pool production-pool.',
    ],
    [
      'conflict',
      conflictEventJson({ event: 'closed', conflict: closed(7), ...change }, AT_MS),
      'conflict 7 closed: squatter: 02:00:00:00:00:05 (printer) uses 192.0.2.201 of pool production-pool (over: not heard any more).',
    ],
    [
      'conflict',
      conflictEventJson(
        { event: 'acknowledged', conflict: conflict({ id: 7, acknowledged: { atMs: AT_MS, by: 'Ada', note: '' } }), ...change },
        AT_MS,
      ),
      'conflict 7 acknowledged by Ada: squatter: 02:00:00:00:00:05 (printer) uses 192.0.2.201 of pool production-pool.',
    ],
    [
      'sighting',
      sighting,
      'sighting 192.0.2.201 of pool production-pool: dhcp-request by 02:00:00:00:00:05 (random or virtual), printer, no speaker',
    ],
    [
      'sighting',
      { ...sighting, speaker: true, hostname: null },
      'sighting 192.0.2.201 of pool production-pool: dhcp-request by 02:00:00:00:00:05 (random or virtual), a speaker',
    ],
    [
      'sweep',
      sweepJson({ ...sweepRecord, endedMs: AT_MS + 800 }, null, 'lan'),
      'sweep of lan: 12 addresses answered in 0.8 s, valid',
    ],
    [
      'sweep',
      { ...sweepJson({ ...sweepRecord, endedMs: AT_MS + 800 }, null, 'lan'), valid: false, invalidReason: 'link-down' },
      'sweep of lan: 12 addresses answered in 0.8 s, not valid (link-down): it proves nothing',
    ],
    ['notice', notice, 'notice lan: A second DHCP server: 192.0.2.66.'],
  ])('%s: %j', (type, data, line) => {
    expect(eventLine(event(type, data), NO_COLORS)).toBe(`2026-05-05 10:00:00Z  ${line}`);
  });

  it.each([
    ['of a type that this version does not know', 'party', {}],
    ['without data', 'conflict', undefined],
    ['whose data is no object', 'notice', 'x'],
    ['reset', 'reset', { run: 'x' }],
  ])('says nothing of an event %s', (_, type, data) => {
    expect(eventLine(event(type, data), NO_COLORS)).toBeNull();
  });

  it('lets no escape sequence reach the terminal', () => {
    const evil = <T extends object>(data: T): T =>
      Object.fromEntries(Object.entries(data).map(([key, value]) => [key, typeof value === 'string' ? EVIL : value])) as T;
    const opened = conflictEventJson({ event: 'opened', conflict: conflict(), ...change }, AT_MS);
    const by = { at: EVIL, by: EVIL, note: EVIL };
    for (const [type, data] of [
      ['conflict', { ...evil(opened), from: EVIL, conflict: { ...evil(opened.conflict), acknowledged: by } }],
      ['conflict', { ...opened, event: 'acknowledged', conflict: { ...evil(opened.conflict), acknowledged: by } }],
      ['sighting', evil(sighting)],
      ['sweep', { ...evil(sweepJson(sweepRecord, null, 'lan')), valid: false }],
      ['notice', evil(notice)],
    ] as const) {
      expect(eventLine(event(type, data), NO_COLORS)).toMatch(/^[\x20-\x7e]+$/);
    }
  });
});
