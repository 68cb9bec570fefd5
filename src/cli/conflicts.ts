/**
 * `freehold conflicts`: who has, or is about to take, an address of a pool. `freehold conflicts acknowledge ID`: say that it has
 * been seen. Asks the daemon; judges nothing itself.
 */
import type { ConflictKind } from '../core/conflict/types.ts';
import { EXIT, type ExitCode } from '../core/error.ts';
import { printable } from '../core/text.ts';
import type { ConflictJson, ConflictsAnswer } from '../http/guard-service.ts';
import { type ConnectOptions, connect } from './connect.ts';
import { usageError } from './exit.ts';
import type { Output } from './output.ts';

export interface ConflictsOptions extends ConnectOptions {
  /** Open and closed. */
  readonly all?: boolean | undefined;
  readonly closed?: boolean | undefined;
  readonly segment?: string | undefined;
  readonly kind?: ConflictKind | undefined;
  readonly limit?: number | undefined;
  /** Every column, nothing cut. */
  readonly wide?: boolean | undefined;
  readonly json?: boolean | undefined;
}

/**
 * Exit 3 where a conflict is open, of the segment and kind that were asked for, and where nothing of it can be heard (no pool, no
 * segment, all of them blind): "none is open" would then be no answer. Exit 0 where none is.
 */
export async function conflictsCommand(options: ConflictsOptions, output: Output): Promise<ExitCode> {
  const { segment, kind, limit, wide = false } = options;
  if (options.all && options.closed) throw usageError('--all and --closed are two different questions');
  const state = options.all ? 'all' : options.closed ? 'closed' : 'open';
  const answer = await connect(options).get<ConflictsAnswer>('/conflicts', { state, segment, kind, limit });
  if (options.json) {
    output.json(answer);
  } else {
    const { conflictsText } = await import('./conflicts-text.ts');
    output.text(conflictsText(answer, output.colors, { asked: { segment, kind }, wide }));
  }
  return answer.openMatching > 0 || answer.blind ? EXIT.no : EXIT.ok;
}

export interface AcknowledgeOptions extends ConnectOptions {
  readonly by?: string | undefined;
  readonly note?: string | undefined;
  readonly json?: boolean | undefined;
}

/** Who asks: behind sudo too. */
export const whoAcknowledges = (env: NodeJS.ProcessEnv): string =>
  [env['SUDO_USER'], env['USER'], env['LOGNAME']].map((name) => printable(name ?? '', 64)).find((name) => name !== '') ?? 'cli';

export async function acknowledgeCommand(id: number, options: AcknowledgeOptions, output: Output): Promise<ExitCode> {
  const { by = whoAcknowledges(process.env), note } = options;
  const body = { by, ...(note === undefined ? {} : { note }) };
  const conflict = await connect(options).post<ConflictJson>(`/conflicts/${id}/acknowledge`, body);
  if (options.json) {
    output.json(conflict);
  } else {
    const { acknowledgedText } = await import('./conflicts-text.ts');
    output.text(acknowledgedText(conflict));
  }
  return EXIT.ok;
}
