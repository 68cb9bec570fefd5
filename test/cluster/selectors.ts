/** Label and field selectors: as the query of a list has them, and as objects hold them (LabelSelector). */
import { at, type JsonObject, type KubeJson, listAt, nameOf, namespaceOf, objectAt, textAt, textMapAt, textsAt } from './json.ts';
import { badRequest } from './status.ts';

export type Matches = (object: KubeJson) => boolean;
type Labels = Readonly<Record<string, string>>;

const SET_TERM = /^(\S+)\s+(in|notin)\s*\(([^)]*)\)$/;
const EQUALITY_TERM = /^([^\s=!]+)\s*(!=|==|=)\s*([^\s=!]*)$/;

/** @throws ApiError 400 for what is no selector */
export function parseLabelSelector(text: string): (labels: Labels) => boolean {
  const terms = splitTerms(text).map(parseTerm);
  return (labels) => terms.every((holds) => holds(labels));
}

/** At commas outside of parentheses. */
const splitTerms = (text: string): readonly string[] =>
  (text.match(/(?:[^,(]|\([^)]*\)?)+/g) ?? []).map((term) => term.trim()).filter((term) => term !== '');

function parseTerm(term: string): (labels: Labels) => boolean {
  const set = SET_TERM.exec(term);
  if (set !== null) {
    const [, key = '', operator, values = ''] = set;
    const known = new Set(values.split(',').map((value) => value.trim()));
    return (labels) => known.has(labels[key] ?? '\0') === (operator === 'in');
  }
  const equality = EQUALITY_TERM.exec(term);
  if (equality !== null) {
    const [, key = '', operator, value] = equality;
    return (labels) => (labels[key] === value) === (operator !== '!=');
  }
  if (/^!?[\w./-]+$/.test(term)) {
    const key = term.replace(/^!/, '');
    return (labels) => key in labels !== term.startsWith('!');
  }
  throw badRequest(`unable to parse requirement: found '${term}', expected: in, notin, =, ==, !=, gt, lt`);
}

/** `metadata.name=x`; of built-in kinds any text in the object, of custom ones only name and namespace. */
export function parseFieldSelector(text: string, custom: boolean): Matches {
  const terms = splitTerms(text).map((term) => {
    const parsed = EQUALITY_TERM.exec(term);
    if (parsed === null) throw badRequest(`invalid selector: '${term}'; can't understand '${term}'`);
    const [, key = '', operator, value = ''] = parsed;
    if (custom && key !== 'metadata.name' && key !== 'metadata.namespace') throw badRequest(`field label not supported: ${key}`);
    return (object: KubeJson): boolean => (String(at(object, ...key.split('.')) ?? '') === value) === (operator !== '!=');
  });
  return (object) => terms.every((holds) => holds(object));
}

/** What a list or watch asks for. */
export function parseSelectors(query: URLSearchParams, custom: boolean, namespace: string | undefined): Matches {
  const labels = parseLabelSelector(query.get('labelSelector') ?? '');
  const fields = parseFieldSelector(query.get('fieldSelector') ?? '', custom);
  return (object) =>
    (namespace === undefined || namespaceOf(object) === namespace) && labels(object.metadata.labels ?? {}) && fields(object);
}

/** LabelSelector of meta/v1; an empty one matches everything. */
export function selects(selector: JsonObject, labels: Labels): boolean {
  if (!Object.entries(textMapAt(selector, 'matchLabels')).every(([key, value]) => labels[key] === value)) return false;
  return listAt(selector, 'matchExpressions').every((one) => {
    const key = textAt(one, 'key') ?? '';
    const has = textsAt(one, 'values').includes(labels[key] ?? '\0');
    switch (textAt(one, 'operator')) {
      case 'In':
        return has;
      case 'NotIn':
        return !has;
      case 'Exists':
        return key in labels;
      case 'DoesNotExist':
        return !(key in labels);
      default:
        return false;
    }
  });
}

/** Any of them; none at all: everything. */
export const selectsAny = (selectors: readonly unknown[], labels: Labels): boolean =>
  selectors.length === 0 || selectors.some((one) => selects(objectAt({ one }, 'one'), labels));

export const isNamed =
  (name: string, namespace?: string): Matches =>
  (object) =>
    nameOf(object) === name && (namespace === undefined || namespaceOf(object) === namespace);
