/**
 * Follows lease files by looking at them every few seconds: as they change, grow, are rotated or written anew. A file that is
 * missing or unreadable is reported once and looked for again; what it said last stays. Judges nobody's lease.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { formatIpv4, type Ipv4 } from '../core/address/ipv4.ts';
import type { Lease } from '../core/evidence/facts.ts';
import type { LeaseFileConfig } from '../system/config-types.ts';
import type { Logger } from '../system/logger.ts';
import { LeaseEndings, READINGS_BELIEVED } from './lease-endings.ts';
import { type LeaseReading, MAX_LEASE_FILE_BYTES, readLeaseFile } from './lease-file.ts';
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
   * Called for each lease that is new, or whose end or holder changed; one that its file no longer has ends at 0, as soon as that
   * is sure (lease-endings.ts).
   * @param isNew false for what the first read of a file finds, as nobody knows since when it runs, and for what is only repeated
   */
  readonly onLease: (lease: Lease, isNew: boolean) => void;
  /**
   * Called once after the start, and once after each `again`, when every file has been read to its end and no lease may have
   * ended: all leases that there are. Called again later where it throws. Never where no file is configured.
   */
  readonly onSnapshot?: (leases: readonly Lease[]) => void;
  /**
   * Called after each look that found something changed: all leases of the files that were read, and the addresses whose leases
   * are over. With no file configured, once.
   * @param whole whether every file was read: what is missing here is in none
   */
  readonly onLeases?: (leases: readonly Lease[], former: readonly Ipv4[], whole: boolean) => void;
  /** That of the former configuration, stopped: what it read is known, so that what came since is new. */
  readonly after?: LeaseReader;
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
  identity: string;
  format: LeaseFormat | null;
  known: Map<Ipv4, Lease>;
  former: readonly Ipv4[];
  declined: readonly Ipv4[];
  malformed: number;
  readonly endings: LeaseEndings;
  /** Whether it was ever read: what is in it now and was not is new. */
  everRead: boolean;
  /** Whether it was read since the start, or since `again`. */
  read: boolean;
  /** Readings since then; and whether the newest one stands: half a file may not end what the ledger holds. */
  readings: number;
  steady: boolean;
  /** Why `known` is not all that the file holds; null where it is. */
  partial: string | null;
  /** Why it cannot be read; null where it can. */
  trouble: string | null;
  looksToSkip: number;
}

type Read = LeaseReading & { readonly kind: 'read' };

const newState = (): FileState => ({
  stamp: '',
  identity: '',
  format: null,
  known: new Map(),
  former: [],
  declined: [],
  malformed: 0,
  endings: new LeaseEndings(),
  everRead: false,
  read: false,
  readings: 0,
  steady: false,
  partial: null,
  trouble: null,
  looksToSkip: 0,
});

/** What it said stays known until it is read. */
const toReadAgain = (state: FileState): FileState => ({
  ...state,
  stamp: '',
  read: false,
  readings: 0,
  steady: false,
  looksToSkip: 0,
});

export class LeaseReader {
  readonly #options: Omit<LeaseReaderOptions, 'after'>;
  readonly #files = new Map<string, FileState>();
  #snapshotDue = true;
  #changed = true;
  #timer: NodeJS.Timeout | null = null;
  #looking: Promise<void> | null = null;
  #stopped = false;

  constructor({ after, ...options }: LeaseReaderOptions) {
    this.#options = options;
    if (after === undefined) return;
    for (const { path, format } of options.files) {
      const before = after.#files.get(path);
      const isSame = after.#options.files.some((file) => file.path === path && file.format === format);
      if (before !== undefined && isSame) this.#files.set(path, toReadAgain(before));
    }
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

  /** Tells of every lease once more, as it finds it; and a snapshot when all files have been read. */
  async again(): Promise<void> {
    // What a look under way finds is known first: whatever comes after it is new.
    while (this.#looking !== null) await this.#looking;
    for (const [path, state] of this.#files) this.#files.set(path, toReadAgain(state));
    this.#snapshotDue = true;
    this.#changed = true;
    await this.look();
  }

  async #lookAtAll(): Promise<void> {
    const { files, onLeases, onSnapshot } = this.#options;
    for (const config of files) {
      if (!this.#stopped) await this.#lookAt(config, this.#stateOf(config.path));
    }
    if (this.#stopped) return;
    const states = files.map(({ path }) => this.#stateOf(path));
    if (this.#changed && (states.length === 0 || states.some(({ everRead }) => everRead))) {
      const leases = states.flatMap(({ known, endings }) => [...known.values(), ...endings.leases]);
      const former = states.flatMap((state) => [...state.former, ...state.endings.former]);
      this.#changed = !this.#told(() => onLeases?.(leases, former, this.#knowsAll()));
    }
    const whole = states.every(
      ({ read, steady, endings, partial, trouble }) => read && steady && endings.settled && partial === null && trouble === null,
    );
    if (this.#snapshotDue && whole && states.length > 0) {
      this.#snapshotDue = !this.#told(() => onSnapshot?.(states.flatMap(({ known }) => [...known.values()])));
    }
  }

  /** Whether every file was read: a lease that is in none of them has ended. */
  #knowsAll(): boolean {
    return this.#options.files.every(({ path }) => this.#stateOf(path).everRead);
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
      if (this.#stopped || reading.kind === 'busy') return;
      if (reading.kind === 'unchanged') {
        state.steady = true;
        await this.#end(config.path, state, true);
        return;
      }
      state.stamp = reading.stamp;
      state.steady = ++state.readings >= READINGS_BELIEVED;
      state.format = reading.format;
      state.trouble = null;
      state.looksToSkip = Math.floor(reading.bytes / BYTES_PER_LOOK);
      this.#notePartial(config.path, state, reading.tooLarge, reading.content.whole);
      this.#noteOddities(config.path, state, reading.content);
      await this.#take(config.path, state, reading);
    } catch (error) {
      if (state.trouble === null)
        this.#options.logger.warn(
          { err: error, path: config.path },
          'a lease file cannot be read; looking again every few seconds',
        );
      state.trouble = troubleOf(error);
      state.steady = false;
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
  async #take(path: string, state: FileState, { content, identity, ended }: Read): Promise<void> {
    const { known, read, everRead, endings } = state;
    const { leases, former } = content;
    const found = new Map<Ipv4, Lease>();
    let told = 0;
    for (const [address, lease] of leases) {
      const before = known.get(address) ?? endings.lease(address);
      found.set(address, lease);
      const isNews = before === undefined || before.mac !== lease.mac || before.endsMs !== lease.endsMs;
      if (!isNews && read) continue;
      this.#tell(lease, isNews && everRead);
      if (++told % SLICE === 0) await nextTurn();
    }
    if (state.partial === null) await this.#tellOver(path, endings.note(known, content));
    else {
      // Of what did not come up in this reading no more is kept than of what did.
      for (const [address, lease] of known) {
        if (found.size >= 2 * MAX_ADDRESSES) break;
        if (!found.has(address)) found.set(address, lease);
      }
    }
    endings.noteFormer(state.former, content);
    if (!read || former.length !== state.former.length) this.#changed = true;
    // Written elsewhere and moved here: no half of it is seen. By the end of a line it is told from one that was made in place.
    const replaced = ended && state.identity !== '' && state.identity !== identity;
    state.known = found;
    state.former = former;
    state.identity = identity;
    state.read = true;
    state.everRead = true;
    await this.#end(path, state, replaced);
  }

  /** A line that went away was released, or ended: the file is the server's own word, once it is sure that it is all of it. */
  async #end(path: string, { partial, endings }: FileState, proven: boolean): Promise<void> {
    if (endings.settled || partial !== null || !this.#knowsAll()) return;
    const { leases, former } = endings.take(proven);
    if (former.length > 0) this.#changed = true;
    await this.#tellOver(path, leases);
  }

  async #tellOver(path: string, leases: readonly Lease[]): Promise<void> {
    let told = 0;
    for (const lease of leases) {
      const elsewhere = this.#leaseElsewhere(path, lease.address);
      this.#tell(elsewhere ?? { ...lease, endsMs: 0 }, elsewhere === undefined);
      if (++told % SLICE === 0) await nextTurn();
    }
  }

  #tell(lease: Lease, isNew: boolean): void {
    this.#changed = true;
    if (!this.#stopped) this.#options.onLease(lease, isNew);
  }

  /** Unless another server's file has it. */
  #leaseElsewhere(path: string, address: Ipv4): Lease | undefined {
    for (const [other, { known, endings }] of this.#files) {
      const lease = other === path ? undefined : (known.get(address) ?? endings.lease(address));
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
