import { describe, expect, it } from 'vitest';
import { EXIT, FreeholdError } from '../../src/core/error.ts';
import type { PacketWire, PacketWireHandlers } from '../../src/link/types.ts';
import { DeferredWires } from '../../src/watch/deferred-wires.ts';

const HANDLERS: PacketWireHandlers = { onFrame: () => undefined, onError: () => undefined };
const FRAME = new Uint8Array(42);

function scene() {
  const opened: string[] = [];
  const closed: string[] = [];
  const refused = new Set<string>();
  const real = (name: string): PacketWire => ({
    interfaceName: name,
    interfaceIndex: 7,
    send: () => ({ sent: 1, errorCode: null }),
    drain: () => undefined,
    stats: () => ({ framesReceived: 5, kernelDrops: 1, framesSent: 2, sendErrors: 0 }),
    close: () => void closed.push(name),
  });
  const wires = new DeferredWires((name) => {
    if (refused.has(name)) throw new FreeholdError('not-permitted', 'no', { exitCode: EXIT.notPermitted });
    opened.push(name);
    return real(name);
  });
  return { wires, opened, closed, refused };
}

describe('a deferred wire', () => {
  it('is not opened, sends nothing and hears nothing until it is asked for', () => {
    const { wires, opened } = scene();
    const wire = wires.open('lan0', HANDLERS);
    expect(wire.send(FRAME, 42)).toEqual({ sent: 0, errorCode: 'ENOTCONN' });
    wire.drain();
    expect(wire.stats()).toEqual({ framesReceived: 0, kernelDrops: 0, framesSent: 0, sendErrors: 0 });
    expect(opened).toEqual([]);
    wires.begin();
    expect(opened).toEqual(['lan0']);
    expect(wire.send(FRAME, 42)).toEqual({ sent: 1, errorCode: null });
    expect([wire.stats().framesReceived, wire.interfaceName, wire.interfaceIndex]).toEqual([5, 'lan0', 7]);
  });

  it('is opened once, and at once when the others are', () => {
    const { wires, opened } = scene();
    wires.open('lan0', HANDLERS);
    wires.begin();
    wires.begin();
    wires.open('lan1', HANDLERS);
    expect(opened).toEqual(['lan0', 'lan1']);
  });

  it('that was closed before is not opened any more', () => {
    const { wires, opened, closed } = scene();
    wires.open('lan0', HANDLERS).close();
    const other = wires.open('lan1', HANDLERS);
    wires.begin();
    other.close();
    expect([opened, closed]).toEqual([['lan1'], ['lan1']]);
  });

  it('that is refused says so, and is tried again', () => {
    const { wires, opened, refused } = scene();
    refused.add('lan1');
    wires.open('lan0', HANDLERS);
    const wire = wires.open('lan1', HANDLERS);
    expect(() => wires.begin()).toThrow(expect.objectContaining({ code: 'not-permitted' }));
    expect(wire.send(FRAME, 42).sent).toBe(0);
    refused.clear();
    wires.begin();
    expect(opened).toEqual(['lan0', 'lan1']);
    expect(wire.send(FRAME, 42).sent).toBe(1);
  });
});
