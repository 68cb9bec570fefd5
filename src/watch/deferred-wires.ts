/**
 * Packet sockets that are opened only when they are asked for: until then a segment has its place on the network, and nothing is heard,
 * nothing can be sent, and no right to do so is needed.
 */
import type { PacketWire, PacketWireHandlers, SendOutcome, WireStats } from '../link/types.ts';

type OpenWire = (interfaceName: string, handlers: PacketWireHandlers) => PacketWire;

const NOTHING: WireStats = { framesReceived: 0, kernelDrops: 0, framesSent: 0, sendErrors: 0 };

export class DeferredWires {
  readonly #open: OpenWire;
  readonly #waiting = new Set<DeferredWire>();
  #begun = false;

  constructor(open: OpenWire) {
    this.#open = open;
  }

  /** Given to a Watch in place of the real thing. */
  readonly open: OpenWire = (interfaceName, handlers) => {
    if (this.#begun) return this.#open(interfaceName, handlers);
    const wire = new DeferredWire(
      interfaceName,
      () => this.#open(interfaceName, handlers),
      (closed) => this.#waiting.delete(closed),
    );
    this.#waiting.add(wire);
    return wire;
  };

  /**
   * Opens all that were asked for, and from now on each at once. Again is allowed: what failed is tried again.
   * @throws FreeholdError as the link says, `not-permitted` among others
   */
  begin(): void {
    for (const wire of this.#waiting) {
      wire.begin();
      this.#waiting.delete(wire);
    }
    this.#begun = true;
  }
}

class DeferredWire implements PacketWire {
  readonly interfaceName: string;
  readonly #open: () => PacketWire;
  readonly #onClose: (wire: DeferredWire) => void;
  #wire: PacketWire | null = null;

  constructor(interfaceName: string, open: () => PacketWire, onClose: (wire: DeferredWire) => void) {
    this.interfaceName = interfaceName;
    this.#open = open;
    this.#onClose = onClose;
  }

  get interfaceIndex(): number {
    return this.#wire?.interfaceIndex ?? 0;
  }

  begin(): void {
    this.#wire ??= this.#open();
  }

  send(frames: Uint8Array, frameLength: number): SendOutcome {
    return this.#wire?.send(frames, frameLength) ?? { sent: 0, errorCode: 'ENOTCONN' };
  }

  drain(): void {
    this.#wire?.drain();
  }

  stats(): WireStats {
    return this.#wire?.stats() ?? NOTHING;
  }

  close(): void {
    this.#onClose(this);
    this.#wire?.close();
  }
}
