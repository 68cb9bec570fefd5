/**
 * The wire as the rest of Freehold sees it: ports of a few methods each, so that a test can drive a loop without a socket.
 * packet-wire.ts, icmp-wire.ts, interfaces.ts and neighbours.ts are the real ones.
 */
import type { Cidr } from '../core/address/cidr.ts';
import type { Ipv4 } from '../core/address/ipv4.ts';
import type { Mac } from '../core/address/mac.ts';

/** A received frame. `bytes` is only valid during the call: it is a view of the kernel's ring. */
export interface ReceivedFrame {
  readonly bytes: Uint8Array;
  /** Epoch ms with a fraction: the kernel's stamp. */
  readonly atMs: number;
  /** The 802.1Q tag that the kernel took off the frame, if any. */
  readonly vlanId: number | null;
}

export interface SendOutcome {
  /** The first `sent` frames left; the others did not. */
  readonly sent: number;
  /** Why the rest did not: an errno name (`ENOBUFS`, `ENETDOWN`, ...); null when all left. */
  readonly errorCode: string | null;
}

export interface WireStats {
  /** Since the wire was opened. */
  readonly framesReceived: number;
  /** Frames that were lost on the way from the kernel to here; a block of the ring that could not be read counts as one. */
  readonly kernelDrops: number;
  readonly framesSent: number;
  readonly sendErrors: number;
}

/** Layer 2 of one interface. */
export interface PacketWire {
  readonly interfaceName: string;
  readonly interfaceIndex: number;
  /**
   * Hands `frames` (whole Ethernet frames, all of `frameLength` bytes, back to back in one buffer) to the kernel.
   * Never blocks; never retries.
   */
  send(frames: Uint8Array, frameLength: number): SendOutcome;
  /** Reads what lies in the ring right now, without waiting for the next wake-up. */
  drain(): void;
  stats(): WireStats;
  /** Idempotent. */
  close(): void;
}

export interface PacketWireHandlers {
  readonly onFrame: (frame: ReceivedFrame) => void;
  /**
   * The socket reported an error (`ENETDOWN`, ...), or frames may have been lost unseen (`EBADMSG`: a block of the ring could not be
   * read): an errno name. The wire stays open; the owner decides.
   */
  readonly onError: (errorCode: string) => void;
  /** `onFrame` threw; the frames after it are delivered all the same. Without this the error becomes an uncaught exception. */
  readonly onHandlerError?: (error: unknown) => void;
}

export interface InterfaceAddress {
  readonly address: Ipv4;
  readonly network: Cidr;
}

export interface InterfaceFacts {
  readonly name: string;
  readonly index: number;
  readonly mac: Mac;
  readonly mtu: number;
  /** IFF_UP: an admin wants it up. */
  readonly adminUp: boolean;
  /** Carrier and operational state allow frames (IFF_RUNNING / operstate). */
  readonly running: boolean;
  readonly loopback: boolean;
  readonly addresses: readonly InterfaceAddress[];
  /** Next hops of default routes through this interface. */
  readonly gateways: readonly Ipv4[];
}

/** Live view of the machine's interfaces. */
export interface InterfaceWatch {
  /** The newest facts; undefined while no such interface exists. */
  get(name: string): InterfaceFacts | undefined;
  list(): readonly InterfaceFacts[];
  /** Called after any change of any interface; returns the way to stop. */
  onChange(listener: () => void): () => void;
  close(): void;
}

/** ICMP echo through raw-socket. */
export interface IcmpWire {
  /** Resolves true once the kernel took the packet; false (with no throw) where it did not. */
  sendEcho(address: Ipv4, sequence: number): Promise<boolean>;
  close(): void;
}

export interface IcmpWireHandlers {
  /** An echo reply to one of our own requests: identifier and payload match. */
  readonly onReply: (address: Ipv4, sequence: number, atMs: number) => void;
  readonly onError: (error: Error) => void;
}

export interface Neighbour {
  readonly interfaceName: string;
  readonly address: Ipv4;
  readonly mac: Mac;
}
