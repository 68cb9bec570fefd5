/**
 * A text that is read into a value, as a schema: what the configuration file and the HTTP parameters have in common.
 */
import { z } from 'zod';
import type { Result } from '../core/result.ts';

/** Goes into JSON Schema and OpenAPI as it is. */
export type FieldMeta = Readonly<Record<string, unknown>> & { readonly description: string };

/** The error of a schema, in the words "expected ..."; whoever shows it adds what was given. */
export const expects = (what: string): { readonly error: () => string } => ({ error: () => `expected ${what}` });

/** @param read returns a whole message where it cannot: "expected ...", or one that holds what was given. */
export const textField = <T>(what: string, meta: FieldMeta, read: (text: string) => Result<T>) =>
  z
    .string(expects(what))
    .transform((text, context): T => {
      const value = read(text);
      if (value.ok) return value.value;
      context.addIssue({ code: 'custom', message: value.error });
      return z.NEVER;
    })
    .meta(meta);
