/**
 * Table `claim` (`ledger.claims`): each claim as it is now, the newest ten thousand. Decides nothing: what has ended stays as it ended.
 */
import type Database from 'better-sqlite3';
import { type StandingClaim, standingOf } from '../core/claim/standing.ts';
import { type Claim, type ClaimState, MAX_CLAIM_BY, MAX_OUTCOME, MAX_OVERRIDDEN, type NewClaim } from '../core/claim/types.ts';
import { decodeClaimProof, decodeClaimRanges, encodeClaimProof, encodeClaimRanges } from './claim-encoding.ts';
import type { ClaimStore, ClaimsFilter } from './claim-types.ts';
import { clip, stamp } from './conflicts.ts';
import { RowCap } from './row-cap.ts';
import { WalSync } from './wal-sync.ts';

/** Beyond that the oldest are forgotten. */
export const MAX_CLAIMS = 10_000;

/** Longest name that Kubernetes allows, and the contract of core/claim/types.ts. */
const MAX_NAME = 253;
const MAX_SERVER = 2048;

type Row = [
  id: number,
  state: ClaimState,
  startedMs: number,
  endedMs: number | null,
  by: string,
  server: string,
  namespace: string,
  pool: string,
  advertisement: string,
  ranges: string,
  proof: string | null,
  overridden: string | null,
  outcome: string,
];
/** What keeps addresses from others; without the proof, which is long. */
type StandingRow = [
  id: number,
  state: ClaimState,
  startedMs: number,
  endedMs: number | null,
  server: string,
  namespace: string,
  pool: string,
  ranges: string,
];
type Begun = [number, string, string, string, string, string, string, string | null, string | null];
type Filter = { readonly state: ClaimState | null; readonly before: number; readonly limit: number };

const COLUMNS =
  'id, state, started, ended, by, server, namespace, pool, advertisement, ranges, proof, overridden, outcome' as const;

export class ClaimTable implements ClaimStore {
  readonly #disk: <T>(work: () => T) => T;
  readonly #sync: WalSync;
  readonly #sql;
  readonly #rows: RowCap;
  /** As it is now; null: not read yet. */
  #standing: readonly StandingClaim[] | null = null;
  readonly #begin: Database.Transaction<(claim: NewClaim) => number>;

  /** @param disk runs a piece of work, and says in words for people what the disk had against it */
  constructor(database: Database.Database, disk: <T>(work: () => T) => T) {
    this.#disk = disk;
    this.#sync = new WalSync(database.name);
    this.#sql = {
      begin: database.prepare<Begun>(
        `INSERT INTO claim (state, started, by, server, namespace, pool, advertisement, ranges, proof, overridden, outcome)
         VALUES ('pushing', ?, ?, ?, ?, ?, ?, ?, ?, ?, '')`,
      ),
      end: database.prepare<[ClaimState, number, string, number]>(
        "UPDATE claim SET state = ?, ended = ?, outcome = ? WHERE id = ? AND state = 'pushing'",
      ),
      one: database.prepare<[number], Row>(`SELECT ${COLUMNS} FROM claim WHERE id = ?`).raw(),
      list: database
        .prepare<[Filter], Row>(
          `SELECT ${COLUMNS} FROM claim WHERE id < @before AND (@state IS NULL OR state = @state) ORDER BY id DESC LIMIT @limit`,
        )
        .raw(),
      standing: database
        .prepare<[], StandingRow>(
          `SELECT id, state, started, ended, server, namespace, pool, ranges FROM claim WHERE state <> 'failed' ORDER BY id DESC`,
        )
        .raw(),
      count: database.prepare<[], number>('SELECT count(*) FROM claim').pluck(),
      dropOldest: database.prepare<[number]>('DELETE FROM claim WHERE id IN (SELECT id FROM claim ORDER BY id LIMIT ?)'),
    };
    this.#rows = new RowCap(MAX_CLAIMS, {
      count: () => this.#sql.count.get() ?? 0,
      dropOldest: (rows) => this.#sql.dropOldest.run(rows).changes,
    });
    this.#begin = database.transaction((claim) => {
      const id = Number(this.#sql.begin.run(...begunOf(claim)).lastInsertRowid);
      this.#rows.enforce(1);
      return id;
    });
  }

  begin(claim: NewClaim): number {
    this.#standing = null;
    return this.#disk(() => {
      try {
        const id = this.#begin.immediate(claim);
        // Committed, so that a killed process loses none; a power cut in the next milliseconds can, as with an alert.
        this.#sync.request();
        return id;
      } catch (error) {
        this.forget();
        throw error;
      }
    });
  }

  end(id: number, state: Exclude<ClaimState, 'pushing'>, outcome: string, atMs: number): Claim | null {
    this.#standing = null;
    return this.#disk(() => {
      if (this.#sql.end.run(state, stamp(atMs), clip(outcome, MAX_OUTCOME), id).changes === 0) return null;
      this.#sync.request();
      return this.#find(id);
    });
  }

  claim(id: number): Claim | null {
    return this.#disk(() => this.#find(id));
  }

  list({ state, before, limit }: ClaimsFilter): Claim[] {
    const filter = { state: state ?? null, before: before ?? Number.MAX_SAFE_INTEGER, limit };
    return this.#disk(() => this.#sql.list.all(filter).map(claimOf));
  }

  standing(): readonly StandingClaim[] {
    this.#standing ??= this.#disk(() => standingOf(this.#sql.standing.all().map(standingRow)).map(rangesRead));
    return this.#standing;
  }

  /** Forgets what memory holds; it is read again when needed. */
  forget(): void {
    this.#rows.forget();
    this.#standing = null;
  }

  #find(id: number): Claim | null {
    const row = this.#sql.one.get(id);
    return row === undefined ? null : claimOf(row);
  }
}

const begunOf = ({ proof, overridden, ...claim }: NewClaim): Begun => [
  stamp(claim.startedMs),
  clip(claim.by, MAX_CLAIM_BY),
  clip(claim.server, MAX_SERVER),
  clip(claim.namespace, MAX_NAME),
  clip(claim.pool, MAX_NAME),
  clip(claim.advertisement, MAX_NAME),
  encodeClaimRanges(claim.ranges),
  proof === null ? null : encodeClaimProof(proof),
  overridden === null ? null : clip(overridden, MAX_OVERRIDDEN),
];

const claimOf = (row: Row): Claim => ({
  id: row[0],
  state: row[1],
  startedMs: row[2],
  endedMs: row[3],
  by: row[4],
  server: row[5],
  namespace: row[6],
  pool: row[7],
  advertisement: row[8],
  ranges: decodeClaimRanges(row[9]),
  proof: row[10] === null ? null : decodeClaimProof(row[10]),
  overridden: row[11],
  outcome: row[12],
});

const standingRow = ([id, state, startedMs, endedMs, server, namespace, pool, text]: StandingRow) => ({
  id,
  state,
  startedMs,
  endedMs,
  server,
  namespace,
  pool,
  text,
});

/** Only of those that stand. */
const rangesRead = ({ state: _, text, ...claim }: ReturnType<typeof standingRow>): StandingClaim => ({
  ...claim,
  ranges: decodeClaimRanges(text),
});
