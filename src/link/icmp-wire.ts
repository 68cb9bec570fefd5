/**
 * ICMP echo on a raw socket: asks, and tells which of our own requests were answered. Anything else that arrives, and replies
 * that were forged or meant for others, it does not see. It paces nothing and keeps no list of what was asked.
 */
import { createHmac, randomBytes, randomInt } from 'node:crypto';
import { formatIpv4, type Ipv4, writeIpv4 } from '../core/address/ipv4.ts';
import { decodeIcmp, encodeIcmp } from '../core/codec/icmp.ts';
import { decodeIpv4, PROTOCOL_ICMP } from '../core/codec/ipv4.ts';
import { FreeholdError } from '../core/error.ts';
import { notPermitted } from './not-permitted.ts';
import { loadRawSocket, type RawSocket, type RawSocketPackage } from './raw-socket.ts';
import type { IcmpWire, IcmpWireHandlers } from './types.ts';

/** Requests that wait for the kernel at most; one more is refused. */
const MAX_PENDING = 256;
const RECEIVE_BUFFER = 1024 * 1024;
const MAGIC = Uint8Array.from([0x46, 0x52, 0x48, 0x44]); // "FRHD"
const TAG_LENGTH = 8;

const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const SOL_RAW = 255;
const ICMP_FILTER = 1;
/** One bit per type to be kept away: all but echo reply. */
const ALL_BUT_ECHO_REPLY = 0xfffffffe;

/** The package lets the collector close a socket that nobody else holds, even one that somebody waits for. */
const openSockets = new Set<RawSocket>();

/**
 * @returns null where the optional package is not installed or not built: ICMP is then not available
 * @throws FreeholdError `not-permitted` or `icmp-socket-failed`
 */
export async function openIcmpWire(handlers: IcmpWireHandlers): Promise<IcmpWire | null> {
  const raw = loadRawSocket();
  if (raw === null) return null;
  return icmpWire(openSocket(raw), handlers);
}

function openSocket(raw: RawSocketPackage): RawSocket {
  let socket: RawSocket;
  try {
    socket = raw.createSocket({ protocol: PROTOCOL_ICMP });
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause);
    if (/not permitted|permission denied/i.test(text)) {
      throw notPermitted('Freehold may not send and receive ICMP: the process lacks CAP_NET_RAW');
    }
    throw new FreeholdError('icmp-socket-failed', `A raw ICMP socket cannot be opened (${text})`, { cause });
  }
  // Refinements: without them more is received, and thrown away here.
  for (const [level, option, value] of [
    [SOL_RAW, ICMP_FILTER, ALL_BUT_ECHO_REPLY],
    [SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER],
  ] as const) {
    try {
      socket.setOption(level, option, Buffer.from(Uint32Array.of(value).buffer), 4);
    } catch {
      // As said above.
    }
  }
  return socket;
}

function icmpWire(socket: RawSocket, handlers: IcmpWireHandlers): IcmpWire {
  const identifier = randomInt(0x10000);
  const key = randomBytes(16);
  const pending = new Set<(taken: boolean) => void>();
  let open = true;
  openSockets.add(socket);

  /** Ties a reply to the address and the sequence that were asked, so that nobody can answer for another. */
  const payloadFor = (address: Ipv4, sequence: number): Uint8Array => {
    const asked = new Uint8Array(6);
    writeIpv4(asked, 0, address);
    new DataView(asked.buffer).setUint16(4, sequence);
    const tag = createHmac('sha256', key).update(asked).digest().subarray(0, TAG_LENGTH);
    return Uint8Array.from([...MAGIC, ...tag]);
  };

  const shut = (): void => {
    open = false;
    openSockets.delete(socket);
    for (const settle of [...pending]) settle(false);
  };

  // The package calls back outside of Node's own scope, where promises would not go on and an exception would be lost: all
  // that others do in answer happens in the same turn, right after. Its buffer is used again for the next packet.
  socket.on('message', (packet) => {
    const reply = replyOf(packet);
    if (reply === null || reply.identifier !== identifier) return;
    if (!sameBytes(reply.payload, payloadFor(reply.address, reply.sequence))) return;
    const atMs = Date.now();
    setImmediate(() => {
      if (open) handlers.onReply(reply.address, reply.sequence, atMs);
    });
  });
  socket.on('error', (error) => {
    // A packet whose checksum is wrong wakes the socket, and is not there when it is read.
    if (/temporarily unavailable/i.test(error.message)) return;
    setImmediate(() => {
      if (open) handlers.onError(error);
    });
  });
  // The package closes the socket itself after some errors.
  socket.on('close', () => setImmediate(shut));

  return {
    sendEcho(address, sequence) {
      if (!open || pending.size >= MAX_PENDING) return Promise.resolve(false);
      const payload = payloadFor(address, sequence & 0xffff);
      const packet = encodeIcmp({ kind: 'echo-request', identifier, sequence: sequence & 0xffff, payload });
      return new Promise((resolve) => {
        const settle = (taken: boolean): void => {
          if (pending.delete(settle)) resolve(taken);
        };
        pending.add(settle);
        socket.send(Buffer.from(packet.buffer), 0, packet.length, formatIpv4(address), (error) => {
          setImmediate(settle, error === null);
        });
      });
    },
    close() {
      if (!open) return;
      shut();
      socket.close();
    },
  };
}

interface EchoReply {
  readonly address: Ipv4;
  readonly identifier: number;
  readonly sequence: number;
  readonly payload: Uint8Array;
}

function replyOf(packet: Uint8Array): EchoReply | null {
  const ip = decodeIpv4(packet);
  if (!ip.ok || ip.value.protocol !== PROTOCOL_ICMP) return null;
  const icmp = decodeIcmp(ip.value.payload);
  if (!icmp.ok || icmp.value.kind !== 'echo-reply') return null;
  const { identifier, sequence, payload } = icmp.value;
  return { address: ip.value.source, identifier, sequence, payload };
}

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, index) => byte === b[index]);
