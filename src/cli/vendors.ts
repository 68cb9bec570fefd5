/**
 * What a person reads about the maker of a MAC. The registry itself is system/vendors.ts.
 */
import { isLocalMac, type Mac, parseMac } from '../core/address/mac.ts';
import { printable } from '../core/text.ts';
import { vendorOf } from '../system/vendors.ts';

export const LOCAL_MAC = '(random or virtual)';
const UNKNOWN_VENDOR = '(unknown)';
const WIDTH = 40;

/** For a MAC that this machine heard. */
export const vendorLabel = (mac: Mac): string =>
  isLocalMac(mac) ? LOCAL_MAC : printable(vendorOf(mac) ?? UNKNOWN_VENDOR, WIDTH);

/** For a MAC and the vendor that the daemon names with it. */
export function vendorLabelOf(mac: string | null, vendor: string | null): string {
  if (vendor !== null) return printable(vendor, WIDTH);
  const parsed = mac === null ? null : parseMac(mac);
  return parsed?.ok === true && isLocalMac(parsed.value) ? LOCAL_MAC : UNKNOWN_VENDOR;
}
