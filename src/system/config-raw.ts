/**
 * A configuration as written, read without trust: for the rules between its values. A value of the wrong kind is simply not
 * there; config-schema.ts tells of it.
 */
import type { z } from 'zod';

export interface RuleProblem {
  readonly path: readonly (string | number)[];
  /** "expected ..." has what was given put behind it; any other message stands as it is. */
  readonly message: string;
}

export type Raw = Readonly<Record<string, unknown>>;

export const isRaw = (value: unknown): value is Raw => typeof value === 'object' && value !== null && !Array.isArray(value);
export const asRaw = (value: unknown): Raw => (isRaw(value) ? value : {});
export const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

export const read = <Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> | undefined => {
  const parsed = schema.safeParse(value);
  return parsed.success ? parsed.data : undefined;
};

/** Names of a list's items that an earlier item has already; `where` is the list's path. */
export function duplicateNames(items: readonly unknown[], where: readonly string[]): RuleProblem[] {
  const first = new Map<string, number>();
  return items.flatMap((item, index) => {
    const name = asRaw(item)['name'];
    if (typeof name !== 'string') return [];
    const earlier = first.get(name);
    if (earlier === undefined) {
      first.set(name, index);
      return [];
    }
    return [
      { path: [...where, index, 'name'], message: `expected a name of its own (${where.at(-1)}[${earlier}] has it already)` },
    ];
  });
}
