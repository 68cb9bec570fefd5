/** Names that strangers choose for themselves, from the wire to everywhere they are shown: nothing breaks, nothing is disguised. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DhcpAnswer } from '../../src/http/guard-service.ts';
import { dhcpAck, dhcpRequest } from '../lab/arp-frames.ts';
import { type Follower, followEvents } from './follower.ts';
import { type GuardedProcess, macOf, startGuardedProcess } from './guarded.ts';
import { until } from './running.ts';

const bytes = (...parts: readonly (string | readonly number[])[]): Uint8Array =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from(part))));

const NAMES: readonly (readonly [what: string, name: Uint8Array])[] = [
  ['markup', bytes('<script>alert(1)</script>')],
  ['an attribute', bytes(`"onmouseover='alert(1)'>&amp;`)],
  ['NUL bytes', bytes([0], 'a', [0, 0], 'b', [0])],
  ['nothing but NUL bytes', bytes([0, 0, 0, 0])],
  ['255 bytes', bytes('x'.repeat(255))],
  ['255 bytes of 0xff', new Uint8Array(255).fill(0xff)],
  ['invalid UTF-8', bytes([0xc3, 0x28, 0xa0, 0xa1, 0xe2, 0x28, 0xa1, 0xf0, 0x28, 0x8c, 0xbc])],
  ['a terminal that is told to', bytes([0x1b], '[2J', [0x1b], ']0;owned', [0x07], [0x9b], '31m')],
  ['lines of its own', bytes('a\r\n\r\ndata: {"type":"conflict"}\r\nb\tc')],
  ['text from right to left', bytes([0xe2, 0x80, 0xae], 'gpj.exe')],
  ['a format string', bytes('%s%n$(reboot)`id`{{7*7}}')],
  ['a prototype', bytes('__proto__')],
];

const FIRST = 200;
const addressOf = (index: number): string => `192.0.2.${FIRST + index}`;

let scene: GuardedProcess;
let follower: Follower;

beforeAll(async () => {
  scene = await startGuardedProcess();
  follower = await followEvents(scene.daemon);
  for (const [index, [, name]] of NAMES.entries()) {
    // Asked for and given under the name: as a conflict, and as a lease.
    await scene.injector.send(dhcpRequest(macOf(0x100 + index), addressOf(index), '192.0.2.2', name));
    await scene.injector.send(dhcpAck(macOf(2), '192.0.2.2', macOf(0x100 + index), addressOf(index), name));
  }
  for (const index of NAMES.keys()) await scene.alerted(addressOf(index));
});
afterAll(async () => {
  follower?.close();
  await scene?.close();
});

// biome-ignore lint/suspicious/noControlCharactersInRegex: what must not be there
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufffd]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: the same, in text of several lines
const UNPRINTABLE_TEXT = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufffd]/;

/** All strings of a document, keys included. */
function* strings(value: unknown): Generator<string> {
  if (typeof value === 'string') yield value;
  if (typeof value !== 'object' || value === null) return;
  for (const [key, member] of Object.entries(value)) {
    yield key;
    yield* strings(member);
  }
}

function expectPrintable(document: unknown): void {
  expect([...strings(document)].filter((text) => UNPRINTABLE.test(text))).toEqual([]);
}

describe('a name from the wire', () => {
  it('is printable in alerts, and whole where it is harmless', () => {
    const messages = scene.alerts().map(({ message }) => message);
    expect(messages.length).toBeGreaterThanOrEqual(NAMES.length);
    expectPrintable(messages);
    const names = NAMES.map((_, index) => scene.alerts(addressOf(index))[0]?.message.conflict?.hostname);
    expect(names[0]).toBe('<script>alert(1)</script>');
    expect(names[2]).toBe('?a??b');
    expect(names[4]).toBe('x'.repeat(255));
    expect(names[7]).toBe('?[2J?]0;owned??31m');
    expect(names[11]).toBe('__proto__');
  });

  it('is printable in every answer', async () => {
    const leases = async () => (await scene.daemon.client.get<DhcpAnswer>('/dhcp')).segments[0]?.leases.length;
    await until('the leases', async () => (await leases()) === NAMES.length);
    const answers = [
      await scene.daemon.client.get('/conflicts', { state: 'all', limit: 1000 }),
      await scene.daemon.client.get('/conflicts/1'),
      await scene.daemon.client.get('/dhcp'),
      await scene.daemon.client.get('/addresses'),
    ];
    for (const index of NAMES.keys()) answers.push(await scene.daemon.client.get(`/addresses/${addressOf(index)}`));
    for (const answer of answers) expectPrintable(answer);
  });

  it('is printable in the live events, and makes none of its own', async () => {
    await until('the events', () => follower.events.filter(({ type }) => type === 'conflict').length >= NAMES.length);
    const types = new Set(follower.events.map(({ type }) => type));
    types.delete('sweep');
    expect(types).toEqual(new Set(['sighting', 'conflict']));
    expect(follower.events.filter(({ data }) => data === undefined)).toEqual([]);
    expectPrintable(follower.events);
  });

  it('is printable on a terminal', async () => {
    for (const command of [['conflicts'], ['conflicts', '--json'], ['history', addressOf(7)], ['history', addressOf(0)]]) {
      const said = await scene.daemon.freehold(...command);
      expect(said.stderr).toBe('');
      expect(said.stdout).not.toMatch(UNPRINTABLE_TEXT);
      expect(said.stdout).toContain('192.0.2.2');
    }
  });

  it('has harmed nobody: the daemon sweeps, and every conflict is there', async () => {
    expect(await scene.daemon.sweep()).toMatchObject({ valid: true });
    expect((await scene.conflicts()).filter(({ kind }) => kind === 'imminent')).toHaveLength(NAMES.length);
  });
});
