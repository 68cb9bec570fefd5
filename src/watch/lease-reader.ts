/**
 * Follows lease files by looking at them every few seconds: as they change, are rotated or written anew. Only ever reads.
 * A file that is missing or unreadable is reported once and looked for again.
 */
import { type FileHandle, open } from 'node:fs/promises';
import type { Ipv4 } from '../core/address/ipv4.ts';
import type { Lease } from '../core/evidence/facts.ts';
import type { Logger } from '../system/logger.ts';
import { parseDnsmasqLease } from './lease-line.ts';

const LOOK_INTERVAL_MS = 5000;
/** About 60,000 leases; more of a file is not read. */
const MAX_FILE_BYTES = 4 << 20;

export interface LeaseReaderOptions {
  readonly paths: readonly string[];
  readonly logger: Logger;
  /**
   * Called for each lease that is new, or whose end or holder changed; one that its file no longer has ends at 0.
   * @param isNew false for what the first read of a file finds: nobody knows since when it runs
   */
  readonly onLease: (lease: Lease, isNew: boolean) => void;
  /**
   * Called once after the start, and once after each `again`, when every file has been read to its end: all leases that there
   * are. Called again later where it throws.
   */
  readonly onSnapshot?: (leases: readonly Lease[]) => void;
}

interface FileState {
  /** Of what was read; empty: to be read. */
  stamp: string;
  known: Map<Ipv4, Lease>;
  /** Whether it was read since the start, or since `again`. */
  read: boolean;
  /** Whether `known` is all that the file holds. */
  whole: boolean;
  troubled: boolean;
  tooLarge: boolean;
}

export class LeaseReader {
  readonly #options: LeaseReaderOptions;
  #files = new Map<string, FileState>();
  #snapshotDue = true;
  #timer: NodeJS.Timeout | null = null;
  #looking: Promise<void> | null = null;
  #stopped = false;

  constructor(options: LeaseReaderOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#options.paths.length === 0) return;
    this.#timer ??= setInterval(() => void this.look(), LOOK_INTERVAL_MS);
    void this.look();
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  /** Reads every file that changed since the last look; a look under way is joined. Never throws. */
  look(): Promise<void> {
    this.#looking ??= this.#lookAtAll().finally(() => {
      this.#looking = null;
    });
    return this.#looking;
  }

  /** Forgets what it knows, and looks: every lease is told of once more, and a snapshot when all files have been read. */
  async again(): Promise<void> {
    this.#files = new Map();
    this.#snapshotDue = true;
    // A look under way ends with what it knew before; the next one tells of everything.
    await this.#looking;
    await this.look();
  }

  async #lookAtAll(): Promise<void> {
    for (const path of this.#options.paths) {
      if (!this.#stopped) await this.#lookAt(path, this.#stateOf(path));
    }
    if (this.#stopped || !this.#snapshotDue) return;
    const states = this.#options.paths.map((path) => this.#stateOf(path));
    if (states.some(({ read, whole, troubled }) => !read || !whole || troubled)) return;
    try {
      this.#options.onSnapshot?.(states.flatMap(({ known }) => [...known.values()]));
      this.#snapshotDue = false;
    } catch (error) {
      this.#options.logger.warn({ err: error }, 'the leases could not be compared with the ledger; trying again');
    }
  }

  async #lookAt(path: string, state: FileState): Promise<void> {
    try {
      await using file = await open(path, 'r');
      const before = await stampOf(file);
      if (before.stamp === state.stamp) return;
      const buffer = Buffer.alloc(Math.min(before.size, MAX_FILE_BYTES));
      const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
      const { stamp } = await stampOf(file);
      // The server is writing it at this moment: half a file would end the leases of the other half.
      if (stamp !== before.stamp || bytesRead !== buffer.length) return;
      if (this.#stopped) return;
      this.#noteSize(path, state, before.size);
      this.#take(path, state, buffer.toString('utf8'));
      state.stamp = stamp;
      state.troubled = false;
    } catch (error) {
      if (!state.troubled)
        this.#options.logger.warn({ err: error, path }, 'a lease file cannot be read; looking again every few seconds');
      state.troubled = true;
      state.stamp = '';
    }
  }

  #noteSize(path: string, state: FileState, size: number): void {
    state.whole = size <= MAX_FILE_BYTES;
    if (!state.whole && !state.tooLarge)
      this.#options.logger.warn(
        { path, size, read: MAX_FILE_BYTES },
        'a lease file is too large to be read to its end; the leases in its rest are not known, and none is taken to have ended',
      );
    state.tooLarge = !state.whole;
  }

  #take(path: string, state: FileState, text: string): void {
    const { known, read, whole } = state;
    const found = new Map<Ipv4, Lease>();
    let malformed = 0;
    for (const line of text.split('\n')) {
      if (line.trim() === '') continue;
      const lease = parseDnsmasqLease(line);
      if (!lease.ok) {
        if (lease.error === 'lease-malformed') malformed++;
        continue;
      }
      const { address, mac, endsMs } = lease.value;
      const before = known.get(address);
      found.set(address, lease.value);
      if (before?.mac !== mac || before.endsMs !== endsMs) this.#options.onLease(lease.value, read);
    }
    for (const [address, lease] of known) {
      if (found.has(address)) continue;
      // A line that went away was released, or ended: the file is the server's own word. Unless another server's file has it.
      if (whole) this.#options.onLease(this.#leaseElsewhere(path, address) ?? { ...lease, endsMs: 0 }, read);
      else found.set(address, lease);
    }
    state.known = found;
    state.read = true;
    if (malformed > 0) this.#options.logger.warn({ path, malformed }, 'lines of a lease file were not understood, ignoring them');
  }

  #leaseElsewhere(path: string, address: Ipv4): Lease | undefined {
    for (const [other, { known }] of this.#files) {
      const lease = other === path ? undefined : known.get(address);
      if (lease !== undefined) return lease;
    }
    return undefined;
  }

  #stateOf(path: string): FileState {
    let state = this.#files.get(path);
    if (state === undefined) {
      state = { stamp: '', known: new Map(), read: false, whole: false, troubled: false, tooLarge: false };
      this.#files.set(path, state);
    }
    return state;
  }
}

async function stampOf(file: FileHandle): Promise<{ readonly stamp: string; readonly size: number }> {
  const { mtimeMs, size, ino } = await file.stat();
  return { stamp: `${ino}/${size}/${mtimeMs}`, size };
}
