/**
 * `freehold config check|print|schema`: whether the daemon would accept its configuration, and what it makes of it. Reads one
 * file, and looks whether what that names is there; starts nothing.
 */
import { userInfo } from 'node:os';
import { EXIT, type ExitCode, FreeholdError } from '../core/error.ts';
import { type LoadedConfig, loadConfig } from '../system/config.ts';
import { ConfigError } from '../system/config-error.ts';
import { checkFiles, type FileProblem } from '../system/config-files.ts';
import { DEFAULT_CONFIG_PATH } from '../system/config-schema.ts';
import { configNotes, configWarnings } from '../system/config-warnings.ts';
import type { Output } from './output.ts';
import { count } from './words.ts';

export interface ConfigOptions {
  /** null: the default path, if there is such a file. */
  readonly config: string | null;
  readonly json?: boolean | undefined;
}

/**
 * Exit 0 where it is good, with warnings too; 2 where it is not, or names what is not there. With --json the problems are the
 * answer, on stdout.
 */
export function configCheckCommand(options: ConfigOptions, output: Output): ExitCode {
  const path = options.config ?? DEFAULT_CONFIG_PATH;
  let loaded: LoadedConfig;
  try {
    loaded = loadConfig(options.config);
  } catch (error) {
    if (!options.json || !(error instanceof FreeholdError)) throw error;
    const problems = error instanceof ConfigError ? error.problems : [{ line: null, path: '', message: error.message }];
    output.json({ valid: false, path, code: error.code, problems });
    return error.exitCode;
  }
  const { config, source } = loaded;
  const files = checkFiles(config);
  const warnings = [...configWarnings(config), ...files.warnings];
  const notes = configNotes(config);
  const counts = {
    segments: config.segments.length,
    pools: config.metallb.pools.length,
    speakers: config.metallb.speakers.length,
    channels: config.alerts.channels.length,
  };
  const refused = files.problems.length === 0 ? null : unusable(path, files.problems);
  if (options.json) {
    const found = { path, source: source.kind, ...counts };
    const problems = files.problems.map((problem) => ({ line: null, ...problem }));
    output.json(
      refused === null
        ? { valid: true, ...found, problems, warnings, notes }
        : { valid: false, code: refused.code, ...found, problems, warnings, notes },
    );
    return refused?.exitCode ?? EXIT.ok;
  }
  for (const warning of warnings) output.note(`warning: ${warning}`);
  for (const note of notes) output.note(`note: ${note}`);
  if (refused !== null) throw refused;
  if (source.kind === 'defaults') {
    output.text(`There is no ${source.path}: the defaults hold, and nothing is probed.`);
  } else {
    const { segments, pools, speakers, channels } = counts;
    output.text(
      `${source.path} is good: ${count(segments, 'segment')}, ${count(pools, 'pool')}, ${count(speakers, 'speaker')}, ${count(channels, 'alert channel')}.`,
    );
  }
  return EXIT.ok;
}

function unusable(path: string, problems: readonly FileProblem[]): FreeholdError {
  const lines = problems.map((problem) => `\n  ${problem.path}: ${problem.message}`).join('');
  return new FreeholdError('config-files-unusable', `The daemon would not start with ${path}:${lines}`, {
    exitCode: EXIT.usage,
    hint: `Checked as user ${userName()}; the service is another one: sudo -u freehold freehold config check`,
  });
}

/** A container may run as a user that has no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.geteuid?.() ?? 'unknown');
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
