/**
 * Answers "who has what they should not have", a page at a time, and takes acknowledgements. What is open comes from the guard,
 * which knows it even while the disk refuses; the rest from the ledger.
 */
import { CONFLICT_KINDS, type Conflict, type ConflictKind } from '../../core/conflict/types.ts';
import { FreeholdError } from '../../core/error.ts';
import { printable } from '../../core/text.ts';
import type { GuardStore } from '../../ledger/guard-types.ts';
import type { GuardControl } from '../../watch/guard-types.ts';
import type { ConflictJson, ConflictsAnswer, ConflictsQuery } from '../guard-service.ts';
import { conflictJson } from './conflict-json.ts';
import { time } from './json.ts';

/** Bounds of core/conflict/types.ts. */
export const MOST_BY = 64;
export const MOST_NOTE = 500;

export interface ConflictsContext {
  readonly guard: GuardControl;
  readonly store: Pick<GuardStore, 'conflict' | 'conflicts'>;
}

export function answerConflicts({ guard, store }: ConflictsContext, query: ConflictsQuery, nowMs: number): ConflictsAnswer {
  const open = guard.open();
  const rows = [
    ...(query.state === 'closed' ? [] : open.filter((conflict) => isAskedFor(conflict, query))),
    ...(query.state === 'open' ? [] : storedRows(store, query, new Set(open.map(({ id }) => id)))),
  ].sort((a, b) => b.id - a.id);
  const page = rows.slice(0, query.limit);
  return {
    generatedAt: time(nowMs),
    conflicts: page.map(conflictJson),
    open: open.length,
    openByKind: countByKind(open),
    dismissed: guard.dismissed(),
    next: rows.length > query.limit ? (page.at(-1)?.id ?? null) : null,
  };
}

const isAskedFor = ({ id, segment, kind }: Conflict, query: ConflictsQuery): boolean =>
  (query.segment === undefined || segment === query.segment) &&
  (query.kind === undefined || kind === query.kind) &&
  (query.before === undefined || id < query.before);

/** One more than the page, less those that the guard itself tells of: it may know something newer than what is stored. */
function storedRows(store: Pick<GuardStore, 'conflicts'>, query: ConflictsQuery, told: ReadonlySet<number>): Conflict[] {
  const { state, segment, kind, before, limit } = query;
  return store
    .conflicts({
      state,
      ...(segment === undefined ? {} : { segment }),
      ...(kind === undefined ? {} : { kind }),
      ...(before === undefined ? {} : { before }),
      limit: limit + 1,
    })
    .filter(({ id }) => !told.has(id));
}

function countByKind(open: readonly Conflict[]): Record<ConflictKind, number> {
  const counts = Object.fromEntries(CONFLICT_KINDS.map((kind) => [kind, 0])) as Record<ConflictKind, number>;
  for (const { kind } of open) counts[kind]++;
  return counts;
}

/** @throws FreeholdError `conflict-unknown` */
export function answerConflict({ guard, store }: ConflictsContext, id: number): ConflictJson {
  const conflict = guard.open().find((candidate) => candidate.id === id) ?? store.conflict(id);
  if (conflict === null) throw unknown(id);
  return conflictJson(conflict);
}

/** @throws FreeholdError `conflict-unknown`, `conflict-closed` */
export function acknowledgeConflict({ guard, store }: ConflictsContext, id: number, by: string, note: string): ConflictJson {
  const acknowledged = guard.acknowledge(id, printable(by, MOST_BY), printable(note, MOST_NOTE));
  if (acknowledged !== null) return conflictJson(acknowledged);
  if (store.conflict(id) === null) throw unknown(id);
  throw new FreeholdError('conflict-closed', `Conflict ${id} is over: there is nothing to acknowledge.`, {
    hint: 'GET /conflicts, or `freehold conflicts`, lists what is open.',
  });
}

const unknown = (id: number): FreeholdError =>
  new FreeholdError('conflict-unknown', `There is no conflict ${id}.`, {
    hint: 'GET /conflicts, or `freehold conflicts --all`, lists those that there are.',
  });
