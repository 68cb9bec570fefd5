/**
 * Follows lease files by looking at them every few seconds: as they change, are rotated or written anew. Only ever reads.
 * A file that is missing or unreadable is reported once and looked for again.
 */
import { open } from 'node:fs/promises';
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
  /** Called for each lease that is new, or whose end or holder changed. */
  readonly onLease: (lease: Lease) => void;
}

export class LeaseReader {
  readonly #options: LeaseReaderOptions;
  readonly #state = new Map<string, { stamp: string; known: Map<Ipv4, Lease>; troubled: boolean }>();
  #timer: NodeJS.Timeout | null = null;
  #reading = false;

  constructor(options: LeaseReaderOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#options.paths.length === 0) return;
    this.#timer ??= setInterval(() => void this.look(), LOOK_INTERVAL_MS);
    void this.look();
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  /** Reads every file that changed since the last look. Never throws. */
  async look(): Promise<void> {
    if (this.#reading) return;
    this.#reading = true;
    try {
      for (const path of this.#options.paths) await this.#lookAt(path);
    } finally {
      this.#reading = false;
    }
  }

  async #lookAt(path: string): Promise<void> {
    const state = this.#state.get(path) ?? { stamp: '', known: new Map<Ipv4, Lease>(), troubled: false };
    this.#state.set(path, state);
    try {
      await using file = await open(path, 'r');
      const { mtimeMs, size, ino } = await file.stat();
      const stamp = `${ino}/${size}/${mtimeMs}`;
      if (stamp === state.stamp) return;
      const buffer = Buffer.alloc(Math.min(size, MAX_FILE_BYTES));
      const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
      this.#take(path, state.known, buffer.toString('utf8', 0, bytesRead));
      state.stamp = stamp;
      state.troubled = false;
    } catch (error) {
      if (!state.troubled)
        this.#options.logger.warn({ err: error, path }, 'a lease file cannot be read; looking again every few seconds');
      state.troubled = true;
      state.stamp = '';
    }
  }

  #take(path: string, known: Map<Ipv4, Lease>, text: string): void {
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
      if (before?.mac !== mac || before.endsMs !== endsMs) this.#options.onLease(lease.value);
    }
    // A line that went away was released, or ended: the file is the server's own word.
    for (const [address, lease] of known) if (!found.has(address)) this.#options.onLease({ ...lease, endsMs: 0 });
    known.clear();
    for (const [address, lease] of found) known.set(address, lease);
    if (malformed > 0) this.#options.logger.warn({ path, malformed }, 'lines of a lease file were not understood, ignoring them');
  }
}
