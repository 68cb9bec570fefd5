import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openLedger } from '../../src/ledger/ledger.ts';
import {
  batch,
  hashOf,
  ip,
  LAN_SETTING,
  MINUTE,
  macNumber,
  newLedger,
  openAt,
  refusal,
  seen,
  sweepOf,
  T0,
  temporaryFolder,
  temporaryPath,
} from './fixtures.ts';

const FOLDER = join(import.meta.dirname, '../../migrations');
const FILES = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.sql'))
  .sort();
/** The newest version of today. */
const KNOWN = FILES.length;
/** The name of a migration that comes `n` after it. */
const next = (n: number, what: string): string => `${String(KNOWN + n).padStart(4, '0')}_${what}.sql`;

let sample: string;
beforeAll(() => {
  sample = join(mkdtempSync(join(tmpdir(), 'freehold-ledger-')), 'sample.db');
  const ledger = openLedger({ path: sample, nowMs: T0 });
  const lan = ledger.ensureSegment(LAN_SETTING);
  for (let i = 0; i < 40; i++) {
    const sightings = Array.from({ length: 250 }, (_, n) =>
      seen(lan.id, `192.0.2.${n + 1}`, macNumber(n), T0 + i * 100 * MINUTE),
    );
    ledger.write(batch(T0, { sightings, sweeps: [sweepOf(lan.id, T0 + i * 100 * MINUTE)] }));
  }
  ledger.close();
});
afterAll(() => rmSync(dirname(sample), { recursive: true }));

/** A closed ledger of some hundred pages. */
function closedLedger(): string {
  const path = temporaryPath();
  copyFileSync(sample, path);
  return path;
}

const PAGE = 4096;

/** Overwrites part of a file. */
function scribble(path: string, at: number, bytes: Buffer): void {
  const content = readFileSync(path);
  bytes.copy(content, at);
  writeFileSync(path, content);
}

const noise = (length: number): Buffer => Buffer.from(Array.from({ length }, (_, i) => (i * 167 + 13) & 0xff));

describe('opening', () => {
  it('makes a ledger where there is none, or an empty file, and finds all again', () => {
    const path = temporaryPath();
    writeFileSync(path, '');
    const ledger = openAt(path);
    const lan = ledger.ensureSegment(LAN_SETTING);
    ledger.write(batch(T0, { sightings: [seen(lan.id, '192.0.2.7', macNumber(1), T0)] }));
    ledger.close();
    ledger.close();
    expect(readdirSync(dirname(path)).sort()).toEqual(['freehold.db', 'freehold.db.lock']);
    const again = openAt(path);
    expect(again.ensureSegment(LAN_SETTING)).toEqual(lan);
    expect(again.sightingColumns(lan.id).lastUseMs[7]).toBe(T0);
    expect(again.history(lan.id, ip('192.0.2.7'), 9)).toHaveLength(1);
    expect(again.integrityCheck()).toEqual([]);
  });

  it('refuses an empty file whose write-ahead log is not, and harms neither', () => {
    const path = temporaryPath();
    copyFileSync(sample, `${path}-wal`);
    writeFileSync(path, '');
    const before = hashOf(`${path}-wal`);
    expect(refusal(() => openAt(path)).code).toBe('ledger-damaged');
    expect([hashOf(`${path}-wal`), statSync(path).size]).toEqual([before, 0]);
  });

  it.each([
    ['an unknown file format', 47],
    ['a write version from the future', 18],
  ])('calls a header with %s damaged', (_name, at) => {
    const path = closedLedger();
    scribble(path, at, Buffer.of(0x77));
    expect(refusal(() => openAt(path)).code).toBe('ledger-damaged');
  });

  it('is set up as promised: write-ahead log, its own application id, strict tables, room given back', () => {
    const { path } = newLedger();
    const database = new Database(path, { readonly: true });
    const pragma = (name: string) => database.pragma(name, { simple: true });
    expect([pragma('journal_mode'), pragma('application_id'), pragma('user_version'), pragma('auto_vacuum')]).toEqual([
      'wal',
      0x46484c44,
      KNOWN,
      2,
    ]);
    const loose = database
      .prepare("SELECT name FROM pragma_table_list WHERE schema = 'main' AND strict = 0 AND name NOT LIKE 'sqlite_%'")
      .all();
    expect(loose).toEqual([]);
    database.close();
  });

  it('refuses a second owner, also under another name of the same file, until the first lets go', () => {
    const { ledger, path } = newLedger();
    const link = join(temporaryFolder(), 'link.db');
    symlinkSync(path, link);
    expect(refusal(() => openAt(path)).code).toBe('ledger-locked');
    expect(refusal(() => openAt(link)).code).toBe('ledger-locked');
    ledger.close();
    openAt(link).close();
  });

  it('lets a person read while it runs', () => {
    const { path } = newLedger();
    const reader = new Database(path, { readonly: true });
    expect(reader.prepare('SELECT name FROM segment').pluck().all()).toEqual(['lan']);
    reader.close();
  });
});

describe('a file that is refused stays as it is', () => {
  const table: { readonly name: string; readonly code: string; readonly spoil: (path: string) => void }[] = [
    { name: 'from a newer Freehold', code: 'ledger-newer', spoil: (path) => pragma(path, `user_version = ${KNOWN + 1}`) },
    {
      name: 'of another program, by its application id',
      code: 'ledger-foreign',
      spoil: (path) => pragma(path, 'application_id = 7'),
    },
    { name: 'of another program without an id', code: 'ledger-foreign', spoil: (path) => pragma(path, 'application_id = 0') },
    {
      name: 'cut in the middle',
      code: 'ledger-damaged',
      spoil: (path) => truncateSync(path, Math.floor(statSync(path).size / 2 / PAGE) * PAGE),
    },
    { name: 'cut within a page', code: 'ledger-damaged', spoil: (path) => truncateSync(path, statSync(path).size - 1000) },
    { name: 'cut within the header', code: 'ledger-damaged', spoil: (path) => truncateSync(path, 60) },
    { name: 'with garbage for a header', code: 'ledger-damaged', spoil: (path) => scribble(path, 0, noise(100)) },
    {
      name: 'with garbage in a page in the middle',
      code: 'ledger-damaged',
      spoil: (path) => scribble(path, 20 * PAGE, noise(PAGE)),
    },
    { name: 'with garbage in the schema', code: 'ledger-damaged', spoil: (path) => scribble(path, 100, noise(PAGE - 100)) },
    { name: 'of zeros', code: 'ledger-damaged', spoil: (path) => writeFileSync(path, Buffer.alloc(5000)) },
    { name: 'of text', code: 'ledger-damaged', spoil: (path) => writeFileSync(path, 'segments: []\n') },
  ];
  function pragma(path: string, text: string): void {
    const database = new Database(path);
    database.pragma(text);
    database.close();
  }
  for (const { name, code, spoil } of table) {
    it(`${name}: ${code}`, () => {
      const path = closedLedger();
      spoil(path);
      const before = hashOf(path);
      const refused = refusal(() => openAt(path));
      expect(refused.code).toBe(code);
      expect(refused.message).toContain(path);
      // What the header alone tells is refused without leaving SQLite's own files beside it.
      if (code === 'ledger-newer') expect(readdirSync(dirname(path)).sort()).toEqual(['freehold.db', 'freehold.db.lock']);
      expect(hashOf(path)).toBe(before);
      // The lock was given back: the same answer again, and the way out works.
      expect(refusal(() => openAt(path)).code).toBe(code);
      expect(hashOf(path)).toBe(before);
      expect(existsSync(path)).toBe(true);
    });
  }

  it('of another program', () => {
    const path = temporaryPath();
    const database = new Database(path);
    database.exec('CREATE TABLE recipe (name TEXT)');
    database.close();
    const before = hashOf(path);
    expect(refusal(() => openAt(path)).code).toBe('ledger-foreign');
    expect(hashOf(path)).toBe(before);
    expect(readdirSync(dirname(path)).sort()).toEqual(['freehold.db', 'freehold.db.lock']);
  });

  it('says at once when the damage shows only while it runs', () => {
    const path = closedLedger();
    const ledger = openAt(path);
    const lan = ledger.ensureSegment(LAN_SETTING);
    scribble(path, PAGE * 3, noise(statSync(path).size - PAGE * 3));
    const { code } = refusal(() => {
      for (let n = 1; n < 255; n++) ledger.history(lan.id, ip(`192.0.2.${n}`), 100);
    });
    expect(code).toBe('ledger-damaged');
  });
});

describe('a place that will not do', () => {
  it('a directory that does not exist', () => {
    const refused = refusal(() => openAt(join(temporaryFolder(), 'missing', 'freehold.db')));
    expect(refused.code).toBe('ledger-directory-missing');
    expect(refused.hint).toContain('mkdir -p');
  });

  it('a directory in place of the file', () => {
    const path = temporaryPath();
    mkdirSync(path);
    expect(refusal(() => openAt(path)).code).toBe('ledger-not-writable');
  });

  it('a file where the directory should be', () => {
    const path = temporaryPath();
    writeFileSync(path, '');
    expect(refusal(() => openAt(join(path, 'freehold.db'))).code).toBe('ledger-directory-missing');
  });

  const unwritable = () => {
    const path = closedLedger();
    chmodSync(path, 0o444);
    expect(refusal(() => openAt(path)).code).toBe('ledger-not-writable');
    const folder = temporaryFolder();
    chmodSync(folder, 0o555);
    expect(refusal(() => openAt(join(folder, 'freehold.db'))).code).toBe('ledger-not-writable');
    chmodSync(folder, 0o755);
  };
  // Root may write everything: for root there is no such place.
  if (process.getuid?.() !== 0) it('a directory or a file that may not be written', unwritable);

  it('a file system that lets nobody write', () => {
    // /proc is one for everybody, root included.
    expect(refusal(() => openAt('/proc/freehold.db')).code).toBe('ledger-not-writable');
  });
});

describe('migrations', () => {
  /** A folder with the first `count` migrations, and more. */
  function folderWith(count: number, more: Readonly<Record<string, string>> = {}): string {
    const folder = temporaryFolder();
    for (const name of FILES.slice(0, count)) copyFileSync(join(FOLDER, name), join(folder, name));
    for (const [name, sql] of Object.entries(more)) writeFileSync(join(folder, name), sql);
    return folder;
  }
  const backups = (path: string): string[] =>
    readdirSync(dirname(path))
      .filter((name) => name.startsWith(`${basename(path)}.backup`))
      .sort();
  const versionOf = (path: string): unknown => {
    const database = new Database(path, { readonly: true });
    const version = database.pragma('user_version', { simple: true });
    database.close();
    return version;
  };

  it('are numbered without holes, and each says what it makes', () => {
    expect(FILES.map((name) => Number(name.slice(0, 4)))).toEqual(FILES.map((_, index) => index + 1));
    for (const name of FILES) expect(readFileSync(join(FOLDER, name), 'utf8')).toMatch(/^-- Makes /);
  });

  it('bring an older ledger up, with a copy of it from before', () => {
    const path = closedLedger();
    const folder = folderWith(KNOWN, {
      [next(1, 'note')]: '-- Makes `note`.\nCREATE TABLE note (id INTEGER PRIMARY KEY) STRICT;',
    });
    expect(backups(path)).toEqual([]);
    const ledger = openAt(path, T0 + 1234, folder);
    expect(ledger.history(ledger.ensureSegment(LAN_SETTING).id, ip('192.0.2.7'), 100)).toHaveLength(40);
    ledger.close();
    expect(versionOf(path)).toBe(KNOWN + 1);
    expect(backups(path)).toEqual([`freehold.db.backup-v${KNOWN}-20260105T000001234Z`]);
    // The copy is a whole ledger of the older version; the newer one is now too new for the older program.
    expect(refusal(() => openAt(path)).code).toBe('ledger-newer');
    const copy = openAt(join(dirname(path), backups(path)[0] ?? ''));
    expect(copy.history(copy.ensureSegment(LAN_SETTING).id, ip('192.0.2.7'), 100)).toHaveLength(40);
    expect(copy.integrityCheck()).toEqual([]);
    copy.close();
    openAt(path, T0, folder).close();
    expect(backups(path).filter((name) => !name.endsWith('.lock'))).toHaveLength(1);
  });

  it('keep the newest three copies, and delete no file of another kind', () => {
    const path = closedLedger();
    const mine = [`${path}.backup-v1-mine`, `${path}.backup`, `${path}.backup-v5-20200101T000000000Z.txt`];
    for (const name of mine) writeFileSync(name, 'kept');
    const more: Record<string, string> = {};
    for (let n = 1; n <= 5; n++) {
      more[next(n, 'more')] = `CREATE TABLE more_${n} (id INTEGER PRIMARY KEY) STRICT;`;
      openAt(path, T0 + n * 1000, folderWith(KNOWN, more)).close();
    }
    expect(backups(path)).toEqual(
      [
        ...mine.map((name) => basename(name)),
        ...[3, 4, 5].map((n) => `freehold.db.backup-v${KNOWN + n - 1}-20260105T00000${n}000Z`),
      ].sort(),
    );
  });

  it('happen all or not at all', () => {
    const path = closedLedger();
    const folder = folderWith(KNOWN, {
      [next(1, 'good')]: 'CREATE TABLE good (id INTEGER PRIMARY KEY) STRICT;',
      [next(2, 'bad')]: 'CREATE TABLE good (id INTEGER) STRICT;',
    });
    const refused = refusal(() => openAt(path, T0, folder));
    expect(refused.code).toBe('ledger-migration-failed');
    expect(refused.hint).toContain(backups(path)[0]);
    expect(versionOf(path)).toBe(KNOWN);
    openAt(path).close();
  });

  it('refuse to leave rows that point nowhere', () => {
    const path = closedLedger();
    expect(refusal(() => openAt(path, T0, folderWith(KNOWN, { [next(1, 'bad')]: 'DELETE FROM segment;' }))).code).toBe(
      'ledger-migration-failed',
    );
    const ledger = openAt(path);
    expect(ledger.history(ledger.ensureSegment(LAN_SETTING).id, ip('192.0.2.7'), 100)).toHaveLength(40);
  });

  it('refuse a ledger that was made by an edited file', () => {
    const path = closedLedger();
    const [first = ''] = FILES;
    const folder = folderWith(KNOWN, { [first]: `${readFileSync(join(FOLDER, first), 'utf8')}-- one more word\n` });
    const before = hashOf(path);
    const refused = refusal(() => openAt(path, T0, folder));
    expect(refused.code).toBe('ledger-migration-rewritten');
    expect(refused.message).toContain(first);
    expect(hashOf(path)).toBe(before);
  });

  it('are missed when they are not there', () => {
    const holes = folderWith(2, { '0004_hole.sql': 'SELECT 1;' });
    for (const folder of [temporaryFolder(), holes]) {
      expect(refusal(() => openAt(temporaryPath(), T0, folder)).code).toBe('ledger-migrations-missing');
    }
  });
});
