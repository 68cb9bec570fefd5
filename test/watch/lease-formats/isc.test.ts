import { describe, expect, it } from 'vitest';
import { iscParser } from '../../../src/watch/lease-formats/isc.ts';
import { iscDate } from '../../../src/watch/lease-formats/isc-date.ts';
import { addresses, ISC_2, ISC_4_4, ISC_FAILOVER, leaseLines, parsed } from './fixtures.ts';

const isc = (text: string) => parsed(iscParser(), text);
const at = (text: string): number => Date.parse(text) / 1000;

describe('an ISC lease file', () => {
  it('of dhcpd 4.4: the last declaration of an address counts; strings, events and comments hide nothing', () => {
    const content = isc(ISC_4_4);
    expect(leaseLines(content)).toEqual([
      '192.0.2.50 52:54:00:00:00:5a until Infinity as say "hi"; } lease 192.0.2.9 {',
      `192.0.2.51 52:54:00:00:00:51 until ${at('2026-01-05T21:00:00Z')} as printer`,
    ]);
    expect(addresses(content.declined)).toEqual(['192.0.2.52']);
    expect(content).toMatchObject({ former: [], malformed: 0, whole: true });
  });

  it('with failover and local times: only active is a lease', () => {
    const content = isc(ISC_FAILOVER);
    expect(leaseLines(content)).toEqual(['192.0.2.60 52:54:00:00:00:60 until 1767643200 as null']);
    expect(addresses(content.former)).toEqual(['192.0.2.61', '192.0.2.62', '192.0.2.63', '192.0.2.64']);
    expect(content.malformed).toBe(0);
  });

  it('of dhcpd 2: a declaration without a state is a lease, unless it is abandoned', () => {
    const content = isc(ISC_2);
    expect(leaseLines(content)).toEqual([`192.0.2.70 52:54:00:00:00:07 until ${at('2026-01-05T20:00:00Z')} as old`]);
    expect(addresses(content.declined)).toEqual(['192.0.2.71']);
  });

  it('leaves out the declaration that it ends in, and keeps what was said of the address before', () => {
    const running = 'lease 192.0.2.5 { ends epoch 1767600000; binding state active; }\n';
    const half = 'lease 192.0.2.5 {\n  starts epoch 1767600000;\n  ends epoch 1767690000;\n  binding state fr';
    expect(leaseLines(isc(running + half))).toEqual(['192.0.2.5 null until 1767600000 as null']);
    expect(isc(running + half).malformed).toBe(0);
  });

  const GOOD = 'lease 192.0.2.9 { ends epoch 1767600000; binding state active; }\n';
  it.each([
    ['a date that is none', 'lease 192.0.2.5 { ends 9 2026/13/45 99:00:00; binding state active; }'],
    ['no end', 'lease 192.0.2.5 { binding state active; }'],
    ['a state that nobody knows', 'lease 192.0.2.5 { ends never; binding state pensive; }'],
    ['a statement without its semicolon', 'lease 192.0.2.5 { ends never; binding state active }'],
    ['two statements run together', 'lease 192.0.2.5 { ends never binding state active; }'],
    ['a string without its end', 'lease 192.0.2.5 { ends never; client-hostname "x;\n binding state active; }'],
    ['a declaration without its end', 'lease 192.0.2.5 {\n ends never;\n binding state active;\n'],
    ['a nested block without its end', 'lease 192.0.2.5 { ends never; on expiry { set x = "1";\n'],
    ['an address that is none', 'lease 192.0.2.500 { ends never; binding state active; }'],
    ['a brace too many', '}'],
    ['words that mean nothing', 'what is this;'],
    ['a block that means nothing', 'what { is this; }'],
  ])('counts %s as malformed, and reads on behind it', (_, text) => {
    const content = isc(`${text}\n${GOOD}`);
    expect(content.malformed).toBeGreaterThan(0);
    expect(leaseLines(content)).toEqual(['192.0.2.9 null until 1767600000 as null']);
  });

  it('keeps what was said before of an address whose newest declaration is broken', () => {
    const content = isc(`${GOOD}lease 192.0.2.9 { ends soon; binding state free; }`);
    expect(leaseLines(content)).toHaveLength(1);
    expect(content.malformed).toBe(1);
  });

  it('shows hostile names safely', () => {
    const name = String.raw`\033[31m<script>\000\177\"\\ ${'a'.repeat(5000)}`;
    const content = isc(`lease 192.0.2.5 { ends never; binding state active; client-hostname "${name}"; }`);
    const [lease] = content.leases.values();
    expect(lease?.hostname).toMatch(/^\[31m<script>"\\ a+$/);
    expect(lease?.hostname).toHaveLength(255);
  });

  it('has no MAC where the hardware is not Ethernet', () => {
    const content = isc('lease 192.0.2.5 { ends never; binding state active; hardware token-ring 52:54:00:00:00:05; }');
    expect([...content.leases.values()][0]?.mac).toBeNull();
  });
});

describe('iscDate()', () => {
  it.each([
    ['never', Number.POSITIVE_INFINITY],
    ['epoch 1767600000', 1_767_600_000_000],
    ['4 2026/01/01 12:00:00', Date.parse('2026-01-01T12:00:00Z')],
    ['0 2106/02/07 06:28:15', Date.parse('2106-02-07T06:28:15Z')],
    ['4 2026/1/1 1:2:3', Date.parse('2026-01-01T01:02:03Z')],
    ['4 2026/00/01 12:00:00', null],
    ['4 2026/01/32 12:00:00', null],
    ['4 2026/01/01 24:00:00', null],
    ['7 2026/01/01 12:00:00', null],
    ['4 999999/01/01 12:00:00', null],
    ['epoch', null],
    ['epoch -5', null],
    ['never ever', null],
    ['', null],
  ])('reads "%s"', (text, expected) => {
    expect(iscDate(text === '' ? [] : text.split(' '))).toBe(expected);
  });
});
