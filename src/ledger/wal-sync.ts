/**
 * Has the disk take what was committed, without anybody waiting for it: syncs SQLite's log on libuv's threads, one sync at a time.
 * Touches only the log: closing the database file itself from here would drop the locks that SQLite has on it.
 */
import { close, fdatasync, open } from 'node:fs';

export class WalSync {
  readonly #path: string;
  #running = false;
  /** Something was committed since the sync under way began. */
  #again = false;

  /** @param databasePath of the database; its log lies beside it */
  constructor(databasePath: string) {
    this.#path = `${databasePath}-wal`;
  }

  /**
   * After a commit. Never throws, and tells nobody of a failure: the disk that refuses this refuses the next checkpoint too, which
   * says so. A log that is gone was copied into the database, and synced, when that was closed.
   */
  request(): void {
    if (this.#running) {
      this.#again = true;
      return;
    }
    this.#running = true;
    open(this.#path, 'r+', (error, fd) => {
      if (error !== null) this.#done();
      else fdatasync(fd, () => close(fd, () => this.#done()));
    });
  }

  #done(): void {
    this.#running = false;
    if (!this.#again) return;
    this.#again = false;
    this.request();
  }
}
