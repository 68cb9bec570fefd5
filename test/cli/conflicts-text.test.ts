import { describe, expect, it } from 'vitest';
import { type Asked, heardWords, openHeadline, whoWords } from '../../src/cli/conflict-words.ts';
import { acknowledgedText, conflictsText } from '../../src/cli/conflicts-text.ts';
import { eventLine } from '../../src/cli/watch-text.ts';
import { conflictEventJson, conflictJson } from '../../src/http/answers/conflict-json.ts';
import { sweepJson } from '../../src/http/answers/json.ts';
import type { ServerEvent } from '../../src/http/event-client.ts';
import type { ConflictsAnswer } from '../../src/http/guard-service.ts';
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

Pool production-pool:
ID  KIND           ADDRESS                  WHO                               HEARD     SINCE      LAST SEEN  STATE
9   imminent       192.0.2.201              00:00:0c:01:02:03 (Cisco Syste…)  arp,dhcp  09:59:00Z  09:59:59Z  open
8   squatter       192.0.2.201              02:00:00:00:00:05 printer         arp,dhcp  09:59:00Z  09:59:59Z  acknowledged
7   scope-overlap  192.0.2.200-192.0.2.204  -                                 arp,dhcp  09:59:00Z  09:59:59Z  open
6   squatter       192.0.2.201              02:00:00:00:00:05 printer         arp,dhcp  09:59:00Z  09:59:59Z  closed (quiet)

8: acknowledged by Ada: is being unplugged
7: DHCP server 192.0.2.1 hands out 192.0.2.200-192.0.2.204 of pool production-pool.`);
    expect(conflictsText(answer, NO_COLORS, { wide: true }).split('\n').slice(1, 7).join('\n')).toBe(`
ID  KIND           ADDRESS                  POOL             WHO                                             HEARD                    SINCE                 LAST SEEN             SIGHTINGS  STATE
9   imminent       192.0.2.201              production-pool  00:00:0c:01:02:03 (Cisco Systems, Inc)          arp-reply, dhcp-request  2026-05-05 09:59:00Z  2026-05-05 09:59:59Z  1,234      open
8   squatter       192.0.2.201              production-pool  02:00:00:00:00:05 (random or virtual), printer  arp-reply, dhcp-request  2026-05-05 09:59:00Z  2026-05-05 09:59:59Z  12         open, acknowledged by Ada
7   scope-overlap  192.0.2.200-192.0.2.204  production-pool  -                                               arp-reply, dhcp-request  2026-05-05 09:59:00Z  2026-05-05 09:59:59Z  12         open
6   squatter       192.0.2.201              production-pool  02:00:00:00:00:05 (random or virtual), printer  arp-reply, dhcp-request  2026-05-05 09:59:00Z  2026-05-05 09:59:59Z  12         closed 2026-05-05 09:59:59Z (quiet)`);
  });

  it('names the pools where there are several, and stays within 100 columns for a device with a long name', () => {
    const two = conflictsAnswer([conflict({ id: 1 }), conflict({ id: 2, pool: 'other' })]);
    expect(conflictsText(two, NO_COLORS)).toMatch(/ADDRESS +POOL +WHO/);
    const long = conflict({ hostname: 'a-very-long-name-of-a-printer', firstSeenMs: AT_MS - 3 * 86_400_000 });
    const lines = conflictsText(conflictsAnswer([long]), NO_COLORS).split('\n');
    expect(lines.join('\n')).toContain('02:00:00:00:00:05 a-very-long-n…  arp,dhcp  2026-05-02  09:59:59Z  open');
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(100);
  });

  it.each<[Asked, Partial<ConflictsAnswer>, string]>([
    [{}, {}, '2 conflicts are open: 2 squatter.'],
    [{ segment: 'lan' }, { open: 5 }, '2 conflicts on segment lan are open (in all: 5).'],
    [{ kind: 'squatter' }, {}, '2 conflicts of kind squatter are open.'],
    [
      { kind: 'imminent', segment: 'lan' },
      { openMatching: 0 },
      'No conflict of kind imminent on segment lan is open (in all: 2).',
    ],
    [{ kind: 'squatter' }, { openMatching: 1, open: 1200 }, '1 conflict of kind squatter is open (in all: 1,200).'],
    [
      { segment: 'lan' },
      { openMatching: 0, open: 0, blind: true },
      'No conflict on segment lan is open, but nothing of it can be heard now: this is no all-clear.',
    ],
    [{}, { openMatching: 0, open: 0, notices: ['x'] }, 'No conflict is open, but not everything is heard.'],
  ])('asked for %j, of %j', (asked, more, headline) => {
    expect(openHeadline(conflictsAnswer([conflict({ id: 1 }), conflict({ id: 2 })], more), asked)).toBe(headline);
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
          openMatching: 1,
          notices: [EVIL],
          openByKind: { [EVIL]: 1 } as never,
          conflicts: [
            { ...evil, state, sources: [EVIL as 'arp-reply'] },
            { ...evil, state, mac: EVIL },
          ],
        },
        NO_COLORS,
      );
      expect(text).toMatch(/^[\n\x20-\x7e…]*$/);
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

it.each<[readonly string[], string]>([
  [[], ''],
  [['arp-reply', 'arp-request', 'arp-announcement'], 'arp'],
  [['arp-probe', 'dhcp-request', 'dhcp-ack', 'lease-file'], 'probe,dhcp,lease'],
  [['icmp-reply', 'neighbour', 'radar'], 'icmp,kernel,radar'],
])('heardWords of %j: %s', (sources, words) => {
  expect(heardWords(sources)).toBe(words);
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
      'conflict',
      conflictEventJson(
        {
          event: 'acknowledged',
          conflict: conflict({ id: 7, acknowledged: { atMs: AT_MS, by: 'Ada', note: 'on it' } }),
          ...change,
        },
        AT_MS,
      ),
      'conflict 7 acknowledged by Ada: squatter: 02:00:00:00:00:05 (printer) uses 192.0.2.201 of pool production-pool. Noted: on it',
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
    ['notice', { ...notice, segment: '' }, 'notice: A second DHCP server: 192.0.2.66.'],
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
