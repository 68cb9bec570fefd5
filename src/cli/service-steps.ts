/**
 * What `freehold service` does to a machine, step by step: each one is said as it is done, and can be taken back while a later one
 * may still fail.
 */
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';

export type StepOutcome = 'done' | 'unchanged' | 'kept' | 'undone';

export interface Step {
  readonly what: string;
  readonly outcome: StepOutcome;
}

export class Steps {
  readonly #say: (line: string) => void;
  readonly #steps: Step[] = [];
  readonly #undos: { readonly what: string; readonly undo: () => void }[] = [];

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  get all(): readonly Step[] {
    return this.#steps;
  }

  /** @param undo how to take it back; where there is none, it is left as it is */
  note(outcome: StepOutcome, what: string, undo?: () => void): void {
    this.#steps.push({ what, outcome });
    this.#say(`  ${outcome.padEnd(9)}  ${what}`);
    if (undo !== undefined) this.#undos.push({ what, undo });
  }

  /** Takes back what can be, the last first. @returns what could not be, each with its reason */
  undo(): readonly string[] {
    const left: string[] = [];
    for (const { what, undo } of this.#undos.splice(0).reverse()) {
      try {
        undo();
        this.note('undone', what);
      } catch (error) {
        left.push(`${what} (${error instanceof Error ? error.message : String(error)})`);
      }
    }
    return left;
  }

  /** Makes the folder and what is above it. */
  folder(path: string, mode: number): void {
    if (existsSync(path)) return;
    const above = dirname(path);
    if (!existsSync(above)) this.folder(above, 0o755);
    mkdirSync(path);
    // Whatever the umask of who calls.
    chmodSync(path, mode);
    this.note('done', `${path}: made`, () => rmdirSync(path));
  }

  /** Writes the file in one go, or leaves it where it says the same. @param group null: the group of who writes */
  file(path: string, text: string, { mode, group = null }: { readonly mode: number; readonly group?: number | null }): boolean {
    const before = existsSync(path) ? readFileSync(path, 'utf8') : null;
    if (before === text) {
      this.note('unchanged', path);
      return false;
    }
    const beforeMode = before === null ? mode : statSync(path).mode & 0o7777;
    this.folder(dirname(path), 0o755);
    replaceFile(path, text, mode, group);
    const undo = before === null ? () => rmSync(path) : () => replaceFile(path, before, beforeMode, null);
    this.note('done', before === null ? `${path}: written` : `${path}: brought up to date`, undo);
    return true;
  }

  /** Keeps the file beside itself. */
  keepCopy(path: string): void {
    const copy = freeName(path);
    renameSync(path, copy);
    this.note('kept', `${path} was changed by hand: it is ${copy} now`, () => renameSync(copy, path));
  }
}

function replaceFile(path: string, text: string, mode: number, group: number | null): void {
  const partial = `${path}.partial`;
  rmSync(partial, { force: true });
  try {
    writeFileSync(partial, text, { mode: 0o600, flag: 'wx' });
    if (group !== null) chownSync(partial, -1, group);
    chmodSync(partial, mode);
    renameSync(partial, path);
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  }
}

/** `.bak`, `.bak2`, `.bak3` …: a copy never replaces another one. */
export function freeName(path: string): string {
  for (let number = 1; ; number++) {
    const candidate = `${path}.bak${number === 1 ? '' : number}`;
    if (!existsSync(candidate)) return candidate;
  }
}
