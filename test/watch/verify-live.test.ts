/** When a live run may be believed: only answers to our own questions show that these arrive. Takes RFC 5227's real 4 to 7 s. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ipv4 } from '../../src/core/address/ipv4.ts';
import type { Mac } from '../../src/core/address/mac.ts';
import type { Ipv4Range } from '../../src/core/address/range.ts';
import { ARP_FRAME_LENGTH, encodeArpFrame } from '../../src/core/codec/arp.ts';
import { verifyLive } from '../../src/watch/verify-live.ts';
import {
  ALIVE,
  answering,
  type FakeSegment,
  type FakeSegmentOptions,
  fakeSegment,
  HOST_MAC,
  OURS,
  SILENT,
  type Temper,
} from './fake-segment.ts';

const deaf: Temper = (frames) => ({ sent: frames.length / ARP_FRAME_LENGTH, errorCode: null });

/** The host that is alive asks somebody else, by broadcast. */
const overheard = () => ({
  bytes: encodeArpFrame({
    etherSource: HOST_MAC,
    etherDestination: 'ff:ff:ff:ff:ff:ff' as Mac,
    vlanIds: [],
    operation: 'request',
    senderMac: HOST_MAC,
    senderAddress: ALIVE,
    targetMac: '00:00:00:00:00:00' as Mac,
    targetAddress: OURS,
  }),
  atMs: Date.now(),
  vlanId: null,
});

function start(temper: () => Temper, options: FakeSegmentOptions = {}): FakeSegment {
  const segment = fakeSegment(temper, options);
  onTestFinished(() => segment.close());
  return segment;
}

function verify({ watch, ledger }: FakeSegment, range: Ipv4Range = { first: SILENT, last: SILENT }) {
  const { row, place } = watch;
  if (row === null || place === null) throw new Error('the segment is not known');
  return verifyLive({ watch, row, place, intervalMs: 30_000, shared: [] }, ledger, range, Date.now);
}

const looks = ({ watch, ledger }: FakeSegment) => (watch.row === null ? [] : ledger.lookRuns(watch.row.id, 0));

describe.concurrent('a live run', () => {
  it('is believed where the control answers, and is a look', { timeout: 30_000 }, async () => {
    const segment = start(() => answering);
    await segment.watch.sweep('request');
    const [before] = looks(segment);
    expect(await verify(segment)).toMatchObject({ valid: true, conflicts: [{ address: ALIVE }] });
    expect(looks(segment).length).toBeGreaterThan(before === undefined ? 0 : 1);
  });

  it('says what it did not ask: our own address, what is excluded, and the edges', { timeout: 30_000 }, async () => {
    const excluded = { first: ipv4(SILENT + 1), last: ipv4(SILENT + 1) };
    const segment = start(() => answering, { config: { exclude: [excluded] } });
    await segment.watch.sweep('request');
    const live = await verify(segment, { first: ipv4(OURS - 1), last: ipv4(SILENT + 3) });
    expect(live.notAsked).toEqual([
      { first: ipv4(OURS - 1), last: OURS },
      excluded,
      { first: ipv4(SILENT + 3), last: ipv4(SILENT + 3) },
    ]);
    expect((await verify(segment)).notAsked).toEqual([]);
  });

  it('proves nothing where nobody answers us, whatever is overheard', { timeout: 30_000 }, async () => {
    let temper = answering;
    const segment = start(() => temper);
    await segment.watch.sweep('request');
    const before = looks(segment);
    temper = deaf;
    const chatter = setInterval(() => segment.handlers.onFrame(overheard()), 300);
    onTestFinished(() => clearInterval(chatter));
    expect(await verify(segment)).toMatchObject({ valid: false, invalidReason: 'control-silent' });
    expect(looks(segment)).toEqual(before);
  });

  it('proves nothing where nobody was known to be alive and only others are overheard', { timeout: 30_000 }, async () => {
    const segment = start(() => deaf);
    const chatter = setInterval(() => segment.handlers.onFrame(overheard()), 300);
    onTestFinished(() => clearInterval(chatter));
    expect(await verify(segment)).toMatchObject({ valid: false, invalidReason: 'control-silent' });
  });

  it('proves nothing where the wire went dead after the control had answered', { timeout: 30_000 }, async () => {
    let temper = answering;
    const segment = start(() => temper);
    await segment.watch.sweep('request');
    const live = verify(segment);
    await sleep(2500);
    temper = deaf;
    expect(await live).toMatchObject({ valid: false, invalidReason: 'control-silent' });
  });

  it('keeps its fault, though another one begins', { timeout: 30_000 }, async () => {
    const segment = start(() => answering);
    await segment.watch.sweep('request');
    const first = verify(segment);
    await sleep(1500);
    segment.handlers.onError('EIO');
    const second = verify(segment);
    expect(await first).toMatchObject({ valid: false, invalidReason: 'receive-failed' });
    expect(await second).toMatchObject({ valid: true });
  });
});
