/**
 * The architecture, executable: which room may import which, what a file must say of itself, how long it may grow.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..');
const SRC = join(ROOT, 'src');

/** Imports point inward: what each room may know beside itself. */
const MAY_KNOW: Readonly<Record<string, readonly string[]>> = {
  core: [],
  link: ['core'],
  ledger: ['core'],
  system: ['core'],
  alert: ['core', 'system'],
  cluster: ['core', 'system'],
  watch: ['core', 'link', 'ledger', 'system', 'alert'],
  http: ['core', 'link', 'ledger', 'system', 'alert', 'watch'],
  cli: [
    'core',
    'link',
    'ledger',
    'system',
    'alert',
    'cluster',
    'watch',
    'http',
    'daemon.ts',
    'daemon-types.ts',
    'offline.ts',
    'test',
  ],
  'daemon.ts': ['core', 'link', 'ledger', 'system', 'alert', 'watch', 'http', 'daemon-cluster.ts', 'daemon-types.ts'],
  'daemon-cluster.ts': ['core', 'ledger', 'system', 'cluster', 'watch'],
  'daemon-types.ts': ['system', 'cluster'],
  'offline.ts': ['core', 'link', 'ledger', 'system', 'watch', 'http'],
};

/** Packages that belong to one room. */
const AT_HOME: Readonly<Record<string, readonly string[]>> = {
  koffi: ['link', 'system'],
  'raw-socket': ['link'],
  'arp-a': ['link'],
  'better-sqlite3': ['ledger'],
  express: ['http'],
  'node-cron': ['watch', 'system'],
  nodemailer: ['alert'],
  pino: ['system'],
  'prom-client': ['http'],
  yaml: ['system', 'cluster'],
  diff: ['cluster'],
  '@kubernetes/client-node': ['cluster'],
  commander: ['cli'],
};

const MAX_LINES = 400;

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => ({ name, text: readFileSync(join(SRC, name), 'utf8') }));

const importsOf = (text: string): string[] =>
  [...text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*'([^']+)'/g)].map(([, specifier]) => specifier ?? '');

const roomOf = (name: string): string => name.split('/')[0] ?? name;

function roomOfImport(name: string, specifier: string): string {
  const target = relative(ROOT, resolve(dirname(join(SRC, name)), specifier));
  const [top = '', room = ''] = target.split('/');
  return top === 'src' ? room : top;
}

describe('the architecture', () => {
  it('finds the sources', () => {
    expect(files.length).toBeGreaterThan(60);
    expect([...new Set(files.map(({ name }) => roomOf(name)))].sort()).toEqual(Object.keys(MAY_KNOW).sort());
  });

  it.each(files)('$name imports only what its room may know', ({ name, text }) => {
    const room = roomOf(name);
    const relatives = importsOf(text).filter((specifier) => specifier.startsWith('.'));
    const allowed = new Set([room, ...(MAY_KNOW[room] ?? [])]);
    expect(relatives.filter((specifier) => !allowed.has(roomOfImport(name, specifier)))).toEqual([]);
  });

  it.each(files.filter(({ name }) => name.startsWith('core/')))('$name is pure', ({ text }) => {
    expect(importsOf(text).filter((specifier) => !specifier.startsWith('.'))).toEqual([]);
    expect(text).not.toMatch(
      /\b(Date\.now|new Date\(\)|performance\.|Math\.random|process\.|console\.|setTimeout|setInterval)\b/,
    );
  });

  it.each(files)('$name keeps packages in the rooms they belong to', ({ name, text }) => {
    const strays = importsOf(text).filter((specifier) => !(AT_HOME[specifier] ?? [roomOf(name)]).includes(roomOf(name)));
    expect(strays).toEqual([]);
  });

  it.each(files)('$name begins by saying what it is', ({ text }) => {
    expect(text.replace(/^#!.*\n/, '')).toMatch(/^\/\*\*/);
  });

  it.each(files)('$name holds one idea', ({ text }) => {
    expect(text.split('\n').length).toBeLessThanOrEqual(MAX_LINES);
  });

  it('only the tests and the demo know the lab', () => {
    const knowing = files.filter(({ text }) => importsOf(text).some((specifier) => specifier.includes('test/lab')));
    expect(knowing.map(({ name }) => name).sort()).toEqual(['cli/demo-lan.ts', 'cli/demo.ts']);
  });
});
