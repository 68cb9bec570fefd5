/**
 * What a person sees while a command works: a bar, or a line with the elapsed time. On stderr, on a terminal only, and gone when
 * the work is over. cli-progress is loaded here and nowhere else.
 */
import type { Output } from './output.ts';

export interface ProgressLine {
  /** @param done 0 .. total; `detail` is a few words for the end of the line. */
  update(done: number, total: number, detail: string): void;
  /** Takes the line away. Idempotent. */
  stop(): void;
}

const SILENT: ProgressLine = { update: () => undefined, stop: () => undefined };

/**
 * `gracefulExit` off: with it on, Ctrl-C would only stop the bar and the command would go on unseen. So nothing about the
 * terminal may be changed that somebody would have to change back: the cursor stays, and so does line wrapping.
 */
const COMMON = {
  stream: process.stderr,
  clearOnComplete: true,
  hideCursor: false,
  linewrap: true,
  gracefulExit: false,
  fps: 10,
} as const;

export async function progressBar(output: Output, label: string): Promise<ProgressLine> {
  if (!output.interactive) return SILENT;
  const { default: progress } = await import('cli-progress');
  const bar = new progress.SingleBar({ ...COMMON, format: `${label} [{bar}] {value}/{total} {detail}`, barsize: 30 });
  let started = false;
  return {
    update: (done, total, detail) => {
      if (!started) bar.start(total, done, { detail });
      started = true;
      if (bar.getTotal() !== total) bar.setTotal(total);
      bar.update(done, { detail });
    },
    stop: () => bar.stop(),
  };
}

/** A line that counts the seconds until `work` is settled. */
export async function withElapsed<T>(output: Output, label: string, work: Promise<T>): Promise<T> {
  if (!output.interactive) return work;
  const { default: progress } = await import('cli-progress');
  const bar = new progress.SingleBar({ ...COMMON, format: `${label} {value} s` });
  bar.start(1, 0);
  let seconds = 0;
  const timer = setInterval(() => bar.update(++seconds), 1000);
  try {
    return await work;
  } finally {
    clearInterval(timer);
    bar.stop();
  }
}
