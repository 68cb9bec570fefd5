/** MACs that first-hop redundancy protocols share out among routers: told by their prefix alone. */
import type { Mac } from '../address/mac.ts';

const PREFIXES: readonly string[] = [
  // VRRP over IPv4, RFC 5798 section 7.3; CARP uses it too.
  '00:00:5e:00:01:',
  // HSRP version 1, RFC 2281 section 5.
  '00:00:0c:07:ac:',
  // HSRP version 2: 00:00:0c:9f:f0:00 to 00:00:0c:9f:ff:ff.
  '00:00:0c:9f:f',
  // GLBP.
  '00:07:b4:',
];

/** Asked for every ARP frame that is no probe: most MACs are told apart by their first byte. */
export const isVirtualRouterMac = (mac: Mac): boolean =>
  mac.charCodeAt(0) === 0x30 && mac.charCodeAt(1) === 0x30 && PREFIXES.some((prefix) => mac.startsWith(prefix));
