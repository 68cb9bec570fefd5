import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LARGEST_MANIFEST, loadManifest, officialAddress } from '../../../src/cluster/install/manifest-source.ts';
import { EXIT } from '../../../src/core/error.ts';
import { authorityFor } from '../../cluster/certificates.ts';

const folder = mkdtempSync(join(tmpdir(), 'freehold-manifest-'));
const authority = authorityFor(['127.0.0.1']);
let server: Server;
let url = '';
const seen: string[] = [];

const PAGES: Readonly<Record<string, (answer: ServerResponse) => void>> = {
  '/manifest': (answer) => void answer.end('kind: Namespace\n'),
  '/moved': (answer) => void answer.writeHead(302, { location: '/manifest' }).end(),
  '/to-http': (answer) => void answer.writeHead(302, { location: 'http://127.0.0.1:1/manifest' }).end(),
  '/to-file': (answer) => void answer.writeHead(302, { location: 'file:///etc/passwd' }).end(),
  '/round': (answer) => void answer.writeHead(301, { location: '/round' }).end(),
  '/missing': (answer) => void answer.writeHead(404).end('Not found'),
  '/large': (answer) => void answer.end('x'.repeat(LARGEST_MANIFEST + 1)),
  '/broken': (answer) => {
    answer.writeHead(200, { 'content-length': '100' }).write('kind:');
    setTimeout(() => answer.destroy(), 20);
  },
  '/silent': () => undefined,
  '/slow': (answer) => {
    answer.write('kind:');
  },
};

beforeAll(async () => {
  server = createServer(
    { key: authority.server.key, cert: authority.server.certificate },
    (request: IncomingMessage, answer: ServerResponse) => {
      seen.push(request.url ?? '');
      (PAGES[request.url ?? ''] ?? PAGES['/missing'])?.(answer);
    },
  );
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});

describe('loadManifest', () => {
  const ca = authority.certificate;
  const env = {};

  it.each([['/manifest'], ['/moved']])('downloads %s', async (path) => {
    expect(await loadManifest(url + path, { ca, env })).toEqual({ source: `${url}/manifest`, text: 'kind: Namespace\n' });
  });

  it.each([
    ['a redirect to http', '/to-http', 'manifest-address-bad', EXIT.usage, /redirects to http:/],
    ['a redirect to a file', '/to-file', 'manifest-address-bad', EXIT.usage, /redirects to file:/],
    ['redirects without end', '/round', 'manifest-not-downloaded', EXIT.unreachable, /more than 5 redirects/],
    ['what is not there', '/missing', 'manifest-not-downloaded', EXIT.unreachable, /status 404/],
    ['what is too large', '/large', 'manifest-too-large', EXIT.usage, /more than 5 MB/],
    ['what breaks off', '/broken', 'manifest-not-downloaded', EXIT.unreachable, /aborted|ended/],
    ['a server that says nothing', '/silent', 'manifest-not-downloaded', EXIT.unreachable, /nothing came within 0.5 s/],
    ['a server that never ends', '/slow', 'manifest-not-downloaded', EXIT.unreachable, /nothing came within 0.5 s/],
  ])('refuses %s', async (_, path, code, exitCode, why) => {
    const loading = loadManifest(url + path, { ca, env, timeoutMs: path === '/large' ? 10_000 : 500 });
    await expect(loading).rejects.toMatchObject({ code, exitCode, message: expect.stringMatching(why) });
  });

  it('trusts no certificate that it does not know, and says how to bring the file', async () => {
    await expect(loadManifest(`${url}/manifest`, { env })).rejects.toMatchObject({
      code: 'manifest-not-downloaded',
      hint: expect.stringMatching(/curl -fLo metallb-native\.yaml .*\n.*--manifest metallb-native\.yaml/),
    });
  });

  it.each([['http://127.0.0.1/manifest'], ['ftp://127.0.0.1/'], ['https://user:secret@127.0.0.1/']])(
    'asks nothing of %s',
    async (address) => {
      const before = seen.length;
      await expect(loadManifest(address, { ca, env })).rejects.toMatchObject({
        code: 'manifest-address-bad',
        exitCode: EXIT.usage,
      });
      expect(seen).toHaveLength(before);
    },
  );

  it('ends at once when it is interrupted', async () => {
    const stop = new AbortController();
    const loading = loadManifest(`${url}/silent`, { ca, env, signal: stop.signal });
    stop.abort(new Error('interrupted'));
    await expect(loading).rejects.toThrow('interrupted');
  });

  it('reads a file', async () => {
    const path = join(folder, 'metallb.yaml');
    writeFileSync(path, 'kind: Namespace\n');
    expect(await loadManifest(path)).toEqual({ source: path, text: 'kind: Namespace\n' });
  });

  it('refuses a file that is too large, or not there, or a folder', async () => {
    const path = join(folder, 'large.yaml');
    writeFileSync(path, '');
    truncateSync(path, LARGEST_MANIFEST + 1);
    await expect(loadManifest(path)).rejects.toMatchObject({ code: 'manifest-too-large' });
    await expect(loadManifest(join(folder, 'none'))).rejects.toMatchObject({ code: 'manifest-unreadable', exitCode: EXIT.usage });
    await expect(loadManifest(folder)).rejects.toMatchObject({ code: 'manifest-unreadable' });
  });

  it('knows the address of the project', () => {
    expect(officialAddress('0.15.3')).toBe(
      'https://raw.githubusercontent.com/metallb/metallb/v0.15.3/config/manifests/metallb-native.yaml',
    );
  });
});
