/** A hard limit around what a channel does: whatever becomes of it, an outcome is there in time, and its place is free again. */
import { retry, type SendOutcome } from './types.ts';

/** Above every channel's own: e-mail takes 30 s. */
export const SEND_LIMIT_MS = 60_000;

/**
 * Never throws. What goes on behind its signal is forgotten.
 * @param stop ends the work early; what it says then is the outcome
 */
export async function withinLimit(
  work: (signal: AbortSignal) => Promise<SendOutcome>,
  limitMs: number,
  stop: AbortSignal,
): Promise<SendOutcome> {
  const ended = new AbortController();
  const end = (): void => ended.abort();
  stop.addEventListener('abort', end);
  if (stop.aborted) end();
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<SendOutcome>((resolve) => {
    timer = setTimeout(() => {
      resolve(retry(`no outcome within ${limitMs / 1000} s: given up`, null, 'channel'));
      end();
    }, limitMs);
    // A daemon that ends does not wait for it.
    timer.unref();
  });
  try {
    return await Promise.race([work(ended.signal), limit]);
  } catch (error) {
    // Its text is not shown: it may hold what was sent, or where to.
    return retry(`unexpected failure (${error instanceof Error ? error.name : typeof error})`);
  } finally {
    clearTimeout(timer);
    stop.removeEventListener('abort', end);
  }
}
