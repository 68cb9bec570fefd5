import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openPacketWire } from '../../src/link/packet-wire.ts';
import type { PacketWire } from '../../src/link/types.ts';
import { run } from '../lab/command.ts';
import { assertEnclosed } from '../lab/guard.ts';
import { arpProbe, arpProbeIn8023, ipv4Frame, joined, probedHost, STRANGER, vlanTag } from './frames.ts';
import { blockEventLoop, collectGarbage, type Ear, listenOn, until, type VethPair, vethPair } from './veth.ts';

assertEnclosed();

let pair: VethPair;
const open: PacketWire[] = [];

/** A wire on each end: what one sends, the other hears. */
function bothEnds(): { near: Ear; far: Ear } {
  const near = listenOn(pair.near);
  const far = listenOn(pair.far);
  open.push(near.wire, far.wire);
  return { near, far };
}

const send = (ear: Ear, frame: Uint8Array): void => {
  expect(ear.wire.send(frame, frame.length)).toEqual({ sent: 1, errorCode: null });
};

beforeEach(async () => {
  pair = await vethPair();
});

afterEach(async () => {
  for (const wire of open.splice(0)) wire.close();
  await pair.remove();
});

describe('receiving', () => {
  it('delivers ARP and DHCP, and nothing else', async () => {
    const { near, far } = bothEnds();
    const refused = [
      ipv4Frame({ sourcePort: 53, destinationPort: 40000 }),
      ipv4Frame({ protocol: 6 }),
      ipv4Frame({ fragment: 0x2000 }),
      Uint8Array.from([...arpProbe(1).subarray(0, 12), 0x86, 0xdd, ...new Array<number>(60).fill(0)]),
      Uint8Array.from([...arpProbe(1).subarray(0, 12), 0x88, 0xcc, ...new Array<number>(60).fill(0)]),
    ];
    for (const frame of refused) send(near, frame);
    send(near, arpProbe(1));
    send(near, ipv4Frame());
    for (const frame of refused) send(near, frame);
    send(near, ipv4Frame({ sourcePort: 67, destinationPort: 68, headerWords: 6 }));
    send(near, arpProbe(2));
    await until('the last probe', () => far.frames.some(({ bytes }) => bytes.length === 42 && probedHost(bytes) === 2));
    expect(far.frames.map(({ bytes }) => Buffer.from(bytes))).toEqual(
      [arpProbe(1), ipv4Frame(), ipv4Frame({ sourcePort: 67, destinationPort: 68, headerWords: 6 }), arpProbe(2)].map((one) =>
        Buffer.from(one),
      ),
    );
    expect(far.wire.stats()).toEqual({ framesReceived: 4, kernelDrops: 0, framesSent: 0, sendErrors: 0 });
  });

  it('delivers ARP in an 802.3 frame whole, with and without a tag', async () => {
    const { near, far } = bothEnds();
    send(near, arpProbeIn8023(1));
    send(near, arpProbeIn8023(2, vlanTag(42)));
    await until('both', () => far.frames.length === 2);
    expect(far.frames.map(({ vlanId }) => vlanId)).toEqual([null, 42]);
    expect(far.frames.map(({ bytes }) => Buffer.from(bytes))).toEqual([1, 2].map((host) => Buffer.from(arpProbeIn8023(host))));
  });

  it('stamps a frame when it comes, not when it is read', async () => {
    const { near, far } = bothEnds();
    const before = Date.now();
    send(near, arpProbe(1));
    const after = Date.now();
    blockEventLoop(150);
    await until('the probe', () => far.frames.length === 1);
    const atMs = far.frames[0]?.atMs ?? 0;
    // Date.now() is in whole ms, and another clock source than the stamp's may be a little off.
    expect(atMs).toBeGreaterThan(before - 2);
    expect(atMs).toBeLessThan(after + 20);
    expect(atMs % 1).not.toBe(0);
  });

  it('loses none of 50,000 frames that come while the event loop stands still for 200 ms', async () => {
    const { near, far } = bothEnds();
    const count = 50_000;
    const until200 = performance.now() + 200;
    const padding = new Uint8Array(18);
    const frames = joined(Array.from({ length: count }, (_, host) => Uint8Array.from([...arpProbe(host), ...padding])));
    expect(near.wire.send(frames, 60)).toEqual({ sent: count, errorCode: null });
    blockEventLoop(Math.max(1, until200 - performance.now()));
    expect(far.frames.length).toBe(0);
    await until('all frames', () => far.frames.length >= count);
    expect(far.frames.every(({ bytes }, index) => probedHost(bytes) === index)).toBe(true);
    expect(far.wire.stats()).toMatchObject({ framesReceived: count, kernelDrops: 0 });
    expect(near.wire.stats()).toMatchObject({ framesSent: count, sendErrors: 0 });
  });

  it('counts what did not fit into the ring, and goes on after it', async () => {
    const near = listenOn(pair.near);
    const far = listenOn(pair.far, { ringLength: 64 * 1024 });
    open.push(near.wire, far.wire);
    const count = 2000;
    expect(near.wire.send(joined(Array.from({ length: count }, (_, host) => arpProbe(host))), 42).sent).toBe(count);
    await until('every frame to be heard or counted', () => {
      const { framesReceived, kernelDrops } = far.wire.stats();
      return framesReceived + kernelDrops === count;
    });
    expect(far.wire.stats().kernelDrops).toBeGreaterThan(1000);
    expect(far.frames.length).toBeGreaterThan(300);
    // The counter of the kernel starts anew with every reading; ours does not.
    expect(far.wire.stats()).toEqual(far.wire.stats());
    const heard = far.frames.length;
    send(near, arpProbe(0xffff));
    await until('the ring to work again', () => far.frames.length === heard + 1);
  });

  it('takes a VLAN tag off, and says which it was', async () => {
    const { near, far } = bothEnds();
    send(near, arpProbe(7, STRANGER, vlanTag(42)));
    await until('the probe', () => far.frames.length === 1);
    expect(far.frames[0]?.vlanId).toBe(42);
    expect(Buffer.from(far.frames[0]?.bytes ?? [])).toEqual(Buffer.from(arpProbe(7)));
  });

  it('never hears what this machine sends, be it by the wire or by the kernel', async () => {
    const { near, far } = bothEnds();
    await pair.ip(`addr add 192.0.2.1/24 dev ${pair.near}`);
    send(near, arpProbe(1));
    // Makes the kernel ask for 192.0.2.77.
    await run([
      'sh',
      '-c',
      `ping -c 1 -W 1 192.0.2.77 >/dev/null 2>&1; ip neigh replace 192.0.2.78 dev ${pair.near} nud none; true`,
    ]);
    await until('both at the other end', () => far.frames.length >= 2);
    send(far, arpProbe(3));
    await until('the frame from the other end', () => near.frames.some(({ bytes }) => probedHost(bytes) === 3));
    expect(near.frames.map(({ bytes }) => probedHost(bytes))).toEqual([3]);
  });

  it('delivers on drain without a turn of the event loop', () => {
    const { near, far } = bothEnds();
    send(near, arpProbe(1));
    blockEventLoop(50);
    expect(far.frames.length).toBe(0);
    far.wire.drain();
    expect(far.frames.length).toBe(1);
  });

  it('lets promises go on, and goes on itself, when a handler throws', async () => {
    const near = listenOn(pair.near);
    const faults: string[] = [];
    let heard = 0;
    let gone: () => void = () => {};
    const promise = new Promise<void>((resolve) => {
      gone = resolve;
    });
    const far = openPacketWire(pair.far, {
      onFrame: () => {
        heard++;
        gone();
        throw new Error(`frame ${heard}`);
      },
      onError: () => {},
      onHandlerError: (error) => faults.push(String(error)),
    });
    open.push(near.wire, far);
    send(near, arpProbe(1));
    await promise;
    send(near, arpProbe(2));
    await until('both', () => heard === 2);
    expect(faults).toEqual(['Error: frame 1', 'Error: frame 2']);
  });

  it('may be closed by its own handler, and its frames cannot be read after that', async () => {
    const near = listenOn(pair.near);
    const kept: Uint8Array[] = [];
    const far: PacketWire = openPacketWire(pair.far, {
      onFrame: ({ bytes }) => {
        kept.push(bytes);
        far.close();
      },
      onError: () => {},
    });
    open.push(near.wire, far);
    near.wire.send(joined([arpProbe(1), arpProbe(2)]), 42);
    await until('the first frame', () => kept.length > 0);
    await sleep(30);
    expect(kept.map(({ length }) => length)).toEqual([0]);
    far.close();
    far.drain();
    expect(far.send(arpProbe(1), 42)).toEqual({ sent: 0, errorCode: 'EBADF' });
    expect(far.stats().framesReceived).toBe(1);
  });

  it('stays open while nobody holds it', async () => {
    const near = listenOn(pair.near);
    open.push(near.wire);
    let heard = 0;
    openPacketWire(pair.far, { onFrame: () => heard++, onError: () => {} });
    await collectGarbage();
    send(near, arpProbe(1));
    await until('the probe', () => heard === 1);
  });

  it('lets timers have their turn while frames pour in', async () => {
    const { near, far } = bothEnds();
    expect(near.wire.send(joined(Array.from({ length: 40_000 }, (_, host) => arpProbe(host))), 42).sent).toBe(40_000);
    const heardAt: number[] = [];
    const timer = setInterval(() => heardAt.push(far.frames.length), 0);
    await until('all frames', () => far.frames.length === 40_000);
    clearInterval(timer);
    // 4,064 frames a turn: at least nine turns, and the timer in between.
    expect(heardAt.filter((heard) => heard > 0 && heard < 40_000).length).toBeGreaterThan(3);
  });
});

describe('faults of the link', () => {
  it('reports a link that goes down once, rests, and works again when it is up', async () => {
    const { near, far } = bothEnds();
    await pair.ip(`link set ${pair.near} down`);
    await until('the report', () => near.errors.length > 0);
    expect(near.wire.send(arpProbe(1), 42)).toEqual({ sent: 0, errorCode: 'ENETDOWN' });
    expect(far.wire.send(arpProbe(1), 42)).toEqual({ sent: 0, errorCode: 'ENOBUFS' });
    const cpu = process.cpuUsage();
    const turns = monitorEventLoopDelay({ resolution: 10 });
    turns.enable();
    await sleep(600);
    turns.disable();
    const { user, system } = process.cpuUsage(cpu);
    expect((user + system) / 1000).toBeLessThan(200);
    expect(near.errors).toEqual(['ENETDOWN']);
    expect(near.wire.stats()).toMatchObject({ framesSent: 0, sendErrors: 1 });

    await pair.ip(`link set ${pair.near} up`);
    await until('the link', () => near.wire.send(arpProbe(2), 42).sent === 1);
    await until('a frame over it', () => far.frames.length > 0);
    send(far, arpProbe(3));
    await until('a frame back', () => near.frames.length > 0);
    expect([near.errors, far.errors]).toEqual([['ENETDOWN'], []]);
  });

  it('opens on a link that is down, says so, and works when it is up', async () => {
    await pair.ip(`link set ${pair.near} down`);
    const { near, far } = bothEnds();
    await until('the report', () => near.errors.length > 0);
    expect(near.errors).toEqual(['ENETDOWN']);
    await pair.ip(`link set ${pair.near} up`);
    await until('the link', () => far.wire.send(arpProbe(2), 42).sent === 1);
    await until('a frame over it', () => near.frames.length > 0);
  });

  it('reports an interface that is deleted, and survives it', async () => {
    const { near, far } = bothEnds();
    await pair.remove();
    await until('the reports', () => near.errors.includes('ENODEV') && far.errors.includes('ENODEV'));
    expect(near.wire.send(arpProbe(1), 42)).toEqual({ sent: 0, errorCode: 'ENXIO' });
    near.wire.drain();
    expect(near.wire.stats()).toMatchObject({ framesSent: 0, sendErrors: 1 });
    const cpu = process.cpuUsage();
    await sleep(300);
    const { user, system } = process.cpuUsage(cpu);
    expect((user + system) / 1000).toBeLessThan(100);
    near.wire.close();
    pair = await vethPair();
    const again = bothEnds();
    send(again.near, arpProbe(5));
    await until('a frame over the new pair', () => again.far.frames.length === 1);
  });
});

describe('opening', () => {
  const handlers = { onFrame: () => {}, onError: () => {} };

  it('names the interfaces that exist', () => {
    expect(() => openPacketWire('nosuch0', handlers)).toThrow(
      expect.objectContaining({ code: 'no-such-interface', exitCode: 2, hint: expect.stringContaining(pair.near) }),
    );
    expect(() => openPacketWire('a-name-that-is-too-long', handlers)).toThrow(
      expect.objectContaining({ code: 'no-such-interface' }),
    );
    expect(() => openPacketWire('', handlers)).toThrow(expect.objectContaining({ code: 'no-such-interface' }));
  });

  it('refuses an interface without Ethernet frames', async () => {
    await pair.ip('tuntap add dev tun9 mode tun');
    try {
      expect(() => openPacketWire('tun9', handlers)).toThrow(expect.objectContaining({ code: 'not-ethernet' }));
    } finally {
      await pair.ip('link del tun9');
    }
  });

  it('says in one sentence what it lacks without CAP_NET_RAW', async () => {
    const module = fileURLToPath(new URL('../../src/link/packet-wire.ts', import.meta.url));
    const program = `
      const { openPacketWire } = await import(${JSON.stringify(module)});
      try { openPacketWire(${JSON.stringify(pair.near)}, { onFrame() {}, onError() {} }).close(); console.log('{}'); }
      catch ({ code, exitCode, message, hint }) { console.log(JSON.stringify({ code, exitCode, message, hint })); }`;
    const node = [process.execPath, '--input-type=module', '-e', program];
    const said = await run(['setpriv', '--bounding-set=-all', '--inh-caps=-all', ...node]);
    expect(JSON.parse(said)).toEqual({
      code: 'not-permitted',
      exitCode: 4,
      message: `Freehold may not send and receive ARP on ${pair.near}: the process lacks CAP_NET_RAW`,
      hint: `Run it as root or through its systemd unit, or give the runtime the right: setcap cap_net_raw+ep ${process.execPath}`,
    });
    expect(JSON.parse(await run(node))).toEqual({});
  });
});
