/**
 * Tells a scanner from a device that is about to use an address: a device probes for one address or two (RFC 5227), a
 * scanner, another Freehold included, for dozens. Its probes announce nobody, and would keep every address from ever being
 * quiet.
 */
import type { Mac } from '../core/address/mac.ts';
import { sourceBit } from '../core/evidence/sighting.ts';
import type { FoldedSighting, SegmentId } from '../ledger/types.ts';

/** ARP probes for this many addresses by one MAC within a second: RFC 5227 MAX_CONFLICTS is 10 a minute. */
export const SCANNER_ADDRESSES = 12;

/** A scanner stays one for this long after it was last caught. */
const REMEMBERED_MS = 24 * 3_600_000;
const MAX_REMEMBERED = 256;

export interface ScannerProbes {
  readonly segment: SegmentId;
  readonly mac: Mac;
  /** The keys of its probes in the map that was given. */
  readonly keys: readonly string[];
}

type Probe = Pick<FoldedSighting, 'segment' | 'mac' | 'sources'>;

/** Of a fold that nothing but ARP probes went into. */
export const PROBE_ONLY = sourceBit('arp-probe');

/** Remembers who was caught scanning; bounded, the longest ago is forgotten first. */
export class Scanners {
  readonly #caughtMs = new Map<string, number>();

  /** The probes among `folds` that were sent by scanners. */
  among(folds: ReadonlyMap<string, Probe>, nowMs: number): ScannerProbes[] {
    const probers = new Map<string, { segment: SegmentId; mac: Mac; keys: string[] }>();
    for (const [key, fold] of folds) {
      if (fold.sources !== PROBE_ONLY || fold.mac === null) continue;
      const id = `${fold.segment}/${fold.mac}`;
      const prober = probers.get(id);
      if (prober === undefined) probers.set(id, { segment: fold.segment, mac: fold.mac, keys: [key] });
      else prober.keys.push(key);
    }
    return [...probers].filter(([id, prober]) => this.#isScanner(id, prober.keys.length, nowMs)).map(([, prober]) => prober);
  }

  #isScanner(id: string, probes: number, nowMs: number): boolean {
    const caughtMs = this.#caughtMs.get(id);
    const known = caughtMs !== undefined && nowMs - caughtMs < REMEMBERED_MS;
    if (probes < SCANNER_ADDRESSES) return known;
    this.#caughtMs.delete(id);
    this.#caughtMs.set(id, nowMs);
    if (this.#caughtMs.size > MAX_REMEMBERED)
      for (const oldest of this.#caughtMs.keys()) {
        this.#caughtMs.delete(oldest);
        break;
      }
    return true;
  }
}
