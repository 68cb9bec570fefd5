/**
 * Objects of custom resources against their schema: defaults filled in, unknown fields found and taken out, values checked, with the
 * words of the real server. Knows the part of JSON schema that a CustomResourceDefinition may use and MetalLB's do.
 */
import { at, isObject, type JsonObject, listAt, numberAt, objectAt, same, textAt, textsAt } from './json.ts';
import type { Cause } from './status.ts';

const below = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`);

export function defaulted(schema: JsonObject, value: unknown): unknown {
  if (Array.isArray(value)) return (value as readonly unknown[]).map((item) => defaulted(objectAt(schema, 'items'), item));
  if (!isObject(value)) return value;
  const result: Record<string, unknown> = { ...value };
  for (const [name, property] of Object.entries(objectAt(schema, 'properties'))) {
    const preset = at(property, 'default');
    if (result[name] === undefined && preset !== undefined) result[name] = structuredClone(preset);
    if (result[name] !== undefined) result[name] = defaulted(objectAt({ property }, 'property'), result[name]);
  }
  const others = at(schema, 'additionalProperties');
  if (isObject(others)) for (const [name, member] of Object.entries(result)) result[name] = defaulted(others, member);
  return result;
}

export interface Known {
  readonly value: unknown;
  /** Paths of fields that the schema does not know. */
  readonly unknown: readonly string[];
}

/** Without what the schema does not know. @param isRoot apiVersion, kind and metadata are known anyway */
export function withoutUnknown(schema: JsonObject, value: unknown, path = '', isRoot = true): Known {
  if (Array.isArray(value)) {
    const items = (value as readonly unknown[]).map((item, index) =>
      withoutUnknown(objectAt(schema, 'items'), item, `${path}[${index}]`, false),
    );
    return { value: items.map((one) => one.value), unknown: items.flatMap((one) => one.unknown) };
  }
  if (!isObject(value) || at(schema, 'x-kubernetes-preserve-unknown-fields') === true) return { value, unknown: [] };
  const result: Record<string, unknown> = {};
  const unknown: string[] = [];
  const others = at(schema, 'additionalProperties');
  for (const [name, member] of Object.entries(value)) {
    const property = at(schema, 'properties', name) ?? (others === true ? {} : others);
    if (isRoot && ['apiVersion', 'kind', 'metadata'].includes(name)) {
      result[name] = member;
    } else if (isObject(property)) {
      const inner = withoutUnknown(property, member, below(path, name), false);
      result[name] = inner.value;
      unknown.push(...inner.unknown);
    } else {
      unknown.push(below(path, name));
    }
  }
  return { value: result, unknown };
}

const typeOf = (value: unknown): string => {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
};

const fits = (value: unknown, type: string): boolean =>
  typeOf(value) === type || (type === 'number' && typeOf(value) === 'integer');

/** @param old the value that was there, for rules of change */
export function causesOf(schema: JsonObject, value: unknown, old: unknown, path = ''): readonly Cause[] {
  const type = textAt(schema, 'type');
  if (value === null && at(schema, 'nullable') === true) return [];
  if (at(schema, 'x-kubernetes-int-or-string') === true)
    return fits(value, 'integer') || typeof value === 'string' ? [] : [wrongType(path, 'integer,string', value)];
  if (type !== undefined && !fits(value, type)) return [wrongType(path, type, value)];
  const causes = [...limitsOf(schema, value, path), ...rulesOf(schema, value, old, path)];
  if (Array.isArray(value)) {
    const items = (value as readonly unknown[]).flatMap((item, index) =>
      causesOf(objectAt(schema, 'items'), item, undefined, `${path}[${index}]`),
    );
    return [...causes, ...items];
  }
  if (!isObject(value)) return causes;
  const missing = textsAt(schema, 'required').filter((name) => value[name] === undefined);
  const members = Object.entries(value).flatMap(([name, member]) => {
    const property = at(schema, 'properties', name) ?? at(schema, 'additionalProperties');
    if (path === '' && name === 'metadata') return [];
    return isObject(property) ? causesOf(property, member, at(old, name), below(path, name)) : [];
  });
  return [
    ...causes,
    ...missing.map((name) => ({ reason: 'FieldValueRequired', message: 'Required value', field: below(path, name) })),
    ...members,
  ];
}

const wrongType = (field: string, wanted: string, value: unknown): Cause => {
  const type = typeOf(value);
  return {
    reason: 'FieldValueTypeInvalid',
    message: `Invalid value: "${type}": ${field} in body must be of type ${wanted}: "${type}"`,
    field,
  };
};

function limitsOf(schema: JsonObject, value: unknown, field: string): readonly Cause[] {
  const invalid = (shown: string, why: string): Cause => ({
    reason: 'FieldValueInvalid',
    message: `Invalid value: ${shown}: ${field} in body ${why}`,
    field,
  });
  const causes: Cause[] = [];
  const allowed = listAt(schema, 'enum');
  if (allowed.length > 0 && !allowed.some((one) => same(one, value))) {
    const supported = allowed.map((one) => JSON.stringify(one)).join(', ');
    causes.push({
      reason: 'FieldValueNotSupported',
      message: `Unsupported value: ${JSON.stringify(value)}: supported values: ${supported}`,
      field,
    });
  }
  const [least, most] = [numberAt(schema, 'minimum'), numberAt(schema, 'maximum')];
  if (typeof value === 'number') {
    if (least !== undefined && value < least) causes.push(invalid(String(value), `should be greater than or equal to ${least}`));
    if (most !== undefined && value > most) causes.push(invalid(String(value), `should be less than or equal to ${most}`));
  }
  const pattern = textAt(schema, 'pattern');
  if (typeof value === 'string' && pattern !== undefined && !new RegExp(pattern).test(value)) {
    causes.push(invalid(JSON.stringify(value), `should match '${pattern}'`));
  }
  const [shortest, fewest] = [numberAt(schema, 'minLength'), numberAt(schema, 'minItems')];
  if (typeof value === 'string' && shortest !== undefined && value.length < shortest) {
    causes.push(invalid(JSON.stringify(value), `should be at least ${shortest} chars long`));
  }
  if (Array.isArray(value) && fewest !== undefined && value.length < fewest) {
    causes.push(invalid(String(value.length), `should have at least ${fewest} items`));
  }
  return causes;
}

/** Of all rules that could be written only the one that a value never changes. */
function rulesOf(schema: JsonObject, value: unknown, old: unknown, field: string): readonly Cause[] {
  return listAt(schema, 'x-kubernetes-validations').flatMap((rule) => {
    if (textAt(rule, 'rule') !== 'self == oldSelf' || old === undefined || same(value, old)) return [];
    const message = `Invalid value: "${typeOf(value)}": ${textAt(rule, 'message') ?? 'failed rule: self == oldSelf'}`;
    return [{ reason: 'FieldValueInvalid', message, field }];
  });
}

/** What keeps a configuration from being applied at all: the first field that is unknown or of another type, in the applier's words. */
export function untypable(schema: JsonObject, value: unknown, path = ''): string | null {
  const type = textAt(schema, 'type');
  if (value === null) return null;
  if (type === 'array') {
    if (!Array.isArray(value)) return `${path}: expected list, got &{${String(value)}}`;
    for (const item of value) {
      const found = untypable(objectAt(schema, 'items'), item, path);
      if (found !== null) return found;
    }
    return null;
  }
  if (type === 'object') {
    if (!isObject(value)) return `${path}: expected map, got &{${Array.isArray(value) ? `[${value.join(' ')}]` : String(value)}}`;
    const others = at(schema, 'additionalProperties');
    for (const [name, member] of Object.entries(value)) {
      if (path === '' && ['apiVersion', 'kind', 'metadata'].includes(name)) continue;
      const property = at(schema, 'properties', name) ?? (others === true ? {} : others);
      if (!isObject(property)) {
        if (at(schema, 'x-kubernetes-preserve-unknown-fields') === true) continue;
        return `${path}.${name}: field not declared in schema`;
      }
      const found = untypable(property, member, `${path}.${name}`);
      if (found !== null) return found;
    }
    return null;
  }
  if (type === undefined || fits(value, type)) return null;
  const expected = type === 'integer' || type === 'number' ? 'numeric (int or float)' : type;
  return `${path}: expected ${expected}, got ${goTypeOf(value)}`;
}

const goTypeOf = (value: unknown): string =>
  ({
    integer: 'int64',
    number: 'float64',
    boolean: 'bool',
    string: 'string',
    array: '[]interface {}',
    object: 'map[string]interface {}',
  })[typeOf(value)] ?? 'nil';
