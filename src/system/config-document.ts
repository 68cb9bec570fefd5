/**
 * YAML text -> plain values, with the line of each. Knows YAML and nothing of what the keys mean.
 */
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type ParsedNode,
  parseDocument,
  visit,
} from 'yaml';

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
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true, logLevel: 'error' });
  const problems = new Map<number, DocumentProblem>();
  for (const { pos, code, message } of [...document.errors, ...document.warnings]) {
    const { line } = lines.linePos(pos[0]);
    // One slip makes the parser complain several times; the first complaint about a line is the useful one.
    if (!problems.has(line)) problems.set(line, { line, message: sayProblem(code, message) });
  }
  const lineOf = (path: readonly (string | number)[]): number => lines.linePos(offsetOf(document, path)).line || 1;
  if (problems.size > 0) return { value: null, problems: [...problems.values()], lineOf };
  const unresolved = unresolvedAlias(document);
  if (unresolved !== null) {
    return { value: null, problems: [{ line: lines.linePos(unresolved).line, message: UNRESOLVED }], lineOf };
  }
  try {
    return { value: document.toJS({ maxAliasCount: MOST_ALIASES }), problems: [], lineOf };
  } catch (error) {
    return { value: null, problems: [{ line: 1, message: error instanceof Error ? error.message : String(error) }], lineOf };
  }
}

const QUOTES = 'text that starts with "*" needs quotes, like "*/30 * * * * *"';
const UNRESOLVED = `an alias (*name) of nothing that stands before it; ${QUOTES}`;

/** Where the first one begins; null for none. */
function unresolvedAlias(document: Document.Parsed<ParsedNode>): number | null {
  let offset: number | null = null;
  visit(document, {
    Alias(_key, alias) {
      if (alias.resolve(document) !== undefined) return undefined;
      offset = alias.range?.[0] ?? 0;
      return visit.BREAK;
    },
  });
  return offset;
}

function sayProblem(code: string, message: string): string {
  if (code === 'DUPLICATE_KEY') return 'this key is here twice';
  if (code === 'MULTIPLE_DOCS') return 'expected one YAML document (take the "---" out)';
  // The parser's own words repeat what is there, which may be a secret that needs quotes.
  if (code === 'BAD_ALIAS') return UNRESOLVED;
  if (code === 'TAG_RESOLVE_FAILED') return 'an unknown tag (!name); text that starts with "!" needs quotes';
  const safe = message.replace(/: .*$/s, '');
  return safe.includes('alias') ? `${safe} (${QUOTES})` : safe;
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
