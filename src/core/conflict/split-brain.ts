/**
 * Tells several nodes that answer for one address from a failover, in which the address moves once. Uses by speakers only.
 *
 * Two nodes are there *at once* when both answer within 2 s of each other, or when one is heard, then another, then the first
 * again within 6 s. A failover may do that for a moment, with a late answer of the old node among the announcements of the new one
 * (MetalLB's speaker sends five bursts, 1.1 s apart). So it is a conflict only where it goes on for the grace time; and an answer
 * to a look of ours that one node gave alone ends the stretch, since a look asks them all. Where looks are rare the stretch has the
 * patience of the schedule, and two looks in a row that both nodes answered are enough.
 */
import type { Mac } from '../address/mac.ts';
import { sourceBit } from '../evidence/sighting.ts';
import type { Pool, Speaker } from './cluster-view.ts';
import { type Guard, serviceAt } from './guard-state.ts';
import { newestLooks } from './listening.ts';
import { type Changes, foldIn, nameMac, openConflict, touch } from './open-conflicts.ts';
import { makeRoom } from './room.ts';
import type { AddressUse } from './uses.ts';
import type { WireSighting } from './wire-event.ts';

/** Answers of two nodes this close together answer the same question. */
const BOTH_ANSWER_MS = 2_000;
/** Heard, another heard, heard again. */
const TURNS_MS = 6_000;
/** Between two moments of a stretch; longer, and a new one begins … */
const STRETCH_GAP_MS = 5 * 60_000;
/** … except where the sweeps are far apart: so many times the time between the last two that looked at the address. */
const STRETCH_INTERVALS = 2.5;
/** Between the clock of the sweeps and the stamps of the kernel. */
const CLOCK_SLACK_MS = 1_000;

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
  const goesOn = isSameStretch(guard, use, node, sighting);
  const fromMs = goesOn && use.atOnceFromMs !== null ? use.atOnceFromMs : atMs;
  if (bothAnswerUs(use, node, sighting)) use.bothAnsweredMs = atMs;
  use.atOnce = goesOn ? use.atOnce + 1 : 1;
  use.atOnceFromMs = fromMs;
  use.atOnceLastMs = atMs;
  noteAtOnce(guard, pool, speaker, sighting, use, fromMs, nowMs, changes);
}

function isSameStretch(guard: Guard, use: AddressUse, node: string, sighting: WireSighting): boolean {
  const { segment, address, atMs } = sighting;
  if (use.atOnceFromMs === null || atMs < use.atOnceFromMs) return false;
  const gapMs = atMs - use.atOnceLastMs;
  if (gapMs <= STRETCH_GAP_MS) return true;
  const listening = guard.segments.get(segment)?.listening;
  const [newestMs, beforeMs] = listening === undefined ? [null, null] : newestLooks(listening, address);
  // Announcements so far apart are two failovers; only answers to looks of ours can show that it went on meanwhile.
  if (newestMs === null || !bothAnswerUs(use, node, sighting)) return false;
  if (beforeMs !== null && atMs - use.bothAnsweredMs <= STRETCH_INTERVALS * (newestMs - beforeMs)) return true;
  // This look, and the last one before it. One that only a single node answered would have ended the stretch.
  return use.bothAnsweredMs + CLOCK_SLACK_MS >= newestMs;
}

const bothAnswerUs = (use: AddressUse, node: string, { source, solicited, atMs }: WireSighting): boolean =>
  source === 'arp-reply' &&
  solicited &&
  use.nodes.some((other) => other.node !== node && Math.abs(atMs - other.answerMs) <= BOTH_ANSWER_MS);

/** An answer to us that nobody else gave within 2 s before and after was given alone. */
function noteAlone(use: AddressUse, node: string, { source, solicited, atMs }: WireSighting): void {
  if (use.alone !== null && Math.abs(atMs - use.alone.atMs) > BOTH_ANSWER_MS) {
    use.alone = null;
    use.atOnceFromMs = null;
  } else if (use.alone !== null && use.alone.node !== node) {
    use.alone = null;
    return;
  }
  // The first of them counts: looks that are less than 2 s apart must not put the judgement off for ever.
  if (source !== 'arp-reply' || !solicited || use.alone !== null) return;
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
  const newcomer = { segment, pool: pool.name, address, mac: null, atMs, sources: sourceBit(source) };
  if (!makeRoom(guard, newcomer, false, nowMs, changes)) return;
  const seen = { firstSeenMs: fromMs, lastSeenMs: atMs, sightings: use.atOnce, sources: sourceBit(source) };
  const where = { segment, pool: pool.name, address, stranger: null, service: serviceAt(guard, address) };
  const detail = { nodes: nodesOf(guard, macs) };
  openConflict(guard.open, { kind: 'split-brain', ...where, macs, detail, ...seen }, key, { nowMs, causedMs: atMs }, changes);
}

/** Names of the nodes, and the MACs of those that have none, sorted. */
const nodesOf = ({ speakers }: Guard, macs: readonly Mac[]): readonly string[] =>
  [...new Set(macs.map((mac) => speakers.get(mac)?.node ?? mac))].sort();
