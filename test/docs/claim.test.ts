/** docs/claim.md names every reason for which `apply` refuses, and no other. */
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const page = readFileSync(resolve(ROOT, 'docs/claim.md'), 'utf8');
const documented = new Set(
  [...page.matchAll(/^\| (`[^|]*`) \|/gm)].flatMap(([, cell = '']) => [...cell.matchAll(/`([a-z-]+)`/g)].map(([, code]) => code)),
);

const claim = resolve(ROOT, 'src/cluster/claim');
const obstacles = readdirSync(claim)
  .filter((name) => name.endsWith('-obstacles.ts'))
  .map((name) => readFileSync(resolve(claim, name), 'utf8'))
  .flatMap((text) => [
    ...[...text.matchAll(/\berror\(\s*'([a-z-]+)'/g)].map(([, code]) => code),
    ...[...text.matchAll(/code: '([a-z-]+)',[^}]*severity: 'error'/gs)].map(([, code]) => code),
  ]);

it('finds the reasons in the code', () => {
  expect(obstacles.length).toBeGreaterThan(10);
});

it.each([...new Set(obstacles)])('%s is documented', (code) => {
  expect(documented).toContain(code);
});

it('documents nothing that is not there', () => {
  const sources = ['src/cluster/claim', 'src/cli/apply', 'src/cluster/kube'].flatMap((folder) =>
    readdirSync(resolve(ROOT, folder)).map((name) => readFileSync(resolve(ROOT, folder, name), 'utf8')),
  );
  expect([...documented].filter((code) => !sources.some((text) => text.includes(`'${code}'`)))).toEqual([]);
});
