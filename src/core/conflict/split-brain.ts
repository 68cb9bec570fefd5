/**
 * Tells several nodes that answer for one address from a failover, in which the address moves once. Uses by speakers only.
 *
 * Two nodes are there *at once* when both answer within 2 s of each other, or when one is heard, then another, then the first
 * again within 6 s. A failover may do that for a moment, with a late answer of the old node among the announcements of the new one
 * (MetalLB's speaker sends five bursts, 1.1 s apart). So it is a conflict only where it goes on for the grace time; and an answer
 * to a look of ours that one node gave alone ends the stretch, since a look asks them all.
 */
import type { Mac } from '../address/mac.ts';
import { sourceBit } from '../evidence/sighting.ts';
import type { Pool, Speaker } from './cluster-view.ts';
import { dismiss, type Guard, serviceAt } from './guard-state.ts';
import { type Changes, foldIn, isFull, nameMac, openConflict, touch } from './open-conflicts.ts';
import type { AddressUse } from './uses.ts';
import type { WireSighting } from './wire-event.ts';

/** Answers of two nodes this close together answer the same question. */
const BOTH_ANSWER_MS = 2_000;
/** Heard, another heard, heard again. */
const TURNS_MS = 6_000;
/** Between two moments of a stretch; longer, and a new one begins. */
const STRETCH_GAP_MS = 5 * 60_000;

/** Of the MAC's node; a MAC of which no node is known is a node of its own. */
export const nodeOf = ({ mac, node }: Speaker): string => (node === null ? `mac ${mac}` : `node ${node}`);

/** Called before the use itself is written down: `use` is how it was before. */
export function compareNodes(
  guard: Guard,
  pool: Pool,
  speaker: Speaker,
  sighting: WireSighting,
  use: AddressUse,
  nowMs: number,
  changes: Changes,
): void {
  const node = nodeOf(speaker);
  const { atMs } = sighting;
  noteAlone(use, node, sighting);
  if (!isAtOnce(use, node, sighting)) return;
  const goesOn = use.atOnceFromMs !== null && atMs - use.atOnceLastMs <= STRETCH_GAP_MS && atMs >= use.atOnceFromMs;
  const fromMs = goesOn && use.atOnceFromMs !== null ? use.atOnceFromMs : atMs;
  use.atOnce = goesOn ? use.atOnce + 1 : 1;
  use.atOnceFromMs = fromMs;
  use.atOnceLastMs = atMs;
  noteAtOnce(guard, pool, speaker, sighting, use, fromMs, nowMs, changes);
}

/** An answer to us that nobody else gave within 2 s before and after was given alone. */
function noteAlone(use: AddressUse, node: string, { source, solicited, atMs }: WireSighting): void {
  if (use.alone !== null && Math.abs(atMs - use.alone.atMs) > BOTH_ANSWER_MS) {
    use.alone = null;
    use.atOnceFromMs = null;
  } else if (use.alone !== null && use.alone.node !== node) {
    use.alone = null;
    return;
  }
  if (source !== 'arp-reply' || !solicited) return;
  const others = use.nodes.some((other) => other.node !== node && Math.abs(atMs - other.useMs) <= BOTH_ANSWER_MS);
  if (!others) use.alone = { node, atMs };
}

function isAtOnce(use: AddressUse, node: string, { source, atMs }: WireSighting): boolean {
  const bothAnswer =
    source === 'arp-reply' && use.nodes.some((other) => other.node !== node && Math.abs(atMs - other.replyMs) <= BOTH_ANSWER_MS);
  if (bothAnswer) return true;
  const before = use.nodes.find((other) => other.node === node);
  return use.lastNode !== node && before !== undefined && Math.abs(atMs - before.useMs) <= TURNS_MS;
}

function noteAtOnce(
  guard: Guard,
  pool: Pool,
  speaker: Speaker,
  { segment, address, source, atMs }: WireSighting,
  use: AddressUse,
  fromMs: number,
  nowMs: number,
  changes: Changes,
): void {
  const key = `split-brain ${address}`;
  const known = guard.open.faults.get(key);
  const macs: Mac[] = [speaker.mac, ...use.nodes.map(({ mac }) => mac)];
  if (known !== undefined) {
    foldIn(known, { atMs, sources: sourceBit(source) });
    for (const mac of macs) nameMac(known, mac);
    known.now.detail = { ...known.now.detail, nodes: nodesOf(guard, known.now.macs) };
    touch(guard.open, known, nowMs, atMs, changes);
    return;
  }
  if (atMs - fromMs < guard.settings.splitBrainGraceMs) return;
  if (isFull(guard.open)) {
    dismiss(guard, 'too-many-conflicts');
    return;
  }
  const seen = { firstSeenMs: fromMs, lastSeenMs: atMs, sightings: use.atOnce, sources: sourceBit(source) };
  const where = { segment, pool: pool.name, address, stranger: null, service: serviceAt(guard, address) };
  const detail = { nodes: nodesOf(guard, macs) };
  openConflict(guard.open, { kind: 'split-brain', ...where, macs, detail, ...seen }, key, { nowMs, causedMs: atMs }, changes);
}

/** Names of the nodes that are known by name, sorted. */
const nodesOf = ({ speakers }: Guard, macs: readonly Mac[]): readonly string[] =>
  [...new Set(macs.flatMap((mac) => speakers.get(mac)?.node ?? []))].sort();
