/**
 * A queue of (time, item) by time: a binary heap of plain numbers. Holds no timer and no clock: the owner asks what is due.
 */
export interface TimerQueue {
  readonly times: number[];
  readonly items: number[];
}

export const createTimerQueue = (): TimerQueue => ({ times: [], items: [] });

export const nextTime = (queue: TimerQueue): number | undefined => queue.times[0];
export const nextItem = (queue: TimerQueue): number | undefined => queue.items[0];

export function pushTimer({ times, items }: TimerQueue, atMs: number, item: number): void {
  let hole = times.length;
  while (hole > 0) {
    const parent = (hole - 1) >> 1;
    const parentTime = times[parent] ?? 0;
    if (parentTime <= atMs) break;
    times[hole] = parentTime;
    items[hole] = items[parent] ?? 0;
    hole = parent;
  }
  times[hole] = atMs;
  items[hole] = item;
}

/** Takes the earliest item off; undefined when empty. */
export function popTimer({ times, items }: TimerQueue): number | undefined {
  const earliest = items[0];
  const atMs = times.pop();
  const item = items.pop();
  if (atMs === undefined || item === undefined || times.length === 0) return earliest;
  let hole = 0;
  for (;;) {
    let child = 2 * hole + 1;
    if (child >= times.length) break;
    if (child + 1 < times.length && (times[child + 1] ?? 0) < (times[child] ?? 0)) child++;
    const childTime = times[child] ?? 0;
    if (childTime >= atMs) break;
    times[hole] = childTime;
    items[hole] = items[child] ?? 0;
    hole = child;
  }
  times[hole] = atMs;
  items[hole] = item;
  return earliest;
}
