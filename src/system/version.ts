/** The version of this Freehold, as package.json has it. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Above src/system, and above dist/src/system. */
function packageVersion(): string {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    const candidate = join(folder, 'package.json');
    try {
      const { name, version } = JSON.parse(readFileSync(candidate, 'utf8')) as { name?: string; version?: string };
      if (name === 'freehold' && version !== undefined) return version;
    } catch {
      // Not here: one folder up.
    }
    if (folder === dirname(folder)) return '0.0.0';
  }
}

export const VERSION: string = packageVersion();
