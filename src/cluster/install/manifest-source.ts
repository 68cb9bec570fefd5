/**
 * Where MetalLB's manifest comes from: a file, or an https address. It is not part of Freehold. Bounded in size and time; never follows
 * a redirect to anything but https.
 */
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { Agent, get } from 'node:https';
import { EXIT, FreeholdError } from '../../core/error.ts';
import { printable } from '../../core/text.ts';
import { VERSION } from '../../system/version.ts';

export interface ManifestText {
  /** The file, or the address that it came from at last. */
  readonly source: string;
  readonly text: string;
}

export interface Download {
  /** Certificates that are trusted, PEM; default the system's. */
  readonly ca?: string;
  readonly timeoutMs?: number;
  /** Where a proxy may be named (https_proxy, no_proxy); default that of the process. */
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
}

/** The real one has about 90 KB. */
export const LARGEST_MANIFEST = 5 * 1024 * 1024;
const TIMEOUT_MS = 30_000;
const MOST_REDIRECTS = 5;

/** @param version `0.15.3` */
export const officialAddress = (version: string): string =>
  `https://raw.githubusercontent.com/metallb/metallb/v${version}/config/manifests/metallb-native.yaml`;

/** @throws FreeholdError `manifest-unreadable`, `manifest-too-large`, `manifest-address-bad`, `manifest-not-downloaded` */
export async function loadManifest(place: string, download: Download = {}): Promise<ManifestText> {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(place)) return { source: place, text: readManifest(place) };
  return downloadManifest(place, download);
}

function readManifest(path: string): string {
  let file: number | null = null;
  try {
    file = openSync(path, 'r');
    if (fstatSync(file).size > LARGEST_MANIFEST) throw tooLarge(path);
    const text = readFileSync(file, 'utf8');
    if (text.length > LARGEST_MANIFEST) throw tooLarge(path);
    return text;
  } catch (error) {
    if (error instanceof FreeholdError) throw error;
    throw new FreeholdError('manifest-unreadable', `The manifest ${path} cannot be read: ${messageOf(error)}`, {
      hint: 'Name a file, or an https address.',
      exitCode: EXIT.usage,
      cause: error,
    });
  } finally {
    if (file !== null) closeSync(file);
  }
}

async function downloadManifest(
  address: string,
  { ca, timeoutMs = TIMEOUT_MS, env = process.env, signal }: Download,
): Promise<ManifestText> {
  const patience = AbortSignal.timeout(timeoutMs);
  const until = signal === undefined ? patience : AbortSignal.any([signal, patience]);
  // Jump hosts often reach the world only through a proxy.
  const agent = new Agent({ proxyEnv: env, ...(ca === undefined ? {} : { ca }) });
  try {
    let next = httpsOnly(address, null);
    for (let redirects = 0; ; redirects++) {
      const answer = await ask(next, agent, until);
      const status = answer.statusCode ?? 0;
      const location = answer.headers.location;
      if (status >= 300 && status < 400 && location !== undefined) {
        answer.destroy();
        if (redirects === MOST_REDIRECTS) throw new Error(`more than ${MOST_REDIRECTS} redirects`);
        next = httpsOnly(location, next);
        continue;
      }
      if (status !== 200) {
        answer.destroy();
        throw new Error(`the server answers with status ${status}`);
      }
      return { source: next.href, text: await bodyOf(answer, next.href) };
    }
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof FreeholdError) throw error;
    throw notDownloaded(address, patience.aborted ? `nothing came within ${timeoutMs / 1000} s` : messageOf(error), error);
  } finally {
    agent.destroy();
  }
}

/** @param from where a redirect came from; null for the address that was asked for */
function httpsOnly(text: string, from: URL | null): URL {
  const url = URL.canParse(text, from?.href) ? new URL(text, from?.href) : null;
  if (url?.protocol === 'https:' && url.username === '' && url.password === '') return url;
  const shown = printable(text, 200);
  throw new FreeholdError(
    'manifest-address-bad',
    from === null
      ? `The manifest is fetched over https only, without a user in the address: ${shown}`
      : `${from.host} redirects to ${shown}, and the manifest is fetched over https only.`,
    { hint: 'Fetch it in another way, look at it, and name the file: --manifest FILE', exitCode: EXIT.usage },
  );
}

const ask = (url: URL, agent: Agent, signal: AbortSignal): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    get(url, { agent, signal, headers: { 'user-agent': `freehold/${VERSION}`, accept: '*/*' } }, resolve).on('error', reject);
  });

async function bodyOf(answer: IncomingMessage, source: string): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of answer) {
    const bytes = part as Buffer;
    size += bytes.length;
    if (size > LARGEST_MANIFEST) {
      answer.destroy();
      throw tooLarge(source);
    }
    parts.push(bytes);
  }
  if (!answer.complete) throw new Error('the connection ended in the middle');
  return Buffer.concat(parts).toString('utf8');
}

function messageOf(error: unknown): string {
  const many: unknown = error instanceof AggregateError ? error.errors[0] : error;
  return printable(many instanceof Error ? many.message : String(many), 300);
}

const tooLarge = (source: string): FreeholdError =>
  new FreeholdError('manifest-too-large', `${printable(source, 200)} has more than 5 MB: that is no manifest of MetalLB.`, {
    hint: 'Name the manifest metallb-native.yaml.',
    exitCode: EXIT.usage,
  });

const notDownloaded = (address: string, why: string, cause: unknown): FreeholdError =>
  new FreeholdError('manifest-not-downloaded', `The manifest cannot be downloaded from ${printable(address, 200)}: ${why}`, {
    hint:
      'It is not part of Freehold. Fetch it on a machine that reaches the address, and bring the file here:\n' +
      `  curl -fLo metallb-native.yaml ${printable(address, 200)}\n` +
      '  freehold metallb install --manifest metallb-native.yaml',
    exitCode: EXIT.unreachable,
    cause,
  });
