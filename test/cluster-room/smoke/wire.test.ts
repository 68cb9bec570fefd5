import { describe, expect, it } from 'vitest';
import { judgeWire, type NodeAddresses, type WireLook } from '../../../src/cluster/smoke/wire.ts';
import { type Ipv4, parseIpv4 } from '../../../src/core/address/ipv4.ts';
import { type Mac, parseMac } from '../../../src/core/address/mac.ts';

const ip = (text: string): Ipv4 => {
  const read = parseIpv4(text);
  if (!read.ok) throw new Error(read.error);
  return read.value;
};
const mac = (text: string): Mac => {
  const read = parseMac(text);
  if (!read.ok) throw new Error(read.error);
  return read.value;
};
const ADDRESS = ip('192.0.2.200');
const [A, B, A2, STRANGER] = ['02:00:00:00:00:0a', '02:00:00:00:00:0b', '02:00:00:00:00:a2', '02:00:00:00:00:66'].map(mac) as [
  Mac,
  Mac,
  Mac,
  Mac,
];
const NODES: readonly NodeAddresses[] = [
  { name: 'a', addresses: [ip('192.0.2.11')] },
  { name: 'b', addresses: [ip('192.0.2.12')] },
];
const HEARD: readonly (readonly [string, readonly Mac[]])[] = [
  ['192.0.2.11', [A, A2]],
  ['192.0.2.12', [B]],
];

function look(macs: readonly Mac[], change: Partial<WireLook> & { readonly heard?: typeof HEARD } = {}): WireLook {
  const { heard = HEARD, ...rest } = change;
  const answers = new Map(heard.map(([address, who]) => [ip(address), who]));
  if (macs.length > 0) answers.set(ADDRESS, macs);
  return { answers, standIns: new Set(), own: new Set(), invalid: null, from: 'lan0', ...rest };
}
const final = (status: string, detail: RegExp) => ({ final: { status, detail: expect.stringMatching(detail) } });
const again = (why: RegExp, atLast = 'failed') => ({ again: expect.stringMatching(why), atLast });

describe('judgeWire', () => {
  it.each([
    ["one node's MAC", look([A]), final('ok', /^02:00:00:00:00:0a of the node a$/)],
    ['another card of it', look([A2]), final('ok', /of the node a/)],
    ['nobody', look([]), again(/nobody answers ARP for 192\.0\.2\.200 on lan0$/)],
    ['nobody, on a wire that does not count', look([], { invalid: 'link-down' }), again(/the look does not count: link-down/)],
    [
      'nobody, and this machine is a node',
      look([], { own: new Set([ip('192.0.2.11')]) }),
      again(/is the node a, and would not hear itself/, 'skipped'),
    ],
    ['a stranger', look([STRANGER]), final('failed', /02:00:00:00:00:66 answers for 192\.0\.2\.200, and is no node's$/)],
    ['a stranger beside a node', look([A, STRANGER]), final('failed', /02:00:00:00:00:66 answers/)],
    [
      'a stranger, with a node not heard',
      look([STRANGER], { heard: [['192.0.2.11', [A]]] }),
      final('failed', /no MAC is known of b/),
    ],
    [
      'somebody, with no node heard',
      look([STRANGER], { heard: [] }),
      final('skipped', /whose it is cannot be told.*metallb\.speakers/),
    ],
    ['two cards of one node', look([A, A2]), final('failed', /^a answers for .* from 2 network cards .*"interfaces"/)],
    ['two nodes', look([A, B]), final('failed', /several answer .*02:00:00:00:00:0a of a, 02:00:00:00:00:0b of b.*strictARP/)],
    ['a proxy-ARP router', look([STRANGER], { standIns: new Set([ADDRESS]) }), final('skipped', /proxy-ARP router/)],
    ['one node, where other answers may be lost', look([A], { invalid: 'kernel-drops' }), again(/does not count: kernel-drops/)],
    [
      'a stranger, where other answers may be lost',
      look([STRANGER], { invalid: 'kernel-drops' }),
      final('failed', /is no node's/),
    ],
  ])('%s', (_, given, expected) => {
    expect(judgeWire(ADDRESS, given, NODES, new Set())).toEqual(expected);
  });

  it('takes a configured speaker for one of ours, with no node heard', () => {
    expect(judgeWire(ADDRESS, look([STRANGER], { heard: [] }), NODES, new Set([STRANGER]))).toEqual(
      final('ok', /the speaker 02/),
    );
  });

  it('takes a speaker and a node for two', () => {
    expect(judgeWire(ADDRESS, look([A, STRANGER]), NODES, new Set([STRANGER]))).toEqual(final('failed', /several answer/));
  });
});
