/**
 * The JSON Schema of the configuration file, for editors and `freehold config schema`. Made from the same schema that
 * checks the file, so it cannot lag behind; rules between keys are beyond it.
 */
import { z } from 'zod';
import { documentSchema } from './config-schema.ts';

export const configJsonSchema = (): Readonly<Record<string, unknown>> => ({
  ...z.toJSONSchema(documentSchema, { io: 'input', target: 'draft-2020-12' }),
  title: 'Freehold configuration',
});
