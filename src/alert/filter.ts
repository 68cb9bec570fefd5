/** Which channels are to be told of what: their `minSeverity` and `kinds`. Pure. */
import { CONFLICT_KINDS, type ConflictChange, type ConflictKind, type Severity, severityOf } from '../core/conflict/types.ts';
import type { ChannelConfig } from '../system/config-types.ts';

type Filter = Pick<ChannelConfig, 'name' | 'minSeverity' | 'kinds'>;

const RANK: Readonly<Record<Severity, number>> = { notice: 0, warning: 1, critical: 2 };

/** Kinds that others come from. */
const ESCALATING: readonly ConflictKind[] = ['imminent', 'squatter'];

export const isConflictKind = (text: string): text is ConflictKind => CONFLICT_KINDS.some((kind) => kind === text);

export const wantsKind = (filter: Filter, kind: ConflictKind): boolean =>
  RANK[severityOf(kind)] >= RANK[filter.minSeverity] && (filter.kinds?.includes(kind) ?? true);

/**
 * Names of the channels that are to tell of this change. Who was told of a conflict as it was before is told what it became; and
 * that it is over, whatever it was in between.
 */
export function channelsFor(filters: readonly Filter[], { event, conflict, from }: ConflictChange): string[] {
  // A close that is the third or later follows an escalation; from which kind, a closed conflict does not tell.
  const before: readonly ConflictKind[] = event === 'closed' && conflict.seq >= 3 ? ESCALATING : from === null ? [] : [from];
  if (event === 'updated' || event === 'acknowledged') return [];
  return filters.filter((filter) => [conflict.kind, ...before].some((kind) => wantsKind(filter, kind))).map(({ name }) => name);
}
