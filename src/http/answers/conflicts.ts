/**
 * Answers "who has what they should not have", a page at a time, and takes acknowledgements. What is open comes from the guard,
 * which knows it even while the disk refuses; the rest from the ledger.
 */
import { CONFLICT_KINDS, type Conflict, type ConflictKind } from '../../core/conflict/types.ts';
import { EXIT, FreeholdError } from '../../core/error.ts';
import { printable } from '../../core/text.ts';
import type { GuardStore } from '../../ledger/guard-types.ts';
import type { GuardControl } from '../../watch/guard-types.ts';
import type { ConflictJson, ConflictsAnswer, ConflictsQuery } from '../guard-service.ts';
import { conflictJson } from './conflict-json.ts';
import { time } from './json.ts';
import { type SightContext, sightOf } from './sight.ts';

/** Bounds of core/conflict/types.ts. */
export const MOST_BY = 64;
export const MOST_NOTE = 500;

export interface ConflictsContext extends SightContext {
  readonly guard: GuardControl;
  readonly store: Pick<GuardStore, 'conflict' | 'conflicts'>;
}

/** @throws FreeholdError `segment-unknown` */
export function answerConflicts(context: ConflictsContext, query: ConflictsQuery, nowMs: number): ConflictsAnswer {
  const { guard, store } = context;
  const open = guard.open();
  checkSegment(context, query.segment, open);
  const { notices, blind } = sightOf(context, query.segment, nowMs);
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
    openMatching: open.filter((conflict) => isAskedFor(conflict, { ...query, before: undefined })).length,
    notices,
    blind,
    dismissed: guard.dismissed(),
    next: rows.length > query.limit ? (page.at(-1)?.id ?? null) : null,
  };
}

const isAskedFor = ({ id, segment, kind }: Conflict, query: ConflictsQuery): boolean =>
  (query.segment === undefined || segment === query.segment) &&
  (query.kind === undefined || kind === query.kind) &&
  (query.before === undefined || id < query.before);

/** A slip of the pen must not look like "none". A segment that is not watched any more may have left conflicts behind. */
function checkSegment({ watch, store }: ConflictsContext, name: string | undefined, open: readonly Conflict[]): void {
  if (name === undefined || open.some(({ segment }) => segment === name)) return;
  const names = watch.all().map(({ watch: { config } }) => config.name);
  if (names.includes(name) || store.conflicts({ state: 'all', segment: name, limit: 1 }).length > 0) return;
  throw new FreeholdError('segment-unknown', `There is no segment "${name}".`, {
    exitCode: EXIT.usage,
    hint: `These are configured: ${names.join(', ') || 'none'}.`,
  });
}

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

/** The last one counts; its note only where it has one. @throws FreeholdError `conflict-unknown`, `conflict-closed` */
export function acknowledgeConflict({ guard, store }: ConflictsContext, id: number, by: string, note: string): ConflictJson {
  const told = printable(note, MOST_NOTE);
  // Whoever has nothing to add does not take away what a colleague wrote.
  const earlier = guard.open().find((candidate) => candidate.id === id)?.acknowledged?.note ?? '';
  const acknowledged = guard.acknowledge(id, printable(by, MOST_BY), told === '' ? earlier : told);
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
