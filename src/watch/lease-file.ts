/**
 * Reads one configured lease file as it stands, in pieces: a server may have written gigabytes. Only ever reads, and only
 * regular files: a pipe or a device in its place cannot hold anybody up. Keeps nothing between two readings.
 */
import { constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { FreeholdError } from '../core/error.ts';
import type { LeaseFileConfig } from '../system/config-types.ts';
import { formatOf, parserOf } from './lease-formats/format.ts';
import type { LeaseFileContent, LeaseFormat, LeaseParser } from './lease-formats/types.ts';

/** More of a file, or of Kea's files together, is not read. */
export const MAX_LEASE_FILE_BYTES = 64 << 20;
/** One turn of the event loop parses this much: about a millisecond. */
const PIECE_BYTES = 64 << 10;
const HEAD_BYTES = 4096;
/**
 * Kea's lease file cleanup moves the file aside and merges it: while it runs, and after it, leases are in these too, older ones
 * first. `.completed` stands for the other two (loadLeasesFromFiles in Kea's memfile_lease_mgr.cc).
 */
const KEA_SIBLINGS = ['.completed', '.2', '.1'] as const;

/** What is known of the file from the last reading. */
export interface LastReading {
  /** Empty: never read. */
  readonly stamp: string;
  readonly format: LeaseFormat | null;
}

export type LeaseReading =
  | { readonly kind: 'unchanged' }
  /** It was being written meanwhile: half a file would end the leases of the other half. */
  | { readonly kind: 'busy' }
  | {
      readonly kind: 'read';
      readonly stamp: string;
      /** Of the file itself, with its device: another one where it was put in place of the former. */
      readonly identity: string;
      /** Whether it ends as a whole file does: with the end of a line. */
      readonly ended: boolean;
      /** null: nothing in it tells. */
      readonly format: LeaseFormat | null;
      readonly content: LeaseFileContent;
      readonly bytes: number;
      readonly tooLarge: boolean;
    };

interface Stamp {
  readonly identity: string;
  readonly size: number;
  readonly text: string;
}

/** @throws FreeholdError `lease-file-not-regular`; and what the file system throws */
export async function readLeaseFile(
  config: LeaseFileConfig,
  last: LastReading,
  maxBytes: number = MAX_LEASE_FILE_BYTES,
): Promise<LeaseReading> {
  const { path } = config;
  const main = await stampOf(path);
  const expected = config.format === 'auto' ? last.format : config.format;
  const expectedSiblings = await siblingsOf(path, expected);
  if (stampText(main, expectedSiblings) === last.stamp) return { kind: 'unchanged' };

  await using file = await openRegular(path);
  const format = config.format === 'auto' ? (formatOf(await headOf(file)) ?? last.format) : config.format;
  const siblings = format === expected ? expectedSiblings : await siblingsOf(path, format);
  const parser = parserOf(format ?? 'dnsmasq');
  let left = maxBytes;
  for (const sibling of partsOf(siblings)) {
    await using part = await openRegular(path + sibling.suffix);
    if (!(await parse(part, Math.min(sibling.stamp.size, left), parser))) return { kind: 'busy' };
    left -= Math.min(sibling.stamp.size, left);
  }
  if (!(await parse(file, Math.min(main.size, left), parser))) return { kind: 'busy' };
  const ended = await endsALine(file, main.size);

  const after = await stampOf(path);
  // A log that only grew is as good as it was; the rest of it is read next time.
  const grew = (format === 'isc' || format === 'kea') && after.identity === main.identity && after.size >= main.size;
  const same = after.text === main.text || grew;
  const siblingsAfter = await siblingsOf(path, format);
  if (!same || stampText(main, siblingsAfter) !== stampText(main, siblings)) return { kind: 'busy' };
  const bytes = [main, ...partsOf(siblings).map(({ stamp }) => stamp)].reduce((sum, { size }) => sum + size, 0);
  return {
    kind: 'read',
    stamp: stampText(main, siblings),
    identity: main.identity,
    ended,
    format,
    content: parser.content(),
    bytes: Math.min(bytes, maxBytes),
    tooLarge: bytes > maxBytes,
  };
}

interface Sibling {
  readonly suffix: (typeof KEA_SIBLINGS)[number];
  /** null: there is none. */
  readonly stamp: Stamp | null;
}

async function siblingsOf(path: string, format: LeaseFormat | null): Promise<readonly Sibling[]> {
  if (format !== 'kea') return [];
  return Promise.all(KEA_SIBLINGS.map(async (suffix) => ({ suffix, stamp: await stampIfThere(path + suffix) })));
}

/** Those that are to be read before the file itself, in order. */
function partsOf(siblings: readonly Sibling[]): readonly { readonly suffix: string; readonly stamp: Stamp }[] {
  const there = siblings.flatMap(({ suffix, stamp }) => (stamp === null ? [] : [{ suffix, stamp }]));
  return there[0]?.suffix === '.completed' ? there.slice(0, 1) : there;
}

async function stampOf(path: string): Promise<Stamp> {
  const stats = await stat(path, { bigint: true });
  if (!stats.isFile()) throw notRegular(path);
  const identity = `${stats.dev}/${stats.ino}`;
  return { identity, size: Number(stats.size), text: `${identity}/${stats.size}/${stats.mtimeNs}` };
}

async function stampIfThere(path: string): Promise<Stamp | null> {
  try {
    return await stampOf(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

const stampText = (main: Stamp, siblings: readonly Sibling[]): string =>
  [main.text, ...siblings.map(({ stamp }) => stamp?.text ?? '-')].join(' ');

/** Looked at again once it is open: it may have been replaced since. */
async function openRegular(path: string): Promise<FileHandle> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    if (!(await file.stat()).isFile()) throw notRegular(path);
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

const notRegular = (path: string): FreeholdError =>
  new FreeholdError('lease-file-not-regular', `${path} is not a file`, {
    hint: 'name the lease file itself under dhcp.leases, not its directory',
  });

async function headOf(file: FileHandle): Promise<string> {
  const buffer = Buffer.alloc(HEAD_BYTES);
  const { bytesRead } = await file.read(buffer, 0, HEAD_BYTES, 0);
  return buffer.toString('utf8', 0, bytesRead);
}

async function endsALine(file: FileHandle, size: number): Promise<boolean> {
  const buffer = Buffer.alloc(1);
  return size > 0 && (await file.read(buffer, 0, 1, size - 1)).bytesRead === 1 && buffer[0] === 0x0a;
}

/** Parses the first `length` bytes. @returns false where the file has become shorter */
async function parse(file: FileHandle, length: number, parser: LeaseParser): Promise<boolean> {
  const decoder = new TextDecoder('utf-8');
  const buffer = Buffer.allocUnsafe(Math.min(PIECE_BYTES, length));
  for (let at = 0; at < length; ) {
    const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, length - at), at);
    if (bytesRead === 0) return false;
    parser.push(decoder.decode(buffer.subarray(0, bytesRead), { stream: true }));
    at += bytesRead;
  }
  parser.push(decoder.decode());
  parser.endFile();
  return true;
}
