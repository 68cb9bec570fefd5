/** What is told of a segment at once, and not by the ledger: the contract between the loops and the guard. */
import type { WireEvent } from '../core/conflict/wire-event.ts';
import type { SweepRecord } from '../ledger/types.ts';
import type { HandedOut } from './dhcp-hearing.ts';

/** Who wants to know at once, and not from the ledger. What it throws is a fault of the sweep, so it must not. */
export interface Hearing {
  onEvent(event: WireEvent): void;
  onDhcp(segment: string, heard: HandedOut, atMs: number): void;
  /** Probes of ours leave from now on. @param endsMs epoch ms, of a live run; null for a sweep, which `onSweep` ends */
  onLook(segment: string, startedMs: number, endsMs: number | null): void;
  onSweep(segment: string, sweep: SweepRecord): void;
  /** The place of a segment changed: another network, or other addresses of infrastructure. */
  onPlace(): void;
}
