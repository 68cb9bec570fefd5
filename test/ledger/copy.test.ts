/** Reading a ledger that no daemon holds: the copy has all of it, and the files stay as they are. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it, onTestFinished } from 'vitest';
import { withClaims } from '../../src/ledger/claims-file.ts';
import { copyLedger, openLedgerCopy } from '../../src/ledger/copy.ts';
import { isLedgerLocked } from '../../src/ledger/lock.ts';
import { claim } from './claim-fixtures.ts';
import {
  batch,
  hashOf,
  LAN_SETTING,
  macNumber,
  newLedger,
  openAt,
  refusal,
  seen,
  T0,
  temporaryFolder,
  temporaryPath,
} from './fixtures.ts';

/** Every file beside the ledger, with what is in it and when it was written. */
function state(path: string): object {
  const folder = dirname(path);
  return Object.fromEntries(
    readdirSync(folder)
      .sort()
      .map((name) => {
        const { mtimeNs, ctimeNs, size, mode } = statSync(join(folder, name), { bigint: true });
        return [name, [hashOf(join(folder, name)), mtimeNs, ctimeNs, size, mode]];
      }),
  );
}

/** A ledger that a daemon has left, with somebody in it. */
function leftLedger(): string {
  const { ledger, path, lan } = newLedger();
  ledger.write(batch(T0, { sightings: [seen(lan.id, '192.0.2.7', macNumber(7), T0)] }));
  ledger.close();
  return path;
}

function copied(path: string) {
  const copy = openLedgerCopy(path, { nowMs: T0 });
  onTestFinished(() => copy.remove());
  return copy;
}

const occupants = (ledger: ReturnType<typeof copied>['ledger']) =>
  ledger.occupants(ledger.ensureSegment(LAN_SETTING).id, { sinceMs: 0 }).map(({ mac }) => mac);

describe('a copy of the ledger', () => {
  it('knows what the ledger knows, and changes nothing about its files', () => {
    const path = leftLedger();
    const before = state(path);
    const { ledger, remove } = copied(path);
    expect(occupants(ledger)).toEqual([macNumber(7)]);
    ledger.write(batch(T0, { sightings: [seen(ledger.ensureSegment(LAN_SETTING).id, '192.0.2.8', macNumber(8), T0)] }));
    ledger.claims.begin(claim());
    expect(state(path)).toEqual(before);
    remove();
    expect(state(path)).toEqual(before);
    expect(openAt(path).claims.list({ limit: 1 })).toEqual([]);
  });

  it('has what a daemon that was killed had written', { timeout: 30_000 }, async () => {
    const path = temporaryPath();
    const writer = spawn(process.execPath, ['--no-warnings', join(import.meta.dirname, 'claim-crash-writer.ts'), path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const closed = once(writer, 'close');
    await Promise.race([once(writer.stdout, 'data'), closed]);
    writer.kill('SIGKILL');
    await closed;
    expect(existsSync(`${path}-wal`)).toBe(true);
    const before = state(path);
    const { ledger } = copied(path);
    expect(ledger.claims.claim(1)).toMatchObject({ id: 1, pool: 'production-pool' });
    expect(state(path)).toEqual(before);
  });

  it('lies where nobody else can read it, and goes with whoever made it', () => {
    const copy = copyLedger(leftLedger());
    expect(statSync(dirname(copy.path)).mode & 0o777).toBe(0o700);
    expect(statSync(copy.path).mode & 0o777).toBe(0o600);
    copy.remove();
    copy.remove();
    expect(existsSync(dirname(copy.path))).toBe(false);
  });

  it('goes too where the process ends without a word', async () => {
    const path = leftLedger();
    const script = `import { copyLedger } from ${JSON.stringify(join(import.meta.dirname, '../../src/ledger/copy.ts'))};
      console.log(copyLedger(${JSON.stringify(path)}).path); process.exit(0);`;
    const child = spawn(process.execPath, ['--no-warnings', '--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    await once(child, 'close');
    const folder = dirname(output.trim());
    expect(basename(folder)).toMatch(/^freehold-copy-/);
    expect(existsSync(folder)).toBe(false);
  });

  it('can be made of a ledger that may only be read', () => {
    const path = leftLedger();
    chmodSync(path, 0o400);
    expect(occupants(copied(path).ledger)).toEqual([macNumber(7)]);
  });

  it('follows links', () => {
    const path = leftLedger();
    const link = join(temporaryFolder(), 'elsewhere.db');
    symlinkSync(path, link);
    const daemon = openAt(path);
    expect(refusal(() => copyLedger(link)).code).toBe('ledger-locked');
    daemon.close();
    expect(occupants(copied(link).ledger)).toEqual([macNumber(7)]);
  });

  it('is refused while a daemon has the ledger, and leaves nothing behind', () => {
    const { path } = newLedger();
    const copies = () => readdirSync(tmpdir()).filter((name) => name.startsWith('freehold-copy-')).length;
    const before = copies();
    const told = refusal(() => copyLedger(path));
    expect(told).toMatchObject({ code: 'ledger-locked', hint: expect.stringContaining('--url') });
    expect(copies()).toBe(before);
  });

  it.each([
    ['no file', () => temporaryPath(), 'ledger-missing', 5],
    ['no folder', () => join(temporaryFolder(), 'gone', 'freehold.db'), 'ledger-missing', 5],
    [
      'an empty file',
      () => {
        const path = temporaryPath();
        writeFileSync(path, '');
        return path;
      },
      'ledger-missing',
      5,
    ],
    [
      'a folder in place of the file',
      () => {
        const path = temporaryPath();
        mkdirSync(path);
        return path;
      },
      'ledger-not-writable',
      1,
    ],
  ])('is refused where there is %s', (_, make, code, exitCode) => {
    try {
      copyLedger(make());
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ code, exitCode, hint: expect.any(String) });
    }
  });

  it('of something else is refused, in words about the file that was named', () => {
    const path = temporaryPath();
    const database = new Database(path);
    database.exec('CREATE TABLE cake (id)');
    database.close();
    const { code, message } = refusal(() => openLedgerCopy(path, { nowMs: T0 }));
    expect([code, message]).toEqual([
      'ledger-foreign',
      `${path} is a SQLite database of another program, not a ledger of Freehold`,
    ]);
  });
});

describe('the lock of a ledger', () => {
  it('is seen without being taken, and no file is made for it', () => {
    const path = leftLedger();
    expect(isLedgerLocked(path)).toBe(false);
    const daemon = openAt(path);
    expect(isLedgerLocked(path)).toBe(true);
    daemon.close();
    expect(isLedgerLocked(path)).toBe(false);
    const other = join(temporaryFolder(), 'other.db');
    copyFileSync(path, other);
    expect(isLedgerLocked(other)).toBe(false);
    expect(existsSync(`${other}.lock`)).toBe(false);
  });
});

describe('claims in a ledger that no daemon holds', () => {
  it('are written for good, and nothing else is', () => {
    const path = leftLedger();
    const uptimes = () => {
      const database = new Database(path, { readonly: true });
      const rows = database.prepare('SELECT * FROM uptime').all();
      database.close();
      return rows;
    };
    const before = uptimes();
    const id = withClaims(path, T0, (claims) => claims.begin(claim()));
    expect(withClaims(path, T0, (claims) => claims.end(id, 'complete', 'done', T0))).toMatchObject({ state: 'complete' });
    expect(existsSync(`${path}-wal`)).toBe(false);
    expect(uptimes()).toEqual(before);
    const ledger = openAt(path);
    expect(ledger.claims.list({ limit: 10 })).toMatchObject([{ id, state: 'complete', outcome: 'done' }]);
  });

  it('are refused while a daemon holds it', () => {
    const { path } = newLedger();
    expect(refusal(() => withClaims(path, T0, (claims) => claims.begin(claim()))).code).toBe('ledger-locked');
  });

  it('leave it free for the daemon, whatever goes wrong', () => {
    const path = leftLedger();
    expect(() =>
      withClaims(path, T0, () => {
        throw new Error('no');
      }),
    ).toThrow('no');
    expect(isLedgerLocked(path)).toBe(false);
    openAt(path);
  });
});
