/**
 * Every named reason for which a frame is refused. A stable vocabulary: it labels counters and is shown to people. Names only;
 * the decoders decide which one applies.
 */

export const DECODE_REASONS = [
  'ethernet-too-short',
  /** More than two VLAN tags. */
  'ethernet-too-many-tags',
  /** An IEEE 802.3 length (below 0x0600) where the type should be, and no ARP behind it: spanning tree and the like. */
  'ethernet-length-not-type',
  /** Not ARP, asked of a decoder that reads nothing else. */
  'ethernet-not-arp',
  /** Neither ARP nor IPv4: said by the reader of frames, not by a decoder. */
  'ethernet-unknown-type',

  'arp-too-short',
  /** Hardware type (1 and 6 are ours), protocol type or address lengths other than Ethernet's and IPv4's. */
  'arp-not-ipv4-over-ethernet',
  /** Neither request nor reply (reverse and inverse ARP). */
  'arp-unknown-operation',

  'ipv4-too-short',
  'ipv4-not-version-4',
  'ipv4-bad-header-length',
  'ipv4-bad-total-length',
  /** The total length says more than was received. */
  'ipv4-truncated',
  'ipv4-bad-checksum',
  'ipv4-fragment',
  /** Said by the reader of frames, not by a decoder. */
  'ipv4-not-udp',

  'udp-too-short',
  'udp-bad-length',
  /** The length says more than was received. */
  'udp-truncated',
  'udp-bad-checksum',

  'icmp-too-short',
  'icmp-bad-checksum',
  'icmp-unknown-type',
  /** The quoted datagram is not an IPv4 header with the 8 bytes that follow it. */
  'icmp-bad-quote',

  'dhcp-too-short',
  /** Neither BOOTREQUEST nor BOOTREPLY. */
  'dhcp-unknown-op',
  'dhcp-not-ethernet',
  'dhcp-bad-magic-cookie',
  /** An option says that it is longer than the field that holds it. */
  'dhcp-truncated-option',
  'dhcp-no-end-option',
  'dhcp-bad-option-length',
  'dhcp-bad-overload',
  /** Plain BOOTP. */
  'dhcp-no-message-type',
  'dhcp-unknown-message-type',
  /** A server's message type sent as a client's, or the reverse. */
  'dhcp-op-mismatch',
] as const;

export type DecodeReason = (typeof DECODE_REASONS)[number];
