/**
 * Reads the kernel's neighbour table now and then: a free source of sightings, made by whatever this machine talks to. An
 * entry is news only when it appears or changes: a stale one can stay in the table for days, and says nothing about now.
 */
import { contains } from '../core/address/range.ts';
import { readNeighbours } from '../link/neighbours.ts';
import type { Neighbour } from '../link/types.ts';
import type { Clock } from '../system/clock.ts';
import type { Logger } from '../system/logger.ts';
import type { Recorder } from './recorder.ts';
import type { Watch } from './watch.ts';

const READ_INTERVAL_MS = 30_000;
/** The kernel's own limit on the table (gc_thresh3) is 1,024 by default. */
const MAX_ENTRIES = 8192;

export interface NeighbourReaderOptions {
  readonly watch: Watch;
  readonly recorder: Recorder;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class NeighbourReader {
  readonly #options: NeighbourReaderOptions;
  #known: ReadonlySet<string> = new Set();
  #timer: NodeJS.Timeout | null = null;

  constructor(options: NeighbourReaderOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer ??= setInterval(() => void this.read(), READ_INTERVAL_MS);
    void this.read();
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  /** Reads the table once. Never throws. */
  async read(): Promise<void> {
    try {
      const table = await readNeighbours();
      if (table === null) {
        this.#options.logger.debug('the neighbour table is not available; going on without it');
        this.stop();
        return;
      }
      const entries = table.slice(0, MAX_ENTRIES);
      const key = (entry: Neighbour): string => `${entry.interfaceName}/${entry.address}/${entry.mac}`;
      for (const entry of entries) if (!this.#known.has(key(entry))) this.#record(entry);
      this.#known = new Set(entries.map(key));
    } catch (error) {
      this.#options.logger.warn({ err: error }, 'the neighbour table could not be read, ignoring it this time');
    }
  }

  #record({ interfaceName, address, mac }: Neighbour): void {
    for (const { watch } of this.#options.watch.all()) {
      const { row, place, config } = watch;
      if (row === null || place === null || config.interface !== interfaceName || !contains(place.range, address)) continue;
      this.#options.recorder.sighting(row.id, {
        segment: row.name,
        address,
        mac,
        atMs: this.#options.clock.nowMs(),
        source: 'neighbour',
      });
    }
  }
}
