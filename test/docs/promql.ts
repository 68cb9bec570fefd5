/**
 * What a PromQL expression refers to: metrics, the labels that are asked of each, and the labels that its result has. Not a parser:
 * it knows what the rules and the dashboard use, and refuses the rest.
 */

const FUNCTIONS = new Set([
  'absent',
  'clamp_min',
  'count',
  'histogram_quantile',
  'increase',
  'label_values',
  'max',
  'min',
  'rate',
  'sum',
  'time',
  'vector',
]);
const OPERATORS = new Set(['and', 'or', 'unless', 'bool']);
/** What Prometheus adds to every series. */
export const TARGET_LABELS: readonly string[] = ['job', 'instance'];

export interface Reference {
  readonly metric: string;
  /** That selectors ask for. */
  readonly labels: readonly string[];
}

export interface Expression {
  readonly references: readonly Reference[];
  /** In `by`, `on` and `group_left`. */
  readonly grouping: readonly string[];
  /** Of the outermost aggregation; null where there is none, and the result has the labels of its metrics. */
  readonly resultLabels: readonly string[] | null;
}

const split = (list: string): string[] =>
  list
    .split(',')
    .map((label) => label.trim())
    .filter((label) => label !== '');

/** @throws Error for what it does not know */
export function readPromql(text: string): Expression {
  const depths = { '(': 0, '[': 0, '{': 0 };
  for (const character of text.replaceAll(/"[^"]*"/g, '')) {
    if (character === '(' || character === '[' || character === '{') depths[character]++;
    if (character === ')') depths['(']--;
    if (character === ']') depths['[']--;
    if (character === '}') depths['{']--;
    if (Object.values(depths).some((depth) => depth < 0)) break;
  }
  if (Object.values(depths).some((depth) => depth !== 0)) throw new Error(`brackets that do not match: ${text}`);

  const references: Reference[] = [];
  const grouping: string[] = [];
  const by: string[][] = [];
  let rest = text.replaceAll(/"[^"]*"/g, '""').replaceAll(/\[(\d+[smhd]|\$__rate_interval)\]/g, ' ');
  rest = rest.replaceAll(/\b(by|on|group_left) ?\(([^()]*)\)/g, (_, keyword: string, list: string) => {
    grouping.push(...split(list));
    if (keyword === 'by') by.push(split(list));
    return ' ';
  });
  rest = rest.replaceAll(/([a-zA-Z_:][\w:]*) ?\{([^{}]*)\}/g, (_, metric: string, selectors: string) => {
    const labels = split(selectors).map((selector) => /^(\w+)(=|!=|=~|!~)""$/.exec(selector)?.[1]);
    if (labels.includes(undefined)) throw new Error(`no selector in {${selectors}}: ${text}`);
    references.push({ metric, labels: labels.flatMap((label) => label ?? []) });
    return ' ';
  });
  for (const [word, call] of [...rest.matchAll(/[a-zA-Z_:][\w:]*(\s*\()?/g)].map(([whole, call]) => [whole, call] as const)) {
    const name = word.replace(/\s*\($/, '');
    if (call !== undefined && !OPERATORS.has(name)) {
      if (!FUNCTIONS.has(name)) throw new Error(`no function that is known: ${name} in ${text}`);
    } else if (!OPERATORS.has(name)) {
      references.push({ metric: name, labels: [] });
    }
  }
  const leftover = rest.replaceAll(/[a-zA-Z_:][\w:]*|\d+(\.\d+)?|[()+\-*/<>=!,\s]/g, '');
  if (leftover !== '') throw new Error(`not understood: ${leftover} in ${text}`);
  const aggregates = /\b(sum|max|min|count)\b/.test(rest);
  return { references, grouping, resultLabels: aggregates ? (by.flat() ?? []) : null };
}
