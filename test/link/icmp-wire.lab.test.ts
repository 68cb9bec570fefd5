import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Ipv4, parseIpv4 } from '../../src/core/address/ipv4.ts';
import { openIcmpWire } from '../../src/link/icmp-wire.ts';
import type { IcmpWire } from '../../src/link/types.ts';
import { run } from '../lab/command.ts';
import { assertEnclosed } from '../lab/guard.ts';
import { createNamespace, type Namespace, uniqueName } from '../lab/namespace.ts';
import { needs } from '../lab/needs.ts';
import { collectGarbage, until } from './veth.ts';

assertEnclosed();

const address = (text: string): Ipv4 => {
  const parsed = parseIpv4(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
};

const PEER = address('192.0.2.2');

needs('raw-socket', 'ping')('ICMP through raw-socket', () => {
  let peer: Namespace;
  const near = uniqueName('n');

  beforeAll(async () => {
    peer = await createNamespace('peer');
    await run(['ip', 'link', 'add', near, 'type', 'veth', 'peer', 'name', 'far', 'netns', peer.name]);
    await run(['ip', 'addr', 'add', '192.0.2.1/24', 'dev', near]);
    await run(['ip', 'link', 'set', near, 'up']);
    await peer.batch(['addr add 192.0.2.2/24 dev far', 'addr add 192.0.2.3/24 dev far', 'link set far up', 'link set lo up']);
  });

  afterAll(async () => {
    await peer.close();
  });

  async function opened(): Promise<{
    wire: IcmpWire;
    replies: { address: Ipv4; sequence: number; atMs: number }[];
    errors: Error[];
  }> {
    const replies: { address: Ipv4; sequence: number; atMs: number }[] = [];
    const errors: Error[] = [];
    const wire = await openIcmpWire({
      onReply: (from, sequence, atMs) => replies.push({ address: from, sequence, atMs }),
      onError: (error) => errors.push(error),
    });
    if (wire === null) throw new Error('raw-socket is installed and yet not available');
    return { wire, replies, errors };
  }

  it('hears the answer to its own request', async () => {
    const { wire, replies, errors } = await opened();
    const before = Date.now();
    expect(await wire.sendEcho(PEER, 65535)).toBe(true);
    expect(await wire.sendEcho(address('192.0.2.3'), 7)).toBe(true);
    await until('both replies', () => replies.length === 2);
    expect(replies.map(({ address: from, sequence }) => [from, sequence])).toEqual([
      [PEER, 65535],
      [address('192.0.2.3'), 7],
    ]);
    expect(replies.every(({ atMs }) => atMs >= before && atMs <= Date.now())).toBe(true);
    expect(errors).toEqual([]);
    wire.close();
  });

  it('does not take the answers to others for its own', async () => {
    const one = await opened();
    const two = await opened();
    await run(['ping', '-c', '2', '-i', '0.2', '192.0.2.2']);
    expect(await one.wire.sendEcho(PEER, 1)).toBe(true);
    await until('the reply', () => one.replies.length === 1);
    expect(await two.wire.sendEcho(PEER, 2)).toBe(true);
    await until('the other reply', () => two.replies.length === 1);
    expect([one.replies, two.replies].map((all) => all.map(({ sequence }) => sequence))).toEqual([[1], [2]]);
    one.wire.close();
    two.wire.close();
  });

  it('says false, and lives on, where there is no way', async () => {
    const { wire, replies } = await opened();
    expect(await wire.sendEcho(address('203.0.113.1'), 1)).toBe(false);
    expect(await wire.sendEcho(PEER, 2)).toBe(true);
    await until('the reply', () => replies.length === 1);
    wire.close();
  });

  it('stays open while nobody holds it', async () => {
    const sequences: number[] = [];
    const open = async (): Promise<void> => {
      const wire = await openIcmpWire({ onReply: (_, sequence) => sequences.push(sequence), onError: () => {} });
      void wire?.sendEcho(PEER, 9);
    };
    await open();
    // Before the event loop turns: the request is still to be sent.
    await collectGarbage();
    await until('the reply', () => sequences.length === 1);
  });

  it('bounds what waits, and settles all of it', async () => {
    const { wire, replies } = await opened();
    const sent = await Promise.all(Array.from({ length: 400 }, (_, sequence) => wire.sendEcho(PEER, sequence)));
    expect(sent.filter(Boolean)).toHaveLength(256);
    await until('a reply to each', () => replies.length === 256);
    const pending = Array.from({ length: 10 }, (_, sequence) => wire.sendEcho(PEER, sequence));
    wire.close();
    expect(await Promise.all(pending)).toEqual(new Array(10).fill(false));
    expect(await wire.sendEcho(PEER, 1)).toBe(false);
    wire.close();
  });

  it('says in one sentence what it lacks without CAP_NET_RAW', async () => {
    const module = fileURLToPath(new URL('../../src/link/icmp-wire.ts', import.meta.url));
    const program = `
      const { openIcmpWire } = await import(${JSON.stringify(module)});
      try { await openIcmpWire({ onReply() {}, onError() {} }); console.log('{}'); }
      catch ({ code, exitCode, message }) { console.log(JSON.stringify({ code, exitCode, message })); }`;
    const said = await run([
      ...['setpriv', '--bounding-set=-all', '--inh-caps=-all'],
      ...[process.execPath, '--input-type=module', '-e', program],
    ]);
    expect(JSON.parse(said)).toEqual({
      code: 'not-permitted',
      exitCode: 4,
      message: 'Freehold may not send and receive ICMP: the process lacks CAP_NET_RAW',
    });
  });
});
