/**
 * YAML text -> plain values, with the line of each. Knows YAML and nothing of what the keys mean.
 */
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, type ParsedNode, parseDocument } from 'yaml';

export interface DocumentProblem {
  readonly line: number;
  readonly message: string;
}

export interface ConfigDocument {
  readonly value: unknown;
  /** Problems of the YAML itself; `value` is null where there is one. */
  readonly problems: readonly DocumentProblem[];
  /** The line, from 1, of the key or list item at `path`, or of the nearest thing around it. */
  lineOf(path: readonly (string | number)[]): number;
}

/** A file with more aliases than this is not a configuration but a "billion laughs". */
const MOST_ALIASES = 100;

export function readDocument(text: string): ConfigDocument {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const problems = new Map<number, DocumentProblem>();
  for (const { pos, code, message } of [...document.errors, ...document.warnings]) {
    const { line } = lines.linePos(pos[0]);
    // One slip makes the parser complain several times; the first complaint about a line is the useful one.
    if (!problems.has(line)) problems.set(line, { line, message: sayProblem(code, message) });
  }
  const lineOf = (path: readonly (string | number)[]): number => lines.linePos(offsetOf(document, path)).line || 1;
  if (problems.size > 0) return { value: null, problems: [...problems.values()], lineOf };
  try {
    return { value: document.toJS({ maxAliasCount: MOST_ALIASES }), problems: [], lineOf };
  } catch (error) {
    return { value: null, problems: [{ line: 1, message: error instanceof Error ? error.message : String(error) }], lineOf };
  }
}

function sayProblem(code: string, message: string): string {
  if (code === 'DUPLICATE_KEY') return 'this key is here twice';
  if (code === 'MULTIPLE_DOCS') return 'expected one YAML document (take the "---" out)';
  if (message.includes('alias')) return `${message} (text that starts with "*" needs quotes, like "*/30 * * * * *")`;
  return message;
}

function offsetOf(document: Document.Parsed<ParsedNode>, path: readonly (string | number)[]): number {
  let node: Node | null = document.contents;
  let offset = node?.range?.[0] ?? 0;
  for (const step of path) {
    if (isAlias(node)) node = node.resolve(document) ?? null;
    let next: unknown;
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step));
      if (pair === undefined) break;
      if (isScalar(pair.key)) offset = pair.key.range?.[0] ?? offset;
      next = pair.value;
    } else if (isSeq(node) && typeof step === 'number') {
      next = node.items[step];
      if (isNode(next)) offset = next.range?.[0] ?? offset;
    }
    if (!isNode(next)) break;
    node = next;
  }
  return offset;
}

const isNode = (value: unknown): value is Node => isAlias(value) || isMap(value) || isSeq(value) || isScalar(value);
