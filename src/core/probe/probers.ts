/**
 * Who probes for which addresses during an RFC 5227 run. Tells a device that is about to use an address from a scanner: the one
 * probes for an address or two, the other, a second Freehold included, for dozens. Bounded; what it has no room for stays a
 * conflict, never the other way round.
 */
import type { Ipv4 } from '../address/ipv4.ts';
import type { Mac } from '../address/mac.ts';

/** Probes of one MAC for so many distinct addresses make it a scanner. RFC 5227 lets a host try 10 (MAX_CONFLICTS) in a row. */
export const SCANNER_ADDRESSES = 12;
/** MACs whose addresses are counted; the probes of further ones are taken for those of devices. */
export const MAX_PROBERS = 4_096;
/** Kept for each address. Where they are full nobody knows who else probes for it, so none of them is discounted. */
export const MAX_PROBERS_PER_ADDRESS = 16;

/** Transient and mutable; owned by one run. */
export interface Probers {
  /** Distinct addresses that each MAC probed for; no more are kept than make it a scanner. */
  readonly addresses: Map<Mac, Set<Ipv4>>;
  /** MACs that probed for a target, by its position. */
  readonly byPosition: Map<number, readonly Mac[]>;
}

export const createProbers = (): Probers => ({ addresses: new Map(), byPosition: new Map() });

/** @param position of the address among the targets; -1 where it is none: its probe counts all the same */
export function noteProbe(probers: Probers, mac: Mac, address: Ipv4, position: number): void {
  count(probers, mac, address);
  if (position < 0 || isScanner(probers, mac)) return;
  const macs = probers.byPosition.get(position) ?? [];
  if (macs.length < MAX_PROBERS_PER_ADDRESS && !macs.includes(mac)) probers.byPosition.set(position, [...macs, mac]);
}

export const isScanner = ({ addresses }: Probers, mac: Mac): boolean => (addresses.get(mac)?.size ?? 0) >= SCANNER_ADDRESSES;

/** In order of their first probe. */
export const scannersAmong = (probers: Probers): readonly Mac[] =>
  [...probers.addresses.keys()].filter((mac) => isScanner(probers, mac));

/** Who probed for the target and is no scanner as far as known by now, whenever its probe was heard. */
export function wantedBy(probers: Probers, position: number): readonly Mac[] {
  const macs = probers.byPosition.get(position) ?? [];
  return macs.length < MAX_PROBERS_PER_ADDRESS ? macs.filter((mac) => !isScanner(probers, mac)) : macs;
}

function count({ addresses }: Probers, mac: Mac, address: Ipv4): void {
  const known = addresses.get(mac);
  if (known !== undefined) {
    if (known.size < SCANNER_ADDRESSES) known.add(address);
  } else if (addresses.size < MAX_PROBERS) addresses.set(mac, new Set([address]));
}
