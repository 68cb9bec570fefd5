/** The packet socket of one segment, open or not, and what all of its sockets so far have counted. Decides nothing. */
import type { PacketWire, PacketWireHandlers } from '../link/types.ts';

export class SegmentWire {
  readonly #open: (interfaceName: string, handlers: PacketWireHandlers) => PacketWire;
  #wire: PacketWire | null = null;
  /** Counters of sockets that were closed. */
  #closedFrames = 0;
  #closedDrops = 0;

  constructor(open: (interfaceName: string, handlers: PacketWireHandlers) => PacketWire) {
    this.#open = open;
  }

  get current(): PacketWire | null {
    return this.#wire;
  }

  /** Nothing where it is open already. @throws FreeholdError as the link says */
  open(interfaceName: string, handlers: PacketWireHandlers): void {
    this.#wire ??= this.#open(interfaceName, handlers);
  }

  counters(): { readonly framesReceived: number; readonly kernelDrops: number } {
    const stats = this.#wire?.stats();
    return {
      framesReceived: this.#closedFrames + (stats?.framesReceived ?? 0),
      kernelDrops: this.#closedDrops + (stats?.kernelDrops ?? 0),
    };
  }

  close(): void {
    if (this.#wire === null) return;
    const { framesReceived, kernelDrops } = this.counters();
    this.#closedFrames = framesReceived;
    this.#closedDrops = kernelDrops;
    this.#wire.close();
    this.#wire = null;
  }
}
