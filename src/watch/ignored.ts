/**
 * Counts the frames that did not become a sighting, each under its named reason. Holds no frame and no address, so it is
 * bounded by the number of reasons.
 */
import type { DecodeReason } from '../core/codec/reason.ts';
import type { HearingRefusal } from './dhcp-hearing.ts';
import type { SightingRefusal } from './sightings.ts';

/**
 * `scanner-probe`: one MAC asking for addresses by the dozen is a scanner, and its probes announce nobody.
 * `failed-to-read`: our own mistake; the log has the first.
 */
export type IgnoreReason = DecodeReason | SightingRefusal | HearingRefusal | 'scanner-probe' | 'failed-to-read';

export class IgnoredFrames {
  readonly #counts = new Map<IgnoreReason, number>();

  count(reason: IgnoreReason, frames = 1): void {
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + frames);
  }

  snapshot(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#counts].sort(([a], [b]) => a.localeCompare(b)));
  }
}
