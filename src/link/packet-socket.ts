/**
 * Opens the AF_PACKET socket of one interface: filter, receive ring and binding, in the order in which nothing unfiltered
 * can slip in. Knows the options and their layouts; reading and sending are packet-ring.ts and frame-sender.ts.
 *
 * The interface is not made promiscuous: requests of others are broadcast, and answers to our probes come to our own MAC.
 */
import { EXIT, FreeholdError } from '../core/error.ts';
import { err, ok, type Result } from '../core/result.ts';
import { encodeFilter, FILTER } from './bpf.ts';
import { interfaceNames } from './interfaces.ts';
import type { Libc, Mapping } from './libc.ts';
import { notPermitted } from './not-permitted.ts';
import type { RingShape } from './packet-ring.ts';

const AF_PACKET = 17;
/** SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC */
const RAW_NONBLOCK_CLOEXEC = 3 | 0o4000 | 0o2000000;
const ETH_P_ALL = 0x0003;
const ARPHRD_ETHER = 1;
const ARPHRD_LOOPBACK = 772;
const SOCKADDR_LL_LENGTH = 20;

const SOL_SOCKET = 1;
const SO_SNDBUF = 7;
const SO_ATTACH_FILTER = 26;
const SOL_PACKET = 263;
const PACKET_RX_RING = 5;
const PACKET_STATISTICS = 6;
const PACKET_VERSION = 10;
const PACKET_QDISC_BYPASS = 20;
const PACKET_IGNORE_OUTGOING = 23;
const TPACKET_V3 = 2;

/** Only bounds how the kernel checks the ring; frames of a version 3 ring take what they need. */
const RING_FRAME_SIZE = 2048;
/** Kept for good: the kernel follows its address. */
const PROGRAM = encodeFilter(FILTER);
/** Room for what a driver has not sent yet: some thousand ARP frames. */
const SEND_BUFFER = 4 * 1024 * 1024;

export interface PacketSocketOptions extends RingShape {
  /** How long the kernel may hold a block that is not full, ms. */
  readonly blockTimeoutMs: number;
}

export interface PacketSocket {
  readonly fd: number;
  readonly interfaceIndex: number;
  readonly ring: Mapping;
}

/** @throws FreeholdError `not-permitted`, `no-such-interface`, `not-ethernet` or `packet-socket-failed` */
export function openPacketSocket(libc: Libc, interfaceName: string, options: PacketSocketOptions): PacketSocket {
  const interfaceIndex = libc.interfaceIndex(interfaceName);
  if (interfaceIndex === 0) throw noSuchInterface(interfaceName);
  // Protocol 0: receives nothing until it is bound, and by then the filter is in place.
  const fd = libc.socket(AF_PACKET, RAW_NONBLOCK_CLOEXEC, 0);
  if (fd < 0) throw refusedSocket(interfaceName, libc.errno());
  let ring: Mapping | null = null;
  try {
    attachFilter(libc, fd);
    must(libc, 'the ring version', libc.setsockopt(fd, SOL_PACKET, PACKET_VERSION, u32(TPACKET_V3)));
    // Both are refinements that an old kernel (before 4.20 and 3.14) does without; see packet-ring.ts for our own frames.
    libc.setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, u32(1));
    libc.setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, u32(1));
    libc.setsockopt(fd, SOL_SOCKET, SO_SNDBUF, u32(SEND_BUFFER));
    must(libc, 'the receive ring', libc.setsockopt(fd, SOL_PACKET, PACKET_RX_RING, ringRequest(options)));
    ring = libc.map(fd, options.blockSize * options.blockCount);
    if (ring === null) throw failed('the memory of the receive ring', libc.errno());
    bindTo(libc, fd, interfaceName, interfaceIndex);
    return { fd, interfaceIndex, ring };
  } catch (error) {
    ring?.unmap();
    libc.close(fd);
    throw error;
  }
}

/** Frames that the kernel dropped because the ring was full, since the last call; or the errno name why that cannot be told. */
export function takeKernelDrops(libc: Libc, fd: number): Result<number> {
  const value = new Uint8Array(12);
  if (libc.getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, value) < 0) return err(libc.errno());
  return ok(new DataView(value.buffer).getUint32(4, true));
}

function attachFilter(libc: Libc, fd: number): void {
  // struct sock_fprog: length, padding, pointer
  const description = new Uint8Array(16);
  const view = new DataView(description.buffer);
  view.setUint16(0, FILTER.length, true);
  view.setBigUint64(8, libc.addressOf(PROGRAM.buffer), true);
  must(libc, 'the filter', libc.setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, description));
}

function bindTo(libc: Libc, fd: number, interfaceName: string, interfaceIndex: number): void {
  const address = new Uint8Array(SOCKADDR_LL_LENGTH);
  const view = new DataView(address.buffer);
  view.setUint16(0, AF_PACKET, true);
  view.setUint16(2, ETH_P_ALL, false);
  view.setInt32(4, interfaceIndex, true);
  if (libc.bind(fd, address) < 0) {
    const errorCode = libc.errno();
    throw errorCode === 'ENODEV' ? noSuchInterface(interfaceName) : failed(`binding to ${interfaceName}`, errorCode);
  }
  const bound = new Uint8Array(SOCKADDR_LL_LENGTH);
  must(libc, 'the interface type', libc.getsockname(fd, bound));
  const hardware = new DataView(bound.buffer).getUint16(8, true);
  if (hardware !== ARPHRD_ETHER && hardware !== ARPHRD_LOOPBACK) {
    throw new FreeholdError('not-ethernet', `${interfaceName} does not carry Ethernet frames, so there is no ARP on it`, {
      hint: 'Name an Ethernet, Wi-Fi, bridge, bond or VLAN interface, or let the segment be looked at by ICMP.',
      exitCode: EXIT.usage,
    });
  }
}

/** struct tpacket_req3 */
function ringRequest({ blockSize, blockCount, blockTimeoutMs }: PacketSocketOptions): Uint8Array {
  const frames = (blockSize / RING_FRAME_SIZE) * blockCount;
  return new Uint8Array(Uint32Array.of(blockSize, blockCount, RING_FRAME_SIZE, frames, blockTimeoutMs, 0, 0).buffer);
}

const u32 = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer);

function must(libc: Libc, what: string, result: number): void {
  if (result < 0) throw failed(what, libc.errno());
}

const failed = (what: string, errorCode: string): FreeholdError =>
  new FreeholdError('packet-socket-failed', `The packet socket cannot be set up: the kernel refused ${what} (${errorCode})`, {
    hint: 'Freehold needs Linux 4.20 or later, and about 10 MB of kernel memory for each segment.',
  });

function refusedSocket(interfaceName: string, errorCode: string): FreeholdError {
  if (errorCode !== 'EPERM' && errorCode !== 'EACCES') return failed('an AF_PACKET socket', errorCode);
  return notPermitted(`Freehold may not send and receive ARP on ${interfaceName}: the process lacks CAP_NET_RAW`);
}

function noSuchInterface(interfaceName: string): FreeholdError {
  return new FreeholdError('no-such-interface', `There is no network interface "${interfaceName}"`, {
    hint: `Interfaces here: ${interfaceNames().join(', ')}.`,
    exitCode: EXIT.usage,
  });
}
