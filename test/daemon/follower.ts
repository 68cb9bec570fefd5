/** Follows the live events of a test's daemon, and keeps them. */
import { join } from 'node:path';
import { connectToEvents, type ServerEvent } from '../../src/http/event-client.ts';
import type { RunningDaemon } from './running.ts';

export interface Follower {
  readonly events: readonly ServerEvent[];
  close(): void;
}

/** Follows already when it resolves: whatever happens from then on is among the events. */
export async function followEvents(daemon: Pick<RunningDaemon, 'folder'>): Promise<Follower> {
  const ended = new AbortController();
  const stream = await connectToEvents(
    { url: 'http://localhost', socketPath: join(daemon.folder, 'freehold.sock'), token: null },
    { types: undefined, lastEventId: null, signal: ended.signal },
  );
  const events: ServerEvent[] = [];
  const reading = (async () => {
    for await (const event of stream.events) events.push(event);
  })();
  // It breaks off where the daemon stops first, which is for the test to see.
  reading.catch(() => undefined);
  return { events, close: () => ended.abort() };
}
