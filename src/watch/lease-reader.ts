/**
 * Follows lease files by looking at them every few seconds: as they change, grow, are rotated or written anew. A file that is
 * missing or unreadable is reported once and looked for again; what it said last stays. Judges nobody's lease.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { formatIpv4, type Ipv4 } from '../core/address/ipv4.ts';
import type { Lease } from '../core/evidence/facts.ts';
import type { LeaseFileConfig } from '../system/config-types.ts';
import type { Logger } from '../system/logger.ts';
import { MAX_LEASE_FILE_BYTES, readLeaseFile } from './lease-file.ts';
import { type LeaseFileContent, type LeaseFormat, MAX_ADDRESSES } from './lease-formats/types.ts';

const LOOK_INTERVAL_MS = 5000;
/** A file is left alone for one look for each of these that it holds: reading is to stay a small part of the time. */
const BYTES_PER_LOOK = 4 << 20;
/** Leases told in one turn of the event loop. */
const SLICE = 4096;
/** Addresses named in one line of the log. */
const MAX_NAMED = 16;

export interface LeaseReaderOptions {
  readonly files: readonly LeaseFileConfig[];
  readonly logger: Logger;
  /**
   * Called for each lease that is new, or whose end or holder changed; one that its file no longer has ends at 0.
   * @param isNew false for what the first read of a file finds: nobody knows since when it runs
   */
  readonly onLease: (lease: Lease, isNew: boolean) => void;
  /**
   * Called once after the start, and once after each `again`, when every file has been read to its end: all leases that there
   * are. Called again later where it throws. Never where no file is configured.
   */
  readonly onSnapshot?: (leases: readonly Lease[]) => void;
  /**
   * Called after each look that found something changed, once every file has been read: all leases of all files, and the
   * addresses whose leases are over. With no file configured, once.
   */
  readonly onLeases?: (leases: readonly Lease[], former: readonly Ipv4[]) => void;
}

/** How one file is doing, for GET /dhcp. */
export interface LeaseFileStatus {
  readonly path: string;
  /** null: not known yet, or nothing in the file tells. */
  readonly format: LeaseFormat | null;
  readonly leases: number;
  /** Addresses that the server holds back because it found somebody else there. */
  readonly declined: number;
  /** Lines or declarations of the newest reading that were not understood. */
  readonly malformed: number;
  /** One sentence; null where all is well. */
  readonly problem: string | null;
}

interface FileState {
  /** Of what was read; empty: to be read. */
  stamp: string;
  format: LeaseFormat | null;
  known: Map<Ipv4, Lease>;
  former: readonly Ipv4[];
  declined: readonly Ipv4[];
  malformed: number;
  /** Whether it was read since the start, or since `again`. */
  read: boolean;
  /** Why `known` is not all that the file holds; null where it is. */
  partial: string | null;
  /** Why it cannot be read; null where it can. */
  trouble: string | null;
  looksToSkip: number;
}

const newState = (): FileState => ({
  stamp: '',
  format: null,
  known: new Map(),
  former: [],
  declined: [],
  malformed: 0,
  read: false,
  partial: null,
  trouble: null,
  looksToSkip: 0,
});

export class LeaseReader {
  readonly #options: LeaseReaderOptions;
  #files = new Map<string, FileState>();
  #snapshotDue = true;
  #changed = true;
  #timer: NodeJS.Timeout | null = null;
  #looking: Promise<void> | null = null;
  #stopped = false;

  constructor(options: LeaseReaderOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#options.files.length > 0) this.#timer ??= setInterval(() => void this.look(), LOOK_INTERVAL_MS);
    void this.look();
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  /** In the order of the configuration. */
  status(): readonly LeaseFileStatus[] {
    return this.#options.files.map(({ path }) => {
      const { format, known, declined, malformed, partial, trouble } = this.#stateOf(path);
      return { path, format, leases: known.size, declined: declined.length, malformed, problem: trouble ?? partial };
    });
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
    this.#changed = true;
    // A look under way ends with what it knew before; the next one tells of everything.
    await this.#looking;
    await this.look();
  }

  async #lookAtAll(): Promise<void> {
    const files = this.#files;
    for (const config of this.#options.files) {
      if (!this.#stopped && files === this.#files) await this.#lookAt(config, this.#stateOf(config.path));
    }
    if (this.#stopped || files !== this.#files) return;
    const states = this.#options.files.map(({ path }) => this.#stateOf(path));
    if (!states.every(({ read }) => read)) return;
    const leases = (): Lease[] => states.flatMap(({ known }) => [...known.values()]);
    if (this.#changed) {
      this.#changed = !this.#told(() =>
        this.#options.onLeases?.(
          leases(),
          states.flatMap(({ former }) => former),
        ),
      );
    }
    const whole = states.every(({ partial, trouble }) => partial === null && trouble === null);
    if (this.#snapshotDue && whole && states.length > 0) {
      this.#snapshotDue = !this.#told(() => this.#options.onSnapshot?.(leases()));
    }
  }

  #told(tell: () => void): boolean {
    try {
      tell();
      return true;
    } catch (error) {
      this.#options.logger.warn({ err: error }, 'the leases could not be compared with the ledger; trying again');
      return false;
    }
  }

  async #lookAt(config: LeaseFileConfig, state: FileState): Promise<void> {
    if (state.looksToSkip > 0) {
      state.looksToSkip--;
      return;
    }
    try {
      const reading = await readLeaseFile(config, state);
      if (this.#stopped || reading.kind !== 'read') return;
      state.stamp = reading.stamp;
      state.format = reading.format;
      state.trouble = null;
      state.looksToSkip = Math.floor(reading.bytes / BYTES_PER_LOOK);
      this.#notePartial(config.path, state, reading.tooLarge, reading.content.whole);
      this.#noteOddities(config.path, state, reading.content);
      await this.#take(config.path, state, reading.content);
    } catch (error) {
      if (state.trouble === null)
        this.#options.logger.warn(
          { err: error, path: config.path },
          'a lease file cannot be read; looking again every few seconds',
        );
      state.trouble = troubleOf(error);
      state.stamp = '';
    }
  }

  #notePartial(path: string, state: FileState, tooLarge: boolean, whole: boolean): void {
    const before = state.partial;
    if (tooLarge) state.partial = `larger than ${MAX_LEASE_FILE_BYTES >> 20} MiB: the leases in its rest are not known`;
    else if (!whole) state.partial = `has more than ${MAX_ADDRESSES} addresses: the leases of the others are not known`;
    else state.partial = null;
    if (state.partial !== null && before === null)
      this.#options.logger.warn(
        { path, problem: state.partial },
        'a lease file is too large; no lease of it is taken to have ended',
      );
  }

  /** Each said when it changes, and not at every reading. */
  #noteOddities(path: string, state: FileState, { malformed, declined }: LeaseFileContent): void {
    if (malformed > 0 && malformed !== state.malformed)
      this.#options.logger.warn({ path, malformed }, 'parts of a lease file were not understood, ignoring them');
    const before = new Set(state.declined);
    const news = declined.filter((address) => !before.has(address));
    if (news.length > 0)
      this.#options.logger.info(
        { path, addresses: news.slice(0, MAX_NAMED).map(formatIpv4), count: news.length },
        'the DHCP server holds addresses back, as it found somebody else there',
      );
    state.malformed = malformed;
    state.declined = declined;
  }

  /** In slices: one who asks or alerts meanwhile does not wait for 65,536 leases. */
  async #take(path: string, state: FileState, { leases, former }: LeaseFileContent): Promise<void> {
    const { known, read } = state;
    const found = new Map<Ipv4, Lease>();
    let told = 0;
    const tell = async (lease: Lease): Promise<void> => {
      if (!this.#stopped) this.#options.onLease(lease, read);
      this.#changed = true;
      if (++told % SLICE === 0) await nextTurn();
    };
    for (const [address, lease] of leases) {
      const before = known.get(address);
      found.set(address, lease);
      if (before === undefined || before.mac !== lease.mac || before.endsMs !== lease.endsMs) await tell(lease);
    }
    for (const [address, lease] of known) {
      if (found.has(address)) continue;
      // A line that went away was released, or ended: the file is the server's own word. Unless another server's file has it.
      if (state.partial === null) await tell(this.#leaseElsewhere(path, address) ?? { ...lease, endsMs: 0 });
      // Of what did not come up in this reading no more is kept than of what did.
      else if (found.size < 2 * MAX_ADDRESSES) found.set(address, lease);
    }
    if (!read || former.length !== state.former.length) this.#changed = true;
    state.known = found;
    state.former = former;
    state.read = true;
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
      state = newState();
      this.#files.set(path, state);
    }
    return state;
  }
}

function troubleOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  switch (code) {
    case 'ENOENT':
      return 'there is no such file';
    case 'EACCES':
    case 'EPERM':
      return 'this user may not read it';
    case 'lease-file-not-regular':
      return 'it is not a file';
    default:
      return `it cannot be read (${code === '' ? 'unknown error' : code})`;
  }
}
