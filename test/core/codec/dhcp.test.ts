import { describe, expect, it } from 'vitest';
import { DHCP_MESSAGE_TYPES, type DhcpMessage, decodeDhcp, encodeDhcp } from '../../../src/core/codec/dhcp.ts';
import { decodeEthernet } from '../../../src/core/codec/ethernet.ts';
import { decodeIpv4 } from '../../../src/core/codec/ipv4.ts';
import type { DecodeReason } from '../../../src/core/codec/reason.ts';
import { decodeUdp } from '../../../src/core/codec/udp.ts';
import { concat, hex, patched, unwrap, zeros } from './build.ts';
import { DHCP_ACK, DHCP_DISCOVER, DHCP_OFFER, DHCP_REQUEST } from './wire-frames.ts';

/** Through all layers, as a frame comes in. */
const bytesOf = (frame: Uint8Array): Uint8Array =>
  unwrap(decodeUdp(unwrap(decodeIpv4(unwrap(decodeEthernet(frame)).payload)).payload)).payload;

const DISCOVER = bytesOf(DHCP_DISCOVER);
const OFFER = bytesOf(DHCP_OFFER);
const REQUEST = bytesOf(DHCP_REQUEST);
const ACK = bytesOf(DHCP_ACK);

/** A message with these options instead of its own. */
const withOptions = (message: Uint8Array, ...options: string[]): Uint8Array => concat(message.subarray(0, 240), hex(...options));

const FROM_CLIENT: DhcpMessage = {
  messageType: 'discover',
  hops: 0,
  transactionId: 0x81b0421f,
  elapsedSeconds: 0,
  broadcast: false,
  clientAddress: 0 as DhcpMessage['clientAddress'],
  yourAddress: 0 as DhcpMessage['yourAddress'],
  nextServerAddress: 0 as DhcpMessage['nextServerAddress'],
  relayAddress: 0 as DhcpMessage['relayAddress'],
  clientMac: '52:54:00:12:34:56' as DhcpMessage['clientMac'],
  requestedAddress: null,
  serverId: null,
  leaseSeconds: null,
  renewalSeconds: null,
  rebindingSeconds: null,
  hostname: 'lamp',
  clientId: hex('01 525400123456'),
  subnetMask: null,
  routers: [],
};

const FROM_SERVER = {
  ...FROM_CLIENT,
  yourAddress: 0xc000026c,
  nextServerAddress: 0xc0000201,
  serverId: 0xc0000201,
  leaseSeconds: 3600,
  renewalSeconds: 1800,
  rebindingSeconds: 3150,
  clientId: null,
  subnetMask: 0xffffff00,
  routers: [0xc0000201],
};

describe('decodeDhcp', () => {
  it.each<[string, Uint8Array, object]>([
    ['DISCOVER', DISCOVER, FROM_CLIENT],
    ['OFFER', OFFER, { ...FROM_SERVER, messageType: 'offer', hostname: null }],
    [
      'REQUEST',
      REQUEST,
      { ...FROM_CLIENT, messageType: 'request', elapsedSeconds: 3, requestedAddress: 0xc000026c, serverId: 0xc0000201 },
    ],
    ['ACK', ACK, { ...FROM_SERVER, messageType: 'ack', elapsedSeconds: 3 }],
  ])('reads a captured %s', (_, bytes, value) => {
    expect(decodeDhcp(bytes)).toEqual({ ok: true, value });
  });

  it.each(DHCP_MESSAGE_TYPES.map((type, index) => [type, index + 1] as const))('reads type %s as number %d', (type, number) => {
    const op = ['offer', 'ack', 'nak'].includes(type) ? 2 : 1;
    const bytes = withOptions(patched(DISCOVER, 0, op), '3501', number.toString(16).padStart(2, '0'), 'ff');
    expect(unwrap(decodeDhcp(bytes)).messageType).toBe(type);
    expect(encodeDhcp({ ...FROM_CLIENT, messageType: type }).subarray(0, 1)).toEqual(Uint8Array.of(op));
  });

  it('reads the addresses of a renewal through a relay, and the broadcast flag', () => {
    let bytes = patched(REQUEST, 3, 2); // hops
    bytes = patched(bytes, 10, 0x80, 0x00);
    bytes = patched(bytes, 12, 192, 0, 2, 50); // ciaddr
    bytes = patched(bytes, 24, 198, 51, 100, 1); // giaddr
    expect(unwrap(decodeDhcp(bytes))).toMatchObject({
      hops: 2,
      broadcast: true,
      clientAddress: 0xc0000232,
      relayAddress: 0xc6336401,
    });
    // The other flag bits must be zero, and are ignored (RFC 2131 section 2).
    expect(unwrap(decodeDhcp(patched(REQUEST, 10, 0x7f, 0xff))).broadcast).toBe(false);
  });

  it('reads options that overflow into file and sname', () => {
    const bytes = withOptions(REQUEST, '350103', '340103', 'ff', zeros(20));
    bytes.set(hex('3204 c0000263', '0c02 6c61', 'ff'), 108); // file
    bytes.set(hex('0c02 6d70', '3604 c0000201', 'ff'), 44); // sname
    expect(unwrap(decodeDhcp(bytes))).toMatchObject({
      messageType: 'request',
      requestedAddress: 0xc0000263,
      serverId: 0xc0000201,
      hostname: 'lamp',
    });
  });

  it('takes an infinite lease for what it is, and never for a negative one', () => {
    const bytes = withOptions(ACK, '350105', '3304 ffffffff', '3a04 80000000', 'ff');
    expect(unwrap(decodeDhcp(bytes))).toMatchObject({ leaseSeconds: 0xffffffff, renewalSeconds: 0x80000000 });
  });

  it('makes a hostile host name harmless', () => {
    const bytes = withOptions(DISCOVER, '350101', '0c08 1b5b324a0a6f6b00', 'ff');
    expect(unwrap(decodeDhcp(bytes)).hostname).toBe('?[2J?ok');
  });

  it('takes an empty host name or client id for none', () => {
    expect(unwrap(decodeDhcp(withOptions(DISCOVER, '350101 0c00 3d00 ff')))).toMatchObject({ hostname: null, clientId: null });
  });

  it('keeps all routers in their order, up to one option full', () => {
    const two = withOptions(ACK, '350105', '0308 c0000201 c00002fe', 'ff');
    expect(unwrap(decodeDhcp(two)).routers).toEqual([0xc0000201, 0xc00002fe]);
    const many = withOptions(ACK, '350105', `03fc ${'c0000201'.repeat(63)}`, '0308 c00002fe c00002fe', 'ff');
    expect(unwrap(decodeDhcp(many)).routers).toEqual(Array(63).fill(0xc0000201));
  });

  it.each<[string, Uint8Array, DecodeReason]>([
    ['nothing', hex(), 'dhcp-too-short'],
    ['239 bytes', DISCOVER.subarray(0, 239), 'dhcp-too-short'],
    ['op 0', patched(DISCOVER, 0, 0), 'dhcp-unknown-op'],
    ['op 3', patched(DISCOVER, 0, 3), 'dhcp-unknown-op'],
    ['another cookie', patched(DISCOVER, 239, 0x64), 'dhcp-bad-magic-cookie'],
    ['token ring', patched(DISCOVER, 1, 6), 'dhcp-not-ethernet'],
    ['a hardware address of 16 bytes', patched(DISCOVER, 2, 16), 'dhcp-not-ethernet'],
    ['a hardware address of no bytes', patched(DISCOVER, 2, 0), 'dhcp-not-ethernet'],
    ['no options at all', DISCOVER.subarray(0, 240), 'dhcp-no-end-option'],
    ['options cut in a value', withOptions(REQUEST, '350103 3204 c000'), 'dhcp-truncated-option'],
    ['a bad overload', withOptions(REQUEST, '350103 340104 ff'), 'dhcp-bad-overload'],
    ['plain BOOTP', withOptions(REQUEST, 'ff'), 'dhcp-no-message-type'],
    ['message type 0', withOptions(REQUEST, '350100 ff'), 'dhcp-unknown-message-type'],
    ['message type 9 (FORCERENEW)', withOptions(REQUEST, '350109 ff'), 'dhcp-unknown-message-type'],
    ['message type 255', withOptions(REQUEST, '3501ff ff'), 'dhcp-unknown-message-type'],
    ['an OFFER from a client', withOptions(REQUEST, '350102 ff'), 'dhcp-op-mismatch'],
    ['a REQUEST from a server', withOptions(OFFER, '350103 ff'), 'dhcp-op-mismatch'],
    ['an empty message type', withOptions(REQUEST, '3500 ff'), 'dhcp-bad-option-length'],
    ['two message types', withOptions(REQUEST, '350103 350103 ff'), 'dhcp-bad-option-length'],
    ['a requested address of 3 bytes', withOptions(REQUEST, '350103 3203c00002 ff'), 'dhcp-bad-option-length'],
    ['a lease of 5 bytes', withOptions(REQUEST, '350103 33050000000e10 ff'), 'dhcp-bad-option-length'],
    ['an empty server id', withOptions(REQUEST, '350103 3600 ff'), 'dhcp-bad-option-length'],
    ['a T1 of 2 bytes', withOptions(REQUEST, '350103 3a020708 ff'), 'dhcp-bad-option-length'],
    ['a T2 of 8 bytes', withOptions(REQUEST, '350103 3b080000000000000c4e ff'), 'dhcp-bad-option-length'],
    ['a mask of 1 byte', withOptions(REQUEST, '350103 010118 ff'), 'dhcp-bad-option-length'],
    ['no router in the router option', withOptions(REQUEST, '350103 0300 ff'), 'dhcp-bad-option-length'],
    ['a router and a half', withOptions(REQUEST, '350103 0306c00002010102 ff'), 'dhcp-bad-option-length'],
  ])('refuses %s', (_, bytes, reason) => {
    expect(decodeDhcp(bytes)).toEqual({ ok: false, error: reason });
  });
});

describe('encodeDhcp', () => {
  it('writes the fixed part as the captured clients and servers do', () => {
    for (const bytes of [DISCOVER, OFFER, REQUEST, ACK]) {
      const encoded = encodeDhcp(unwrap(decodeDhcp(bytes)));
      // Up to the message type, which stands first here and there.
      expect(encoded.subarray(0, 243)).toEqual(bytes.subarray(0, 243));
      expect(encoded).toHaveLength(300);
      expect(decodeDhcp(encoded)).toEqual(decodeDhcp(bytes));
    }
  });
});
