/** Lease files as the servers' documentation and sources have them, on documentation addresses. */
import { formatIpv4 } from '../../../src/core/address/ipv4.ts';
import type { LeaseFileContent, LeaseParser } from '../../../src/watch/lease-formats/types.ts';

/** dhcpd 4.4: dates by weekday, a byte order, a server id, events, variables, options of a relay. */
export const ISC_4_4 = String.raw`# The format of this file is documented in the dhcpd.leases(5) manual page.
# This lease file was written by isc-dhcp-4.4.3-P1

# authoring-byte-order entry is generated, DO NOT DELETE
authoring-byte-order little-endian;

lease 192.0.2.50 {
  starts 1 2026/01/05 08:00:00;
  ends 1 2026/01/05 20:00:00;
  tstp 1 2026/01/05 20:00:00;
  cltt 1 2026/01/05 08:00:00;
  binding state free;
  hardware ethernet 52:54:00:00:00:50;
  uid "\001RT\000\000\000P";
}
server-duid "\000\001\000\001)\222\323\262RT\000\022\0344";

lease 192.0.2.51 {
  starts 1 2026/01/05 09:00:00;
  ends 1 2026/01/05 21:00:00;
  cltt 1 2026/01/05 09:00:00;
  binding state active;
  next binding state free;
  rewind binding state free;
  hardware ethernet 52:54:00:00:00:51;
  uid "\001RT\000\000\000Q";
  set vendor-class-identifier = "MSFT 5.0";
  option agent.circuit-id "eth0{1}";
  client-hostname "printer";
  on expiry or release {
    if not defined (x) { set y = "}"; }
  }
}
lease 192.0.2.52 {
  starts 1 2026/01/05 09:10:00;
  ends 2 2026/01/06 09:10:00;
  binding state abandoned;
  next binding state free;
}
lease 192.0.2.50 {
  starts 1 2026/01/05 10:00:00;
  ends never;
  binding state active;
  hardware ethernet 52:54:00:00:00:5a;
  client-hostname "say \"hi\"; } lease 192.0.2.9 {";
}
`;

/** dhcpd 4 with `db-time-format local` and failover. */
export const ISC_FAILOVER = `failover peer "dhcp-failover" state {
  my state normal at 1 2026/01/05 07:00:00;
  partner state normal at 1 2026/01/05 07:00:00;
}
lease 192.0.2.60 {
  starts epoch 1767600000; # Mon Jan  5 09:00:00 2026
  ends epoch 1767643200; # Mon Jan  5 21:00:00 2026
  tsfp epoch 1767650000; # Mon Jan  5 22:53:20 2026
  binding state active;
  next binding state expired;
  hardware ethernet 52:54:00:00:00:60;
}
lease 192.0.2.61 {
  starts epoch 1767600000;
  ends epoch 1767643200;
  binding state backup;
}
lease 192.0.2.62 { ends epoch 1767643200; binding state expired; }
lease 192.0.2.63 { ends epoch 1767643200; binding state released; }
lease 192.0.2.64 { ends epoch 1767643200; binding state reset; }
`;

/** dhcpd 2: no states, octets without leading zeros. */
export const ISC_2 = `lease 192.0.2.70 {
	starts 1 2026/01/05 08:00:00;
	ends 1 2026/01/05 20:00:00;
	hardware ethernet 52:54:0:0:0:7;
	uid 01:52:54:00:00:00:07;
	client-hostname "old";
}
lease 192.0.2.71 {
	starts 1 2026/01/05 08:00:00;
	ends 1 2026/01/05 20:00:00;
	abandoned;
}
`;

/** Kea 0.9: before there were states. */
export const KEA_0_9 = `address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname
192.0.2.80,52:54:00:00:00:80,01:52:54:00:00:00:80,3600,1767600000,1,0,0,laptop
192.0.2.81,52:54:00:00:00:81,,3600,1767600000,1,0,0,
`;

/** Kea 2.4. */
export const KEA_2_4 = `address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context,pool_id
192.0.2.90,52:54:00:00:00:90,,3600,1767600000,1,0,0,first,0,,0
192.0.2.91,52:54:00:00:00:91,,4294967295,6062567295,1,1,1,forever&#x2cand&#x2Con,0,{"isc":{"relay-agent-info":"0x01"}},0
192.0.2.92,,,86400,1767686400,1,0,0,,1,,0
192.0.2.93,52:54:00:00:00:93,,3600,1767600000,1,0,0,,0,,0
192.0.2.90,52:54:00:00:00:9a,,3600,1767603600,1,0,0,second,0,,0
192.0.2.93,52:54:00:00:00:93,,3600,1767600000,1,0,0,,2,,0
192.0.2.94,52:54:00:00:00:94,,3600,1767600000,1,0,0,,0,,0
192.0.2.94,52:54:00:00:00:94,,0,1767600000,1,0,0,,0,,0
`;

export const DNSMASQ = `1767600000 52:54:00:00:00:40 192.0.2.40 tablet 01:52:54:00:00:00:40
0 52:54:00:00:00:41 192.0.2.41 * *
duid 00:01:00:01:2c:4c
1767600000 1234567 2001:db8::50 host 00:01
`;

/** Feeds `text` in pieces that end at the given places. */
export function parsed(parser: LeaseParser, text: string, cuts: readonly number[] = []): LeaseFileContent {
  let from = 0;
  for (const cut of [...cuts].sort((a, b) => a - b)) {
    parser.push(text.slice(from, cut));
    from = cut;
  }
  parser.push(text.slice(from));
  parser.endFile();
  return parser.content();
}

/** `192.0.2.51 MAC until END as NAME`, in the order of the addresses; END in epoch seconds. */
export const leaseLines = ({ leases }: LeaseFileContent): string[] =>
  [...leases.values()]
    .sort((a, b) => a.address - b.address)
    .map(({ address, mac, hostname, endsMs }) => `${formatIpv4(address)} ${mac} until ${endsMs / 1000} as ${hostname}`);

export const addresses = (list: readonly Parameters<typeof formatIpv4>[0][]): string[] => list.map(formatIpv4);
