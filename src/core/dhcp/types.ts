/**
 * What is known of DHCP on a segment, as plain values: the servers that were heard, and the span of addresses each was seen to
 * hand out. Learned by scopes.ts; a server that was never heard is not known, which is not the same as none.
 */
import type { Ipv4 } from '../address/ipv4.ts';
import type { Mac } from '../address/mac.ts';

/** By address: option 54. `lease-file`: all configured lease files together, whichever server writes them. */
export type DhcpServerKey = Ipv4 | 'lease-file';

export interface DhcpServer {
  readonly segment: string;
  readonly server: DhcpServerKey;
  /** Ethernet source of its newest message: the server's, or a relay's. null for lease files, and where only a client named it. */
  readonly mac: Mac | null;
  /** First and last address that it was seen to hand out lately (OFFER, ACK, lease), reservations included; null: none. */
  readonly span: { readonly first: Ipv4; readonly last: Ipv4 } | null;
  /** Which of the span it handed out. Absent: not known, but for the first and the last. Learned in place: it is no snapshot. */
  readonly handedOut?: HandedOutDays;
  /** Epoch ms. */
  readonly firstHeardMs: number;
  readonly lastHeardMs: number;
  /** Messages heard, or named in; saturates nowhere near what a link can carry. */
  readonly messages: number;
}

/** A run of addresses, and for each when it was last handed out; handed-out.ts learns it. */
export interface HandedOutDays {
  readonly first: Ipv4;
  /** For `first` and those that follow: whole days since 1970; 0: never, or forgotten. At most 65,536. */
  readonly days: Uint16Array;
}
