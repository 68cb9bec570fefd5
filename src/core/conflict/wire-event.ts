/** What the guard hears: a sighting with what its frame tells beside it, or a message that takes an intent back. */
import type { Mac } from '../address/mac.ts';
import type { Sighting } from '../evidence/sighting.ts';

/** Every frame of strangers and nodes alike that names an address of the segment; never one of ours or an echo of one. */
export interface WireSighting extends Sighting {
  readonly kind: 'sighting';
  /** An ARP reply sent to our own MAC: an answer to a question of ours. False for everything else. */
  readonly solicited: boolean;
  /** Who sent the frame, where that is not who it speaks of (Ethernet source differs from ARP sender): an access point, say. */
  readonly relayedBy: Mac | null;
  /** For DHCP: the client that the message is from or to. For a DECLINE `mac` is null, and this is who declined. */
  readonly client: Mac | null;
}

/** A DHCPNAK: the server refused what this client asked for. Names no address. */
export interface WireRefusal {
  readonly kind: 'dhcp-nak';
  readonly segment: string;
  readonly client: Mac;
  readonly atMs: number;
}

export type WireEvent = WireSighting | WireRefusal;
