/**
 * A copy of the whole ledger before a migration touches it. Keeps the newest few of its own copies and deletes no other file.
 */
import { closeSync, fsyncSync, openSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type Database from 'better-sqlite3';

export const BACKUPS_KEPT = 3;

/** The newest last: by time, not by version. */
export function backupsOf(path: string): string[] {
  const prefix = `${basename(path)}.backup-v`;
  const stamped = (name: string): string | undefined =>
    name.startsWith(prefix) ? /^\d+-(\d{8}T\d{9}Z)$/.exec(name.slice(prefix.length))?.[1] : undefined;
  return readdirSync(dirname(path))
    .flatMap((name) => {
      const stamp = stamped(name);
      return stamp === undefined ? [] : [{ name, stamp }];
    })
    .sort((a, b) => (a.stamp < b.stamp ? -1 : 1))
    .map(({ name }) => join(dirname(path), name));
}

/** @returns the copy's path: `<path>.backup-v<version>-<time>` */
export function backUp(database: Database.Database, path: string, version: number, nowMs: number): string {
  const stamp = new Date(nowMs).toISOString().replaceAll(/[-:.]/g, '');
  const target = `${path}.backup-v${version}-${stamp}`;
  const partial = `${target}.partial`;
  rmSync(partial, { force: true });
  try {
    database.prepare('VACUUM INTO ?').run(partial);
    sync(partial);
    renameSync(partial, target);
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  }
  sync(dirname(path));
  for (const old of backupsOf(path).slice(0, -BACKUPS_KEPT)) rmSync(old);
  return target;
}

function sync(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
