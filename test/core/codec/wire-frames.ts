/**
 * Whole frames as they were captured on a veth pair between dnsmasq, busybox udhcpc and two Linux kernels, on documentation
 * addresses, field by field. Made by others: so they check the decoders against the world, and not against our encoders.
 */
import { hex, zeros } from './build.ts';

/** The client asks for the server's MAC, in a frame of 42 bytes without padding, as virtual links carry it. */
export const ARP_REQUEST = hex(
  'ffffffffffff', // to everybody
  '525400123456', // from the client
  '0806', // ARP
  '0001', // Ethernet
  '0800', // IPv4
  '06 04', // lengths of their addresses
  '0001', // request
  '525400123456 c0000232', // sender: 192.0.2.50
  '000000000000 c0000201', // target: 192.0.2.1
);

export const ARP_REPLY = hex(
  '525400123456', // to the client
  '525400000001', // from the server
  '0806',
  '0001 0800 06 04',
  '0002', // reply
  '525400000001 c0000201', // sender: 192.0.2.1
  '525400123456 c0000232', // target: 192.0.2.50
);

/** The BOOTP fields that are empty in all four messages: sname and file. */
const NO_NAMES = zeros(64 + 128);
const COOKIE = '63825363';
const CLIENT_CHADDR = `525400123456${zeros(10)}`;
/** Parameter list (55), host name (12) "lamp", vendor class (60) "udhcp 1.35.0", client id (61). */
const CLIENT_OPTIONS = ['3707 0103060c0f1c2a', '0c04 6c616d70', '3c0c 756468637020312e33352e30', '3d07 01525400123456'];
/** Lease 3600 s (51), T1 1800 s (58), T2 3150 s (59), mask (1), broadcast address (28), router (3). */
const SERVER_OPTIONS = [
  '3604 c0000201',
  '3304 00000e10',
  '3a04 00000708',
  '3b04 00000c4e',
  '0104 ffffff00',
  '1c04 c00002ff',
  '0304 c0000201',
];
const FROM_CLIENT = ['ffffffffffff', '525400123456', '0800'];
const FROM_SERVER = ['525400123456', '525400000001', '0800'];

export const DHCP_DISCOVER = hex(
  ...FROM_CLIENT,
  '45 00 0148 0000 0000 40 11 79a6', // IPv4, 328 bytes, UDP
  '00000000 ffffffff',
  '0044 0043 0134 4bee', // UDP 68 to 67, 308 bytes; udhcpc fills the checksum in itself
  '01 01 06 00', // BOOTREQUEST, Ethernet, 6, no hops
  '81b0421f', // transaction
  '0000 0000', // seconds, flags
  '00000000 00000000 00000000 00000000', // ciaddr, yiaddr, siaddr, giaddr
  CLIENT_CHADDR,
  NO_NAMES,
  COOKIE,
  '3501 01', // DISCOVER
  '3902 0240', // maximum message size
  ...CLIENT_OPTIONS,
  'ff',
  zeros(14),
);

export const DHCP_OFFER = hex(
  ...FROM_SERVER,
  '45 c0 0148 56dc 0000 40 11 9d9b',
  'c0000201 c000026c',
  '0043 0044 0134 85b3', // the checksum is the sum of the pseudo header only: left to the network card
  '02 01 06 00',
  '81b0421f',
  '0000 0000',
  '00000000 c000026c c0000201 00000000', // yiaddr 192.0.2.108, siaddr 192.0.2.1
  CLIENT_CHADDR,
  NO_NAMES,
  COOKIE,
  '3501 02', // OFFER
  ...SERVER_OPTIONS,
  'ff',
  zeros(14),
);

export const DHCP_REQUEST = hex(
  ...FROM_CLIENT,
  '45 00 0148 0000 0000 40 11 79a6',
  '00000000 ffffffff',
  '0044 0043 0134 d2fe',
  '01 01 06 00',
  '81b0421f',
  '0003 0000', // 3 seconds
  '00000000 00000000 00000000 00000000',
  CLIENT_CHADDR,
  NO_NAMES,
  COOKIE,
  '3501 03', // REQUEST
  '3204 c000026c', // requested address 192.0.2.108
  '3604 c0000201', // server id 192.0.2.1
  '3902 0240',
  ...CLIENT_OPTIONS,
  'ff',
  zeros(2),
);

export const DHCP_ACK = hex(
  ...FROM_SERVER,
  '45 c0 0148 56e4 0000 40 11 9d93',
  'c0000201 c000026c',
  '0043 0044 0134 85b3',
  '02 01 06 00',
  '81b0421f',
  '0003 0000',
  '00000000 c000026c c0000201 00000000',
  CLIENT_CHADDR,
  NO_NAMES,
  COOKIE,
  '3501 05', // ACK
  ...SERVER_OPTIONS,
  '0c04 6c616d70', // host name
  'ff',
  zeros(8),
);

const PING_PAYLOAD = `bf20046b00000000f896000000000000${Array.from({ length: 40 }, (_, i) => (i + 16).toString(16)).join('')}`;

export const ICMP_ECHO_REQUEST = hex(
  '525400000001 525400123456 0800',
  '45 00 0054 9183 4000 40 01 24f2', // do not fragment
  'c0000232 c0000201',
  '08 00 7cf7',
  '0012 0001', // identifier 18, sequence 1
  PING_PAYLOAD,
);

export const ICMP_ECHO_REPLY = hex(
  '525400123456 525400000001 0800',
  '45 00 0054 d7d9 0000 40 01 1e9c',
  'c0000201 c0000232',
  '00 00 84f7',
  '0012 0001',
  PING_PAYLOAD,
);

export const UDP_HELLO = hex(
  '525400000001 525400123456 0800',
  '45 00 002b 34be 4000 40 11 81d0',
  'c0000232 c0000201',
  '8458 0009 0017 845c', // 33880 to 9; the checksum is again left to the network card
  '68656c6c6f2c2066726565686f6c64', // hello, freehold
);

/** What the kernel said to UDP_HELLO: the quote is longer than the 8 bytes that RFC 792 asks for. */
export const ICMP_PORT_UNREACHABLE = hex(
  '525400123456 525400000001 0800',
  '45 c0 0047 d7eb 0000 40 01 1dd7',
  'c0000201 c0000232',
  '03 03 e488 00000000', // port unreachable
  '45 00 002b 34be 4000 40 11 81d0 c0000232 c0000201',
  '8458 0009 0017 845c',
  '68656c6c6f2c2066726565686f6c64',
);
