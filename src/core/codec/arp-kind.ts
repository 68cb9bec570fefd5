/**
 * What an ARP packet is for (RFC 826, RFC 5227 sections 2.1.1 and 2.3). Looks at the packet only: not at who sent it, and not at
 * whether the addresses are ours.
 */
import { ANY_ADDRESS } from '../address/ipv4.ts';
import type { Arp } from './arp.ts';

/**
 * - `probe`: a request from 0.0.0.0: the sender is about to use the *target* address.
 * - `announcement`: sender and target address are the same, as a request (RFC 5227) or as a reply (older gratuitous ARP).
 * - `request`, `reply`: the ordinary ones; the sender uses the *sender* address.
 */
export type ArpKind = 'reply' | 'request' | 'probe' | 'announcement';

export function arpKind(arp: Pick<Arp, 'operation' | 'senderAddress' | 'targetAddress'>): ArpKind {
  if (arp.operation === 'request' && arp.senderAddress === ANY_ADDRESS) return 'probe';
  if (arp.senderAddress === arp.targetAddress) return 'announcement';
  return arp.operation;
}
