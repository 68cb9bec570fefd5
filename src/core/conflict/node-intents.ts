/**
 * A node that takes a pool address for itself, by DHCP: MetalLB asks no DHCP server and sends no ARP probe, so this is the node's own
 * doing, and no Service can have the address then. One conflict (`infrastructure`, role `node`) for each address.
 */
import type { Mac } from '../address/mac.ts';
import { sourceBit } from '../evidence/sighting.ts';
import type { Pool } from './cluster-view.ts';
import { dismiss, type Guard, type SegmentState, serviceAt } from './guard-state.ts';
import { hold, PROBE_HOLD_MS } from './holds.ts';
import { type Changes, foldIn, MAX_MACS_PER_CONFLICT, nameMac, openConflict, touch } from './open-conflicts.ts';
import { makeRoom } from './room.ts';
import { isScanner } from './rules.ts';
import type { WireSighting } from './wire-event.ts';

type OfNode = WireSighting & { readonly mac: Mac };

/** A DHCP message, a lease or an ARP probe. @param held it waited already: judge it now */
export function noteNodeIntent(
  guard: Guard,
  segment: SegmentState,
  pool: Pool,
  sighting: OfNode,
  held: boolean,
  nowMs: number,
  changes: Changes,
): void {
  const { mac, address, source, atMs, hostname } = sighting;
  const known = guard.open.nodesAt.get(address);
  if (source === 'arp-probe') {
    // Somebody may scan the segment from a node.
    if (isScanner(guard, segment, mac, atMs)) {
      dismiss(guard, 'scanner');
      return;
    }
    if (known === undefined && !held && hold(guard.holds, sighting, PROBE_HOLD_MS, nowMs)) return;
  }
  const sources = sourceBit(source);
  if (known !== undefined) {
    if (known.now.macs.length < MAX_MACS_PER_CONFLICT) nameMac(known, mac);
    addTo(guard, sighting, nowMs, changes);
    return;
  }
  const where = { segment: segment.name, pool: pool.name, address };
  if (!makeRoom(guard, { ...where, mac, atMs, sources }, true, nowMs, changes)) return;
  const who = { stranger: mac, macs: [mac], hostname, service: serviceAt(guard, address) };
  const seen = { firstSeenMs: atMs, lastSeenMs: atMs, sources };
  const found = { kind: 'infrastructure', ...where, ...who, ...seen, detail: { role: 'node' } } as const;
  const opened = openConflict(guard.open, found, null, { nowMs, causedMs: atMs }, changes);
  if (source === 'dhcp-ack') opened.ackMs = atMs;
}

/** A use by a node whose address it is: the conflict goes on. Others at the address have their own. */
export function noteNodeUse(guard: Guard, sighting: OfNode, nowMs: number, changes: Changes): void {
  if (guard.open.nodesAt.get(sighting.address)?.now.macs.includes(sighting.mac) === true) addTo(guard, sighting, nowMs, changes);
}

function addTo({ open }: Guard, { address, source, atMs, hostname }: OfNode, nowMs: number, changes: Changes): void {
  const known = open.nodesAt.get(address);
  if (known === undefined) return;
  foldIn(known, { atMs, sources: sourceBit(source), hostname });
  if (source === 'dhcp-ack') known.ackMs = atMs;
  touch(open, known, nowMs, atMs, changes);
}
