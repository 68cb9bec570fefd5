/**
 * Room in the book of open conflicts. Intents may take half of it, and give way to uses; and whoever finds no room is not silent: one
 * conflict for each segment says that there are more strangers than can be told apart. Knows nothing of why somebody is a stranger.
 */
import type { Ipv4 } from '../address/ipv4.ts';
import type { Mac } from '../address/mac.ts';
import type { SourceBits } from '../evidence/sighting.ts';
import { crowdKey, dismiss, type Guard, serviceAt } from './guard-state.ts';
import {
  type Changes,
  close,
  countSharing,
  escalate,
  foldIn,
  isFull,
  MAX_OPEN_INTENTS,
  openConflict,
  touch,
} from './open-conflicts.ts';

/** What would be opened. */
export interface Newcomer {
  readonly segment: string;
  readonly pool: string;
  readonly address: Ipv4;
  readonly mac: Mac | null;
  /** Epoch ms of the evidence. */
  readonly atMs: number;
  readonly sources: SourceBits;
}

const RULE = 'too-many-conflicts';

/** @returns false where there is no room even so; it is counted and told then */
export function makeRoom(guard: Guard, newcomer: Newcomer, isIntent: boolean, nowMs: number, changes: Changes): boolean {
  const { open } = guard;
  if (!isFull(open) && !(isIntent && open.intents.size >= MAX_OPEN_INTENTS)) return true;
  const oldest = isIntent ? undefined : open.intents.values().next().value;
  if (oldest === undefined) {
    noteRefused(guard, newcomer, nowMs, changes);
    return false;
  }
  const { segment, pool, address, stranger, sources } = oldest.now;
  close(open, oldest, 'dismissed', { nowMs, causedMs: newcomer.atMs }, changes, { rule: RULE });
  noteRefused(guard, { segment, pool, address, mac: stranger, atMs: newcomer.atMs, sources }, nowMs, changes);
  return true;
}

/** The conflict that stands for them has room always: there is one for each segment at most. */
function noteRefused(guard: Guard, { mac, atMs, ...where }: Newcomer, nowMs: number, changes: Changes): void {
  dismiss(guard, RULE);
  const { segment, pool, address, sources } = where;
  const moment = { nowMs, causedMs: atMs };
  const key = crowdKey(segment);
  const known = guard.open.faults.get(key);
  if (known === undefined) {
    const seen = { firstSeenMs: atMs, lastSeenMs: atMs, sources };
    const who = { stranger: null, macs: mac === null ? [] : [mac], service: serviceAt(guard, address) };
    const crowd = { kind: 'squatter', segment, pool, address, ...who, ...seen, detail: { strangers: 1, rule: RULE } } as const;
    const opened = openConflict(guard.open, crowd, key, moment, changes);
    if (mac !== null) opened.sharing.add(mac);
    return;
  }
  foldIn(known, { atMs, sources });
  if (mac !== null && countSharing(known, mac, 0)) escalate(guard.open, known, known.now.kind, moment, changes);
  else touch(guard.open, known, nowMs, atMs, changes);
}
