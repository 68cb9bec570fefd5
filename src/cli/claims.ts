/**
 * `freehold claims`: what was pushed with `freehold apply`, by whom and on which proof. Asks the daemon, or reads a copy of its ledger
 * where none runs. Changes nothing.
 */
import type { ClaimState } from '../core/claim/types.ts';
import { EXIT, type ExitCode, FreeholdError } from '../core/error.ts';
import type { ClaimsAnswer } from '../http/claim-service.ts';
import { type ConnectOptions, connect } from './connect.ts';
import type { Output } from './output.ts';

export interface ClaimsOptions extends ConnectOptions {
  readonly state?: ClaimState | undefined;
  readonly limit?: number | undefined;
  /** Whose ledger is read where no daemon runs. */
  readonly config?: string | undefined;
  readonly json?: boolean | undefined;
}

const DEFAULT_LIMIT = 20;

/** Exit 0, also where there is none. */
export async function claimsCommand(
  options: ClaimsOptions,
  output: Output,
  env: NodeJS.ProcessEnv = process.env,
): Promise<ExitCode> {
  const { state, limit = DEFAULT_LIMIT } = options;
  const answer = await askDaemon(options, limit).catch((error: unknown) => {
    if (!mayReadLedger(error, options, env)) throw error;
    return readLedger(options, limit, output);
  });
  if (options.json) {
    output.json(answer);
  } else {
    const { claimsText } = await import('./claims-text.ts');
    output.text(claimsText(answer, output.colors, state));
  }
  return EXIT.ok;
}

const askDaemon = async (options: ClaimsOptions, limit: number): Promise<ClaimsAnswer> =>
  connect(options).get<ClaimsAnswer>('/claims', { state: options.state, limit });

/** Whoever names a daemon means that one. */
const mayReadLedger = (error: unknown, { url, socket }: ClaimsOptions, env: NodeJS.ProcessEnv): boolean =>
  error instanceof FreeholdError &&
  error.code === 'daemon-unreachable' &&
  url === undefined &&
  socket === undefined &&
  (env['FREEHOLD_URL'] ?? '') === '';

/** @throws FreeholdError `ledger-missing`, `ledger-locked` where a daemon runs after all, `ledger-not-readable`, ... */
async function readLedger({ config: path, state }: ClaimsOptions, limit: number, output: Output): Promise<ClaimsAnswer> {
  const { loadConfig } = await import('../system/config.ts');
  const { openLedgerCopy } = await import('../ledger/copy.ts');
  const { createClaims } = await import('../http/answers/claims.ts');
  const { ledger: place } = loadConfig(path ?? null).config;
  const now = Date.now();
  const { ledger, remove } = openLedgerCopy(place.path, { nowMs: now });
  try {
    output.note(`freehold: no daemon answers; this is what its ledger ${place.path} holds.`);
    return createClaims({ store: ledger.claims, now: () => now }).claims({ state, limit, before: undefined });
  } finally {
    remove();
  }
}
