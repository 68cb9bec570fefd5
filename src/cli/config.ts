/**
 * `freehold config check|print|schema`: whether the daemon would accept its configuration, and what it makes of it. Reads one
 * file; starts nothing.
 */
import { EXIT, type ExitCode, FreeholdError } from '../core/error.ts';
import { loadConfig } from '../system/config.ts';
import { ConfigError } from '../system/config-error.ts';
import { configWarnings } from '../system/config-warnings.ts';
import type { Output } from './output.ts';
import { count } from './words.ts';

export interface ConfigOptions {
  /** null: the default path, if there is such a file. */
  readonly config: string | null;
  readonly json?: boolean | undefined;
}

/** Exit 0 where it is good, with warnings too; 2 where it is not. With --json the problems are the answer, on stdout. */
export function configCheckCommand(options: ConfigOptions, output: Output): ExitCode {
  try {
    const { config, source } = loadConfig(options.config);
    const warnings = configWarnings(config);
    const segments = config.segments.length;
    if (options.json) output.json({ valid: true, path: source.path, source: source.kind, segments, problems: [], warnings });
    else if (source.kind === 'defaults') output.text(`There is no ${source.path}: the defaults hold, and nothing is probed.`);
    else output.text(`${source.path} is good: ${count(segments, 'segment')}.`);
    if (!options.json) for (const warning of warnings) output.note(`warning: ${warning}`);
    return EXIT.ok;
  } catch (error) {
    if (!options.json || !(error instanceof FreeholdError)) throw error;
    const problems = error instanceof ConfigError ? error.problems : [{ line: null, path: '', message: error.message }];
    output.json({ valid: false, code: error.code, problems });
    return error.exitCode;
  }
}

/** The effective configuration, defaults filled in: YAML, or JSON with --json. */
export async function configPrintCommand(options: ConfigOptions, output: Output): Promise<ExitCode> {
  const { config } = loadConfig(options.config);
  const { configAsWritten, printConfig } = await import('../system/config-print.ts');
  if (options.json) output.json(configAsWritten(config));
  else output.text(printConfig(config));
  return EXIT.ok;
}

/** The JSON Schema of the file, for editors. */
export async function configSchemaCommand(output: Output): Promise<ExitCode> {
  const { configJsonSchema } = await import('../system/config-json-schema.ts');
  output.json(configJsonSchema());
  return EXIT.ok;
}
