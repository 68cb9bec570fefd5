/**
 * Stands in for the guard where no daemon runs: knows the pools and the conflicts that were last known, and learns of DHCP servers what
 * is heard. Raises nothing, alerts nobody.
 */
import type { Ipv4 } from '../core/address/ipv4.ts';
import type { ClusterView } from '../core/conflict/cluster-view.ts';
import type { Conflict } from '../core/conflict/types.ts';
import type { DhcpServer } from '../core/dhcp/types.ts';
import { FreeholdError } from '../core/error.ts';
import type { Lease } from '../core/evidence/facts.ts';
import type { GuardStore } from '../ledger/guard-types.ts';
import type { Clock } from '../system/clock.ts';
import type { Logger } from '../system/logger.ts';
import type { HandedOut } from './dhcp-hearing.ts';
import type { GuardControl } from './guard-types.ts';
import type { Hearing } from './hearing.ts';
import { KnownServers } from './known-servers.ts';
import type { SegmentPlace } from './segment-place.ts';

export interface PassiveGuardOptions {
  /** Of a copy: what is learned is stored there. */
  readonly store: Pick<GuardStore, 'openConflicts' | 'dhcpServers' | 'recordDhcpServers'>;
  readonly view: ClusterView;
  /** Servers that are meant to be there. */
  readonly servers: readonly Ipv4[];
  readonly clock: Clock;
  readonly logger: Logger;
  /** Segments whose network is known. */
  readonly places: () => readonly { readonly name: string; readonly place: SegmentPlace }[];
}

export class PassiveGuard implements GuardControl, Hearing {
  readonly healthy = true;
  readonly #options: PassiveGuardOptions;
  readonly #servers: KnownServers;

  constructor(options: PassiveGuardOptions) {
    const { store, logger, servers } = options;
    this.#options = options;
    this.#servers = new KnownServers(servers, { store, logger, onUnexpected: () => undefined });
  }

  open(): readonly Conflict[] {
    return this.#options.store.openConflicts();
  }

  /** @throws FreeholdError `no-daemon` */
  acknowledge(): Conflict | null {
    throw new FreeholdError('no-daemon', 'No daemon runs, so no conflict can be acknowledged.', {
      hint: 'Start it first: systemctl start freehold',
    });
  }

  view(): ClusterView {
    return this.#options.view;
  }

  /** Nobody: who answers is not followed. */
  answering(): null {
    return null;
  }

  dismissed(): Readonly<Record<string, number>> {
    return {};
  }

  servers(segment: string): readonly DhcpServer[] {
    return this.#servers.of(segment);
  }

  isUnexpected(server: DhcpServer): boolean {
    return this.#servers.isUnexpected(server);
  }

  onDhcp(segment: string, heard: HandedOut, atMs: number): void {
    const range = this.#options.places().find(({ name }) => name === segment)?.place.range;
    if (range !== undefined) this.#servers.heard(segment, heard, atMs, range);
  }

  onLeases(segment: string, leases: readonly Lease[], former: readonly Ipv4[], whole: boolean): void {
    const addresses = [...leases.map(({ address }) => address), ...former];
    this.#servers.leases(segment, addresses, this.#options.clock.nowMs(), whole);
  }

  // What else is heard goes into the copy of the ledger, and is judged there.
  onEvent(): void {}
  onLook(): void {}
  onSweep(): void {}
  onPlace(): void {}
}
