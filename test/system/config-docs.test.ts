import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { configJsonSchema } from '../../src/system/config-json-schema.ts';
import { problemsOf } from './config-problems.ts';

const text = readFileSync(join(import.meta.dirname, '../../docs/configuration.md'), 'utf8');
const examples = [...text.matchAll(/^```yaml\n(.*?)^```/gms)].map(([, example]) => example ?? '');

/** Every name under `properties`, at any depth. */
function keysOf(schema: unknown): readonly string[] {
  if (Array.isArray(schema)) return schema.flatMap(keysOf);
  if (typeof schema !== 'object' || schema === null) return [];
  return Object.entries(schema).flatMap(([key, value]) =>
    key === 'properties' ? [...Object.keys(value as object), ...Object.values(value as object).flatMap(keysOf)] : keysOf(value),
  );
}

describe('docs/configuration.md', () => {
  it('has examples that are good', () => {
    expect(examples.length).toBeGreaterThanOrEqual(2);
    expect(examples.map(problemsOf)).toEqual(examples.map(() => []));
  });

  it('names every key', () => {
    const keys = [...new Set(keysOf(configJsonSchema()))];
    expect(keys.length).toBeGreaterThan(50);
    const written = new Set(text.match(/[A-Za-z]+/g));
    expect(keys.filter((key) => !written.has(key))).toEqual([]);
  });
});
