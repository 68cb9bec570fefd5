/** What a configuration is refused for, one line a problem. */
import { expect } from 'vitest';
import { parseConfig } from '../../src/system/config.ts';
import { ConfigError } from '../../src/system/config-error.ts';

/** "line: path: message" of each problem; [] for a good document. */
export function problemsOf(text: string): string[] {
  try {
    parseConfig(text, 'freehold.yaml');
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    expect(error).toMatchObject({ code: 'config-invalid', exitCode: 2 });
    return error.problems.map(({ line, path, message }) => `${line}: ${path}: ${message}`);
  }
}
