/** Kubeconfig files for the users of a cluster double, in a folder of their own that goes away with it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Authority } from './certificates.ts';

export interface Kubeconfigs {
  /** @returns the path of a file that holds a token, or a client certificate where `group` is given */
  write(user: string, credentials: { readonly token: string } | { readonly name: string; readonly group: string }): string;
  remove(): void;
}

export function createKubeconfigs(url: string, authority: Authority): Kubeconfigs {
  const folder = mkdtempSync(join(tmpdir(), 'freehold-kubeconfig-'));
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  return {
    write(user, credentials) {
      const byToken = 'token' in credentials;
      const path = join(folder, `${user.replaceAll(/[^\w.-]/g, '_')}${byToken ? '' : '-certificate'}.yaml`);
      const pair = byToken ? null : authority.client(credentials.name, credentials.group);
      const login =
        pair === null
          ? credentials
          : { 'client-certificate-data': base64(pair.certificate), 'client-key-data': base64(pair.key) };
      const document = {
        apiVersion: 'v1',
        kind: 'Config',
        clusters: [{ name: 'double', cluster: { server: url, 'certificate-authority-data': base64(authority.certificate) } }],
        users: [{ name: user, user: login }],
        contexts: [{ name: `${user}@double`, context: { cluster: 'double', user } }],
        'current-context': `${user}@double`,
      };
      writeFileSync(path, stringify(document), { mode: 0o600 });
      return path;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
