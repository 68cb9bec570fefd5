/**
 * What the newest reading of a lease file does not have any more, and whether that is to be believed. Some servers (dnsmasq) cut
 * their file and write it anew: a look in between finds it empty, or half. Reads nothing; its owner is lease-reader.ts.
 */
import type { Ipv4 } from '../core/address/ipv4.ts';
import type { Lease } from '../core/evidence/facts.ts';
import { type LeaseFileContent, MAX_ADDRESSES } from './lease-formats/types.ts';

/** A file that changes at every look is believed when so many readings in a row say the same. */
export const READINGS_BELIEVED = 3;

interface Missing {
  readonly lease: Lease;
  /** Readings in a row without it. */
  readonly readings: number;
}

export class LeaseEndings {
  /** Leases that the file had, and has not now. */
  #leases = new Map<Ipv4, Missing>();
  /** Addresses that it named without a lease, and does not name now. */
  #former: readonly Ipv4[] = [];
  /** In a row without some of them. */
  #formerReadings = 0;

  /** What is missing still counts as leased. */
  get leases(): readonly Lease[] {
    return [...this.#leases.values()].map(({ lease }) => lease);
  }

  get former(): readonly Ipv4[] {
    return this.#former;
  }

  /** Whether nothing waits for the next look. */
  get settled(): boolean {
    return this.#leases.size === 0 && this.#former.length === 0;
  }

  /** As it was before it went missing. */
  lease(address: Ipv4): Lease | undefined {
    return this.#leases.get(address)?.lease;
  }

  /**
   * A new reading.
   * @param before the leases of the reading before it
   * @returns leases that are over for sure: the file still names their addresses, and says so
   */
  note(before: ReadonlyMap<Ipv4, Lease>, { leases, former, declined }: LeaseFileContent): readonly Lease[] {
    const without = new Set([...former, ...declined]);
    const missing = new Map<Ipv4, Missing>();
    const over: Lease[] = [];
    const note = (lease: Lease, readings: number): void => {
      const { address } = lease;
      if (leases.has(address) || missing.has(address)) return;
      if (without.has(address)) over.push(lease);
      else if (missing.size < 2 * MAX_ADDRESSES) missing.set(address, { lease, readings });
    };
    for (const { lease, readings } of this.#leases.values()) note(lease, readings + 1);
    for (const lease of before.values()) note(lease, 1);
    this.#leases = missing;
    return over;
  }

  /** The same of the addresses that the file names without a lease. */
  noteFormer(before: readonly Ipv4[], { leases, former, declined }: LeaseFileContent): void {
    const named = new Set([...former, ...declined]);
    const missing = [...new Set([...this.#former, ...before])].filter((address) => !named.has(address) && !leases.has(address));
    this.#formerReadings = missing.length === 0 ? 0 : this.#formerReadings + 1;
    this.#former = missing.slice(0, MAX_ADDRESSES);
  }

  /**
   * What is over now, and not kept any longer.
   * @param proven the file is whole: it stayed as it is for two looks, or was put in place of the former one in one piece
   */
  take(proven: boolean): { readonly leases: readonly Lease[]; readonly former: readonly Ipv4[] } {
    const leases = [...this.#leases.values()].flatMap(({ lease, readings }) =>
      proven || readings >= READINGS_BELIEVED ? [lease] : [],
    );
    for (const { address } of leases) this.#leases.delete(address);
    const former = proven || this.#formerReadings >= READINGS_BELIEVED ? this.#former : [];
    if (former.length > 0) {
      this.#former = [];
      this.#formerReadings = 0;
    }
    return { leases, former };
  }
}
