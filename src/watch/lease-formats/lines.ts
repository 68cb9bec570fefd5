/**
 * Cuts text that comes in pieces into lines. Keeps one unfinished line, of bounded length.
 */

/** Kea's rows may carry a relay's options and a user context. */
export const MAX_LINE = 65_536;

export interface LineSplitter {
  push(text: string): void;
  /** @returns the line that the text ended in, without its end; '' where the text ended with a line's end. */
  end(): string;
}

/** @param onOverlong a line longer than MAX_LINE went by, and was skipped */
export function lineSplitter(onLine: (line: string) => void, onOverlong: () => void): LineSplitter {
  let open = '';
  let skipping = false;
  const keep = (text: string): void => {
    if (skipping) return;
    if (open.length + text.length <= MAX_LINE) {
      open += text;
      return;
    }
    open = '';
    skipping = true;
    onOverlong();
  };
  const take = (): string => {
    const line = open;
    open = '';
    skipping = false;
    return line;
  };
  return {
    push: (text) => {
      let from = 0;
      for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
        keep(text.slice(from, end));
        const skipped = skipping;
        const line = take();
        if (!skipped) onLine(line);
        from = end + 1;
      }
      keep(text.slice(from));
    },
    end: take,
  };
}
