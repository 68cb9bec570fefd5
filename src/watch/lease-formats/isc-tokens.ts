/**
 * Cuts the text of ISC's configuration language, as its lease file uses it, into tokens: words, strings, braces and semicolons.
 * Comments are dropped. Keeps one unfinished token, of bounded length; knows no statement.
 */

/** A client identifier of 255 bytes, each written as an octal escape, has 1,020. What is longer is cut. */
const MAX_TOKEN = 4096;

export type IscToken =
  | { readonly kind: 'word'; readonly text: string }
  /** Its escapes resolved. Not `closed`: the line ended first. */
  | { readonly kind: 'string'; readonly text: string; readonly closed: boolean }
  | { readonly kind: '{' | '}' | ';' };

export interface IscTokens {
  push(text: string): void;
  /** Forgets what is unfinished: the file ended in it. */
  reset(): void;
}

type Mode = 'between' | 'word' | 'string' | 'comment';

const NEWLINE = 0x0a;
const QUOTE = 0x22;
const HASH = 0x23;
const SEMICOLON = 0x3b;
const BACKSLASH = 0x5c;
const OPEN = 0x7b;
const CLOSE = 0x7d;
/** Space and whatever control character there may be. */
const SPACE = 0x20;

const BRACE_OPEN: IscToken = { kind: '{' };
const BRACE_CLOSE: IscToken = { kind: '}' };
const END: IscToken = { kind: ';' };

export function iscTokens(onToken: (token: IscToken) => void): IscTokens {
  let mode: Mode = 'between';
  let kept = '';
  /** The last character of a string was a backslash that escapes the next one. */
  let escaping = false;

  const keep = (text: string): void => {
    if (kept.length < MAX_TOKEN) kept += text.slice(0, MAX_TOKEN - kept.length);
  };
  const endWord = (): void => {
    const text = kept;
    kept = '';
    mode = 'between';
    onToken({ kind: 'word', text });
  };
  const endString = (closed: boolean): void => {
    const text = unescaped(kept);
    kept = '';
    escaping = false;
    mode = 'between';
    onToken({ kind: 'string', text, closed });
  };
  /** @returns what begins with this character */
  const begin = (code: number): Mode => {
    if (code === HASH) return 'comment';
    if (code === QUOTE) return 'string';
    if (code === OPEN) onToken(BRACE_OPEN);
    else if (code === CLOSE) onToken(BRACE_CLOSE);
    else if (code === SEMICOLON) onToken(END);
    else if (code > SPACE) return 'word';
    return 'between';
  };

  return {
    push: (text) => {
      /** Where in `text` the part of the token begins that is not kept yet. */
      let from = 0;
      for (let at = 0; at < text.length; at++) {
        const code = text.charCodeAt(at);
        if (mode === 'comment') {
          if (code === NEWLINE) mode = 'between';
        } else if (mode === 'string') {
          if (code === NEWLINE || (code === QUOTE && !escaping)) {
            keep(text.slice(from, at));
            endString(code === QUOTE);
          } else {
            escaping = code === BACKSLASH && !escaping;
          }
        } else {
          if (mode === 'word') {
            if (!endsWord(code)) continue;
            keep(text.slice(from, at));
            endWord();
          }
          mode = begin(code);
          // The text of a word begins with this character, that of a string with the next.
          from = code === QUOTE ? at + 1 : at;
        }
      }
      if (mode === 'word' || mode === 'string') keep(text.slice(from));
    },
    reset: () => {
      mode = 'between';
      kept = '';
      escaping = false;
    },
  };
}

const endsWord = (code: number): boolean =>
  code <= SPACE || code === HASH || code === QUOTE || code === SEMICOLON || code === OPEN || code === CLOSE;

/** `\"`, `\\`, and three octal digits for any other byte. */
const unescaped = (text: string): string =>
  text.includes('\\')
    ? text.replace(/\\([0-7]{3}|.)/gs, (_, what: string) =>
        what.length === 3 ? String.fromCharCode(Number.parseInt(what, 8) & 0xff) : what,
      )
    : text;
