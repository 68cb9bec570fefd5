/**
 * Where a command writes: the answer on stdout (text, or one JSON document), everything else on stderr. Decides about colour.
 * Tables are in table.ts, the progress bar in progress.ts: both are loaded only when they are shown.
 */
import pc from 'picocolors';

export type Colors = ReturnType<typeof pc.createColors>;

export interface OutputStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export interface Output {
  readonly colors: Colors;
  /** stderr is a terminal: progress can be shown and questions asked there. */
  readonly interactive: boolean;
  /** The answer, for a person. Ends in a newline. */
  text(text: string): void;
  /** The answer, for a program. */
  json(value: unknown): void;
  /** Beside the answer. */
  note(text: string): void;
}

/** Colour on a terminal only; NO_COLOR (no-color.org: any value that is not empty) and TERM=dumb turn it off. */
export const wantsColor = (stream: OutputStream, env: NodeJS.ProcessEnv): boolean =>
  stream.isTTY === true && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';

const line = (text: string): string => (text.endsWith('\n') ? text : `${text}\n`);

export function createOutput(stdout: OutputStream, stderr: OutputStream, env: NodeJS.ProcessEnv): Output {
  return {
    colors: pc.createColors(wantsColor(stdout, env)),
    interactive: stderr.isTTY === true && env['TERM'] !== 'dumb',
    text: (text) => void stdout.write(line(text)),
    json: (value) => void stdout.write(`${JSON.stringify(value, null, 2)}\n`),
    note: (text) => void stderr.write(line(text)),
  };
}

export const createProcessOutput = (): Output => createOutput(process.stdout, process.stderr, process.env);
