/** Which channels are to be told of what: their `minSeverity` and `kinds`. Pure. */
import { CONFLICT_KINDS, type ConflictChange, type ConflictKind, type Severity, severityOf } from '../core/conflict/types.ts';
import type { ChannelConfig } from '../system/config-types.ts';

type Filter = Pick<ChannelConfig, 'name' | 'minSeverity' | 'kinds'>;

const RANK: Readonly<Record<Severity, number>> = { notice: 0, warning: 1, critical: 2 };

export const isConflictKind = (text: string): text is ConflictKind => CONFLICT_KINDS.some((kind) => kind === text);

export const wantsKind = (filter: Filter, kind: ConflictKind): boolean =>
  RANK[severityOf(kind)] >= RANK[filter.minSeverity] && (filter.kinds?.includes(kind) ?? true);

/**
 * Names of the channels that are to tell of this change. Who was told of a conflict as it was before is told what became of it.
 */
export function channelsFor(filters: readonly Filter[], { event, conflict, from }: ConflictChange): string[] {
  if (event === 'updated' || event === 'acknowledged') return [];
  return filters
    .filter((filter) => wantsKind(filter, conflict.kind) || (from !== null && wantsKind(filter, from)))
    .map(({ name }) => name);
}
