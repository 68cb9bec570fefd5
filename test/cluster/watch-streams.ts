/**
 * Watches: one line of JSON for each event, from a revision on, until the client goes, its time is up, or a test ends it. Whoever reads
 * too slowly is ended, as the real server does.
 */
import type { ServerResponse } from 'node:http';
import { bucketOf, groupVersionOf, type Resource } from './resources.ts';
import type { Matches } from './selectors.ts';
import { tooOld } from './status.ts';
import type { Store, StoreEvent } from './store.ts';

export interface WatchRequest {
  readonly resource: Resource;
  readonly matches: Matches;
  /** Empty or 0: what is there first, then what happens. */
  readonly resourceVersion: string;
  readonly bookmarks: boolean;
  /** What is there first, with a bookmark after it that says so. */
  readonly initialEvents: boolean;
  /** undefined: half an hour */
  readonly timeoutSeconds: number | undefined;
}

export type HowWatchesEnd = 'close' | 'reset' | 'gone';

const BOOKMARK_EVERY_MS = 60_000;
const USUAL_TIMEOUT_S = 1800;
const MOST_UNREAD_BYTES = 8 * 1024 * 1024;

interface Open {
  end(how: HowWatchesEnd): void;
  bookmark(): void;
}

export class WatchStreams {
  readonly #store: Store;
  readonly #open = new Set<Open>();

  constructor(store: Store) {
    this.#store = store;
  }

  get count(): number {
    return this.#open.size;
  }

  endAll(how: HowWatchesEnd): void {
    for (const one of [...this.#open]) one.end(how);
  }

  /** Sends every watch that asked for them a bookmark of now. */
  bookmarkAll(): void {
    for (const one of this.#open) one.bookmark();
  }

  start(request: WatchRequest, response: ServerResponse): void {
    const { resource, matches } = request;
    const bucket = bucketOf(resource);
    const apiVersion = groupVersionOf(resource);
    response.writeHead(200, { 'content-type': 'application/json' });
    const send = (type: string, object: unknown): void => {
      response.write(`${JSON.stringify({ type, object })}\n`);
      if (response.writableLength > MOST_UNREAD_BYTES) response.destroy();
    };
    const fromStart = request.initialEvents || request.resourceVersion === '' || request.resourceVersion === '0';
    const since = fromStart ? [] : this.#store.since(Number(request.resourceVersion));
    if (since === null) {
      send('ERROR', tooOld(Number(request.resourceVersion), this.#store.oldest).body);
      response.end();
      return;
    }
    const pass = (event: StoreEvent): void => {
      const type = event.bucket === bucket ? typeFor(event, matches) : null;
      if (type !== null) send(type, { ...event.object, apiVersion });
    };
    const bookmark = (annotations?: Readonly<Record<string, string>>): void => {
      if (!request.bookmarks) return;
      const metadata = { resourceVersion: String(this.#store.revision), creationTimestamp: null };
      send('BOOKMARK', { kind: resource.kind, apiVersion, metadata: { ...metadata, ...(annotations && { annotations }) } });
    };
    if (fromStart) for (const object of this.#store.list(bucket)) if (matches(object)) send('ADDED', { ...object, apiVersion });
    if (request.initialEvents) bookmark({ 'k8s.io/initial-events-end': 'true' });
    for (const event of since) pass(event);
    // The headers go out at once, also where nothing has happened.
    response.flushHeaders();

    const unlisten = this.#store.listen(pass);
    const bookmarks = setInterval(bookmark, BOOKMARK_EVERY_MS);
    const timeout = setTimeout(
      () => {
        bookmark();
        one.end('close');
      },
      (request.timeoutSeconds ?? USUAL_TIMEOUT_S) * 1000,
    );
    const one: Open = {
      bookmark: () => bookmark(),
      end: (how) => {
        finish();
        if (how === 'reset') response.destroy();
        else {
          if (how === 'gone') send('ERROR', tooOld(this.#store.oldest - 1, this.#store.oldest).body);
          response.end();
        }
      },
    };
    const finish = (): void => {
      unlisten();
      clearInterval(bookmarks);
      clearTimeout(timeout);
      this.#open.delete(one);
    };
    this.#open.add(one);
    response.once('close', finish);
  }
}

/** An object that begins or ceases to be selected is added or deleted, whatever happened to it. */
function typeFor({ type, object, previous }: StoreEvent, matches: Matches): StoreEvent['type'] | null {
  const was = previous !== null && matches(previous);
  const is = type !== 'DELETED' && matches(object);
  if (was && is) return 'MODIFIED';
  if (is) return 'ADDED';
  return was ? 'DELETED' : null;
}
