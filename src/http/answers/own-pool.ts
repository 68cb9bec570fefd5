/** The pool that a question is asked for, from its query. */
import type { OwnPool } from '../../core/claim/standing.ts';
import type { OwnPoolQuery } from '../service.ts';

export const ownPoolOf = ({ pool, poolServer, poolNamespace }: OwnPoolQuery): OwnPool | null =>
  pool === undefined ? null : { pool, server: poolServer ?? null, namespace: poolNamespace ?? null };
