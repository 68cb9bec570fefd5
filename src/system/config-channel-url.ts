/**
 * URLs of alert channels. They may be secrets themselves (whoever has a Slack webhook's URL can post to it), so no message of
 * this file holds one.
 */
import { err, ok, type Result } from '../core/result.ts';
import { isLoopbackHost } from './listen-address.ts';

const LONGEST = 2048;
/** RFC 3986 sections 2 and 3: other characters have to be percent-encoded, and `http:name` is no absolute URL. */
const ABSOLUTE_URI = /^[a-z][a-z0-9+.-]*:\/\/[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=%]+$/i;
/** Stands for everything after the host. No URI character: what `config print` shows is never taken for a URL again. */
const HIDDEN = '/<hidden>';

/** Absolute, http or https, without user, password or fragment. The error never holds the URL. */
export function parseChannelUrl(text: string): Result<URL> {
  if (text.endsWith(HIDDEN)) return err('is not the whole URL: "config print" does not show what follows the host');
  if (text.length > LONGEST || !ABSOLUTE_URI.test(text) || !URL.canParse(text)) {
    return err('is not a URL, like https://alerts.example.org/hook (it is not shown here: it may be a secret)');
  }
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return err('is not an http or https URL');
  if (url.username !== '' || url.password !== '') {
    return err('holds a user or a password: keep the whole URL in a file (urlFile), or use tokenFile');
  }
  return url.hash === '' ? ok(url) : err('holds a fragment ("#..."), which is never sent');
}

/** Whether what is sent to it can be read on the way: plain http to another machine. */
export const isReadableOnTheWay = (url: URL): boolean =>
  url.protocol === 'http:' && !isLoopbackHost(url.hostname.replace(/^\[|\]$/g, ''));

/** Scheme and host; whatever follows is hidden. */
export function hidePath(text: string): string {
  const url = new URL(text);
  return url.pathname === '/' && url.search === '' ? url.origin : `${url.origin}${HIDDEN}`;
}
