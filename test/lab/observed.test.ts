import { describe, expect, it } from 'vitest';
import { ANY_ADDRESS, type Ipv4, parseIpv4 } from '../../src/core/address/ipv4.ts';
import { type Mac, parseMac } from '../../src/core/address/mac.ts';
import { createObserved, mostWithin } from './observed.ts';

const at = (text: string): Ipv4 => {
  const address = parseIpv4(text);
  if (!address.ok) throw new Error(address.error);
  return address.value;
};
const mac = (text: string): Mac => {
  const read = parseMac(text);
  if (!read.ok) throw new Error(read.error);
  return read.value;
};
const JUMP = mac('02:00:00:00:00:01');
const NOTHING_SENT = { framesSent: 0, sendErrors: 0 };

describe('mostWithin', () => {
  it.each<[readonly number[], number, number]>([
    [[], 1, 0],
    [[5], 1, 1],
    [[0, 1, 2, 3], 1, 2],
    [[0, 0.2, 0.4, 5, 5.1], 1, 3],
    [[0, 50, 100, 101], 100, 3],
  ])('of %j within %d ms: %d', (times, windowMs, most) => {
    expect(mostWithin(times, windowMs)).toBe(most);
  });
});

describe('observed requests', () => {
  it('are counted by address with their senders and times', () => {
    const observed = createObserved({ network: at('192.0.2.0'), broadcast: at('192.0.2.255') });
    observed.noteRequest(at('192.0.2.9'), ANY_ADDRESS, JUMP, 10);
    observed.noteRequest(at('192.0.2.9'), at('192.0.2.1'), JUMP, 20);
    observed.noteRequest(at('192.0.2.255'), ANY_ADDRESS, JUMP, 20.5);
    observed.noteReply();
    observed.noteOther();
    expect(observed.report(['192.0.2.9', '192.0.2.10'], { framesSent: 3, sendErrors: 1 })).toEqual({
      arpRequests: 3,
      arpReplies: 1,
      otherFrames: 1,
      addressesAsked: 2,
      networkAsked: 0,
      broadcastAsked: 1,
      senders: ['0.0.0.0', '192.0.2.1'],
      senderMacs: [JUMP],
      mostWithin1Ms: 2,
      mostWithin100Ms: 3,
      firstRequestAtMs: 10,
      lastRequestAtMs: 20.5,
      framesSent: 3,
      sendErrors: 1,
      requests: [
        { address: '192.0.2.9', count: 2, senders: ['0.0.0.0', '192.0.2.1'], atMs: [10, 20] },
        { address: '192.0.2.10', count: 0, senders: [], atMs: [] },
      ],
    });
  });

  it('keep counting where the lists are full', () => {
    const observed = createObserved(null);
    for (let i = 0; i < 1000; i++) observed.noteRequest(at('192.0.2.9'), (at('198.51.100.0') + i) as Ipv4, JUMP, i);
    const [one] = observed.report('all', NOTHING_SENT).requests;
    expect(one?.count).toBe(1000);
    expect(one?.atMs).toHaveLength(64);
    expect(one?.senders).toHaveLength(64);
    expect(observed.report([], NOTHING_SENT).senders).toHaveLength(64);
  });
});
