import { describe, expect, it } from 'vitest';
import { freeText } from '../../src/cli/free-text.ts';
import { historyText } from '../../src/cli/history-text.ts';
import { verifyText } from '../../src/cli/verify-text.ts';
import { addressAnswer, freeAnswer, proof, verifyAnswer } from './answers.ts';
import { NO_COLORS } from './catcher.ts';

describe('freeText', () => {
  it('shows the ranges with their proofs, what is withheld and why, and when nobody looked', () => {
    expect(
      freeText(freeAnswer, NO_COLORS),
    ).toBe(`Segment lan at 2026-05-05 10:00:00Z: 2 free ranges of at least 4 addresses; 36 addresses are proven free in all.
Free means: quiet for 3 d, at least 100 looks in that time, 95 % of it covered, a look being good for 15 min.

FREE RANGE               SIZE  PROOF (THE WEAKEST IN THE RANGE)
192.0.2.200-192.0.2.231  32    quiet for 4 d 2 h: never seen, first looked at 2026-05-01 08:00:00Z
                               11,760 looks, 99.8 % of the time covered, longest gap 31 s, newest look 12 s ago
192.0.2.64-192.0.2.67    4     quiet for 4 d 2 h: last seen 2026-05-01 08:00:00Z
                               11,760 looks, 99.8 % of the time covered, longest gap 31 s, newest look 12 s ago

Not offered, and why:
RANGE                  SIZE  VERDICT   REASON
192.0.2.0              1     reserved  the network address
192.0.2.10-192.0.2.19  10    leased    a lease runs until tomorrow

There is more than is shown here: ask for it with --limit.

Time without a valid look:
FROM                  UNTIL                 FOR     REASON
2026-05-03 01:00:00Z  2026-05-03 01:12:00Z  12 min  link-down (24 invalid sweeps)

Note: One MAC answers for addresses all over the range.`);
  });

  it('says so where nothing is free, and where the criteria are weak', () => {
    const text = freeText(
      {
        ...freeAnswer,
        ranges: [],
        freeAddresses: 0,
        withheld: [],
        outages: [],
        notices: [],
        truncated: false,
        criteria: { ...freeAnswer.criteria, size: 1, weakerThanConfigured: true },
      },
      NO_COLORS,
    );
    expect(text).toBe(`Segment lan at 2026-05-05 10:00:00Z: no free range; 0 addresses are proven free in all.
Free means: quiet for 3 d, at least 100 looks in that time, 95 % of it covered, a look being good for 15 min.
These criteria are weaker than the ones in the configuration.`);
  });

  it('lets no escape sequence of a daemon, or of what it heard, reach the terminal', () => {
    const evil = '\u001b[2J\u202egpj.exe\u0000';
    const text = freeText(
      {
        ...freeAnswer,
        segment: evil,
        notices: [evil],
        withheld: freeAnswer.withheld.map((range) => ({ ...range, reason: evil })),
        outages: freeAnswer.outages.map((outage) => ({ ...outage, reason: evil })),
      },
      NO_COLORS,
    );
    expect(text).toMatch(/^[\n\x20-\x7e]*$/);
  });
});

const HEARD = {
  address: '192.0.2.201',
  mac: '00:00:0c:00:00:01',
  vendor: 'Cisco Systems, Inc',
  hostname: 'prin\u001b[2Jter',
  sources: ['dhcp-request', 'dhcp-ack'],
  intent: true,
  at: '2026-05-05T09:59:57.000Z',
} as const;

describe('verifyText', () => {
  it('tells what was heard beside the answers, and not what it told already', () => {
    const answered = { ...HEARD, address: '192.0.2.202', sources: ['arp-reply'], intent: false } as const;
    const unknown = {
      ...HEARD,
      address: '192.0.2.203',
      mac: null,
      vendor: null,
      hostname: null,
      sources: ['dhcp-decline'],
      intent: false,
    } as const;
    const conflicts = [{ address: '192.0.2.202', mac: HEARD.mac, vendor: HEARD.vendor, kind: 'used' }] as const;
    const live = { ...verifyAnswer.live, conflicts, heard: [HEARD, answered, unknown], heardTruncated: true };
    expect(verifyText({ ...verifyAnswer, free: false, live }, NO_COLORS)).toContain(`
192.0.2.202  00:00:0c:00:00:01  Cisco Systems, Inc  uses it

Heard since 2026-05-05 09:59:54Z, beside the answers:
ADDRESS      WHO                                                 HOW                                          LAST HEARD
192.0.2.201  00:00:0c:00:00:01 (Cisco Systems, Inc), prin[2Jter  is about to use it (dhcp-request, dhcp-ack)  2026-05-05 09:59:57Z
192.0.2.203  -                                                   uses it (dhcp-decline)                       2026-05-05 09:59:57Z
More was heard than is shown here.

History`);
  });

  it('says FREE, and on what that rests', () => {
    expect(verifyText(verifyAnswer, NO_COLORS)).toBe(`FREE: 192.0.2.200-192.0.2.203 (4 addresses, segment lan)

Live: 12 RFC 5227 probes in 6 s, and nobody answered.

History, the weakest proof in the range:
  quiet for 4 d 2 h: never seen, first looked at 2026-05-01 08:00:00Z
  11,760 looks, 99.8 % of the time covered, longest gap 31 s, newest look 12 s ago
Free means: quiet for 3 d, at least 100 looks in that time, 95 % of it covered, a look being good for 15 min.`);
  });

  it('names who answered', () => {
    const text = verifyText(
      {
        ...verifyAnswer,
        free: false,
        live: {
          ...verifyAnswer.live,
          conflicts: [
            { address: '192.0.2.201', mac: '00:00:0c:00:00:01', vendor: 'Cisco Systems, Inc', kind: 'used' },
            { address: '192.0.2.202', mac: '02:42:ac:11:00:02', vendor: null, kind: 'probed' },
          ],
        },
        withheld: freeAnswer.withheld,
      },
      NO_COLORS,
    );
    expect(
      text,
    ).toBe(`NOT FREE: 192.0.2.200-192.0.2.203 (4 addresses, segment lan): somebody answered for an address of it just now.

Live: 12 RFC 5227 probes in 6 s; somebody is there:
ADDRESS      MAC                VENDOR               WHO
192.0.2.201  00:00:0c:00:00:01  Cisco Systems, Inc   uses it
192.0.2.202  02:42:ac:11:00:02  (random or virtual)  is probing for it, to use it

History, the weakest proof in the range:
  quiet for 4 d 2 h: never seen, first looked at 2026-05-01 08:00:00Z
  11,760 looks, 99.8 % of the time covered, longest gap 31 s, newest look 12 s ago
Free means: quiet for 3 d, at least 100 looks in that time, 95 % of it covered, a look being good for 15 min.

Not offered, and why:
RANGE                  SIZE  VERDICT   REASON
192.0.2.0              1     reserved  the network address
192.0.2.10-192.0.2.19  10    leased    a lease runs until tomorrow`);
  });

  it('names who scanned meanwhile, the first five', () => {
    const scanners = Array.from({ length: 6 }, (_, i) => `02:42:ac:11:00:0${i}`);
    const live = { ...verifyAnswer.live, scanners };
    expect(verifyText({ ...verifyAnswer, live }, NO_COLORS)).toContain(
      `nobody answered.\n6 scanners asked for many addresses meanwhile, which announces no use: ${scanners.slice(0, 5).join(', ')} ….`,
    );
  });

  it.each([
    [{ valid: false, invalidReason: 'link-down' }, 'the live probing was not valid (link-down).'],
    [{ valid: true, invalidReason: null }, 'its history does not prove it.'],
    [{ heard: [HEARD] }, 'somebody was heard of an address of it just now.'],
    [{ heard: [HEARD], valid: false, invalidReason: 'link-down' }, 'the live probing was not valid (link-down).'],
  ])('says why not: %j', (live, why) => {
    const text = verifyText({ ...verifyAnswer, free: false, live: { ...verifyAnswer.live, ...live } }, NO_COLORS);
    expect(text.split('\n')[0]).toBe(`NOT FREE: 192.0.2.200-192.0.2.203 (4 addresses, segment lan): ${why}`);
  });
});

describe('historyText', () => {
  it('shows the verdict, its reasons, and who was there, newest first', () => {
    expect(historyText(addressAnswer, NO_COLORS)).toBe(`192.0.2.17 (segment lan) at 2026-05-05 10:00:00Z: recently-used
  seen 26 h ago; free means quiet for 72 h

Proof:
  quiet for 1 d 2 h: last seen 2026-05-04 08:00:00Z
  11,760 looks, 99.8 % of the time covered, longest gap 31 s, newest look 12 s ago
Free means: quiet for 3 d, at least 100 looks in that time, 95 % of it covered, a look being good for 15 min.

Leased to 00:00:0c:01:02:03 (printer) until 2026-05-05 20:00:00Z.

Who was there, newest first:
FIRST SEEN            LAST SEEN             FOR  MAC                VENDOR               NAME     AS      HEARD BY
2026-05-02 08:00:00Z  2026-05-04 08:00:00Z  2 d  00:00:0c:01:02:03  Cisco Systems, Inc   printer  use     arp-reply, dhcp-ack
2026-05-01 08:00:00Z  2026-05-01 08:00:00Z  0 s  02:42:ac:11:00:02  (random or virtual)  -        intent  arp-probe`);
  });

  it('says so where nobody ever was', () => {
    const text = historyText(
      { ...addressAnswer, history: [], lease: null, proof: { ...proof, since: null, newestLookAt: null, looks: 0, coverage: 0 } },
      NO_COLORS,
    );
    expect(text).toContain('Nobody was ever seen at this address.');
    expect(text).toContain('never looked at\n  0 looks, 0 % of the time covered, longest gap 31 s, no look yet');
  });

  it('names a proof that rests on ICMP only', () => {
    expect(historyText({ ...addressAnswer, proof: { ...proof, methods: ['icmp'] } }, NO_COLORS)).toContain(', ICMP only');
  });

  it('lets no hostname paint on the terminal', () => {
    const history = addressAnswer.history.map((row) => ({
      ...row,
      hostname: '\u001b]0;x\u0007\u009b31m\n\r',
      vendor: '\u001b[1m',
    }));
    const lease = { mac: null, hostname: '\u001b[7m', endsAt: null };
    expect(historyText({ ...addressAnswer, history, lease }, NO_COLORS)).toMatch(/^[\n\x20-\x7e]*$/);
  });
});
