/** docs/tutorial.md is what the commands print: played again, and compared but for its figures. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { makePage, withoutFigures } from '../tutorial/transcript.ts';

it('docs/tutorial.md is true (npm run tutorial makes it anew)', { timeout: 300_000 }, async () => {
  const page = readFileSync(resolve(import.meta.dirname, '../../docs/tutorial.md'), 'utf8');
  expect(withoutFigures(await makePage())).toBe(withoutFigures(page));
});
