/**
 * One short step of forgetting what is older than the configuration wants kept. Never touches `address_state`: when an
 * address was last seen is worth its few bytes for ever.
 */
import type Database from 'better-sqlite3';
import type { GuardTables } from './guard-store.ts';
import type { Leases } from './leases.ts';
import type { Looks } from './looks.ts';
import type { OccupancyTable } from './occupancy.ts';
import type { StandIns } from './stand-ins.ts';
import type { SweepFaults } from './sweep-faults.ts';
import type { SegmentId } from './types.ts';
import type { Uptime } from './uptime.ts';

/** Rows of one table in one step. */
const STEP = 1_000;
/** Free pages that stay in the file for what comes next, and those given back in one step (4 KB each). */
const SPARE_PAGES = 64;
const PAGES_AT_ONCE = 256;

export interface PrunableTables {
  readonly occupancy: OccupancyTable;
  readonly looks: Looks;
  readonly faults: SweepFaults;
  readonly leases: Leases;
  readonly standIns: StandIns;
  readonly uptime: Uptime;
  readonly guard: GuardTables;
}

export function pruneStep(
  database: Database.Database,
  tables: PrunableTables,
  segments: Iterable<SegmentId>,
  nowMs: number,
  keepMs: number,
): { readonly dropped: number; readonly more: boolean } {
  const cutoffMs = nowMs - keepMs;
  let dropped = 0;
  let more = false;
  database
    .transaction(() => {
      const occupancy = tables.occupancy.prune(cutoffMs, segments);
      const guard = tables.guard.prune(nowMs, keepMs, STEP);
      dropped += occupancy.dropped + guard.dropped;
      more = occupancy.more || guard.more;
      for (const table of [tables.looks, tables.faults, tables.leases, tables.standIns, tables.uptime]) {
        const changes = table.prune(cutoffMs, STEP);
        dropped += changes;
        more ||= changes >= STEP;
      }
    })
    .immediate();
  return { dropped, more: giveBackPages(database) || more };
}

/** @returns whether pages were given back, so that there may be more; never true where the file cannot shrink. */
function giveBackPages(database: Database.Database): boolean {
  const freePages = () => Number(database.pragma('freelist_count', { simple: true }));
  const before = freePages();
  if (before <= SPARE_PAGES) return false;
  database.pragma(`incremental_vacuum(${Math.min(before - SPARE_PAGES, PAGES_AT_ONCE)})`);
  return freePages() < before;
}
