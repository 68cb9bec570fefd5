import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { alertMessage, testMessage } from '../../src/alert/message.ts';
import { CONFLICT_KINDS, type Conflict, severityOf } from '../../src/core/conflict/types.ts';
import { sourceBit } from '../../src/core/evidence/sighting.ts';
import { CONTEXT, change, HOSTILE, ip, mac, messageOf, STRANGER, T0 } from './fixtures.ts';

/** All text of a message, wherever it is. */
function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(textsOf);
}
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters must not be there
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069]/;

describe('alertMessage', () => {
  it('says what, which address and pool, who, since when, on which evidence, and what to do', () => {
    const message = messageOf({ sources: sourceBit('arp-reply') | sourceBit('dhcp-request') });
    expect(message).toMatchObject({
      version: 1,
      id: '7-1',
      event: 'opened',
      severity: 'critical',
      at: '2026-01-05T00:00:00.002Z',
      title: 'squatter: 00:00:0c:00:00:01 (printer, Cisco) uses 192.0.2.201 of pool production-pool',
      sender: { host: 'jump', version: '0.1.0' },
    });
    expect(message.summary).toContain('first seen 2026-01-05T00:00:00.000Z');
    expect(message.summary).toContain('Evidence (12 sightings): answered ARP for it; sent a DHCPREQUEST for it.');
    expect(message.actions.join('\n')).toMatch(/MAC address tables.*\n.*DHCP.*\n.*IPAddressPool/);
    expect(message.actions).toContain('See everything that is known of the address: freehold history 192.0.2.201');
    expect(message.actions.join('\n')).toContain('freehold conflicts acknowledge 7');
  });

  it('holds the facts of the conflict as JSON', () => {
    const overlap = { first: ip('192.0.2.200'), last: ip('192.0.2.205') };
    const { conflict } = messageOf({
      kind: 'scope-overlap',
      stranger: null,
      macs: [],
      detail: { server: ip('192.0.2.1'), overlap },
    });
    expect(conflict).toEqual({
      id: 7,
      seq: 1,
      kind: 'scope-overlap',
      from: null,
      segment: 'lan',
      pool: 'production-pool',
      address: '192.0.2.201',
      overlap: { start: '192.0.2.200', end: '192.0.2.205' },
      mac: null,
      macs: [],
      vendor: null,
      hostname: 'printer',
      service: null,
      firstSeenAt: '2026-01-05T00:00:00.000Z',
      lastSeenAt: '2026-01-05T00:00:05.000Z',
      openedAt: '2026-01-05T00:00:00.001Z',
      closedAt: null,
      closeReason: null,
      sightings: 12,
      server: '192.0.2.1',
      sources: ['arp-reply'],
      acknowledged: false,
    });
  });

  it.each<[string, Partial<Conflict>, string]>([
    [
      'imminent',
      { kind: 'imminent' },
      'imminent: 00:00:0c:00:00:01 (printer, Cisco) is about to use 192.0.2.201 of pool production-pool',
    ],
    [
      'contested',
      { kind: 'contested', service: 'shop/web' },
      'contested: 00:00:0c:00:00:01 (printer, Cisco) uses 192.0.2.201 of pool production-pool, which Service shop/web holds',
    ],
    [
      'split-brain',
      { kind: 'split-brain', stranger: null, detail: { nodes: ['a', 'b', 'c', 'd', 'e'] } },
      'split-brain: several nodes (a, b, c, d and 1 more) answer for 192.0.2.201 of pool production-pool',
    ],
    [
      'scope-overlap',
      { kind: 'scope-overlap', stranger: null, detail: { server: ip('192.0.2.1') } },
      'scope-overlap: the DHCP server 192.0.2.1 hands out 192.0.2.201 of pool production-pool',
    ],
    [
      'scope-overlap of lease files',
      { kind: 'scope-overlap', stranger: null, detail: { server: 'lease-file' } },
      'scope-overlap: the DHCP server of the lease files hands out 192.0.2.201 of pool production-pool',
    ],
    [
      'infrastructure',
      { kind: 'infrastructure', stranger: null, detail: { role: 'gateway' } },
      'infrastructure: 192.0.2.201 of pool production-pool is the gateway',
    ],
    [
      'unannounced',
      { kind: 'unannounced', stranger: null, service: 'shop/web' },
      'unannounced: nobody answers for 192.0.2.201 of pool production-pool, which Service shop/web holds',
    ],
    [
      'an unknown stranger',
      { stranger: null, hostname: null },
      'squatter: an unknown device uses 192.0.2.201 of pool production-pool',
    ],
    [
      'contested where only a node is known',
      { kind: 'contested', service: null },
      'contested: 00:00:0c:00:00:01 (printer, Cisco) uses 192.0.2.201 of pool production-pool, which a node answers for',
    ],
    [
      'a node that takes the address by DHCP',
      { kind: 'infrastructure', detail: { role: 'node' } },
      'infrastructure: node 00:00:0c:00:00:01 (printer, Cisco) has, or is about to have, 192.0.2.201 of pool production-pool by DHCP, so no Service can use it',
    ],
    [
      'strangers beyond all room',
      { stranger: null, detail: { strangers: 900, rule: 'too-many-conflicts' } },
      'squatter: more strangers than can be told apart (at least 900) use or ask for addresses of pool production-pool, the first of them 192.0.2.201',
    ],
    [
      'many strangers',
      { stranger: null, detail: { strangers: 40 } },
      'squatter: 40 devices use 192.0.2.201 of pool production-pool',
    ],
  ])('names %s in its title', (_, over, title) => {
    expect(messageOf(over).title).toBe(title);
  });

  it('says what an escalation was before', () => {
    const message = messageOf({ seq: 2 }, { event: 'escalated', from: 'imminent' });
    expect(message.title).toMatch(/^squatter \(was imminent\): /);
    expect([message.id, message.conflict?.from]).toEqual(['7-2', 'imminent']);
    expect(messageOf({ seq: 3 }, { event: 'escalated', from: 'squatter' }).title).toMatch(/^squatter \(more than before\): /);
  });

  it('begins its summary with the MAC as people search for it', () => {
    const stranger = mac('b8:27:eb:00:00:09');
    expect(messageOf({ stranger, hostname: null }).summary).toMatch(/^b8:27:eb:00:00:09 /);
  });

  it.each([
    ['quiet', 'it was not seen any more'],
    ['withdrawn', 'the DHCP server refused'],
    ['not-in-pool', 'not guarded any more'],
    ['mended', 'it was mended'],
  ] as const)('says why it is over: %s', (closeReason, words) => {
    const message = messageOf({ seq: 3, closedMs: T0 + 9000, closeReason }, { event: 'closed' });
    expect(message.title).toMatch(/^closed: squatter: /);
    expect(message.summary).toContain('Closed at 2026-01-05T00:00:09.000Z');
    expect(message.summary).toContain(words);
    expect(message.actions).toHaveLength(1);
  });

  it('names the rule that dismissed it', () => {
    const over = { seq: 2, closedMs: T0, closeReason: 'dismissed', detail: { rule: 'proxy-arp' } } as const;
    expect(messageOf(over, { event: 'closed' }).summary).toContain('no stranger (proxy-arp)');
  });

  it.each(['updated', 'acknowledged'] as const)('makes none of %s', (event) => {
    expect(alertMessage(change({}, { event }), CONTEXT)).toBeNull();
  });

  it.each(CONFLICT_KINDS)('gives advice for %s, and the severity of its kind', (kind) => {
    const message = messageOf({ kind });
    expect(message.actions.length).toBeGreaterThanOrEqual(3);
    expect(message.severity).toBe(severityOf(kind));
  });

  it('says that a random MAC has no maker', () => {
    expect(messageOf({ stranger: mac('02:00:00:00:00:01') }).actions.join('\n')).toContain('locally administered');
    expect(messageOf({ stranger: STRANGER }).actions.join('\n')).not.toContain('locally administered');
  });

  it('puts a name into a command only where Kubernetes allows that name', () => {
    const advice = (service: string) => messageOf({ kind: 'unannounced', service }).actions.join('\n');
    expect(advice('shop/web')).toContain('kubectl -n shop get endpointslices -l kubernetes.io/service-name=web');
    expect(advice('shop/web;reboot')).not.toContain('reboot');
  });

  it('is printable and bounded, whatever strangers call themselves', () => {
    const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 600 }), fc.constant(HOSTILE));
    fc.assert(
      fc.property(text, text, text, fc.constantFrom(...CONFLICT_KINDS), fc.boolean(), (hostname, pool, service, kind, closed) => {
        const over = { hostname, pool, service, segment: pool, kind, detail: { nodes: [hostname, pool], rule: service } };
        const done = { ...over, closedMs: T0, closeReason: 'dismissed' } as const;
        const message = closed ? messageOf(done, { event: 'closed' }) : messageOf(over);
        for (const part of textsOf(message)) {
          expect(part).not.toMatch(UNPRINTABLE);
          expect(part.isWellFormed()).toBe(true);
        }
        expect(message.title.length).toBeLessThanOrEqual(300);
        expect(JSON.stringify(message).length).toBeLessThan(12_000);
      }),
    );
  });
});

describe('testMessage', () => {
  it('is marked as a test wherever it is read', () => {
    const message = testMessage({ host: 'jump', version: '0.1.0', nowMs: T0 });
    expect(message).toMatchObject({ id: `test-${T0}`, event: 'test', severity: 'notice', conflict: null });
    expect(message.title).toMatch(/^test: /);
    expect(message.summary).toContain('test message');
  });
});
