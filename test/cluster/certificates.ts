/**
 * An authority of its own, and certificates by it, made with openssl: once for each set of names and process, since they take time.
 * They hold for a day and are trusted by nobody but the kubeconfigs written with them.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** All of it PEM. */
export interface KeyPair {
  readonly key: string;
  readonly certificate: string;
}

export interface Authority {
  readonly certificate: string;
  readonly server: KeyPair;
  /** For one who logs in with it: `name` becomes the user, `group` its group. */
  client(name: string, group?: string): KeyPair;
}

const authorities = new Map<string, Authority>();

/** @param hosts names and addresses that the server is reached by, beside localhost and 127.0.0.1 */
export function authorityFor(hosts: readonly string[]): Authority {
  const names = [...new Set(['localhost', '127.0.0.1', ...hosts])].sort();
  const known = authorities.get(names.join());
  if (known !== undefined) return known;
  const made = make(names);
  authorities.set(names.join(), made);
  return made;
}

function make(names: readonly string[]): Authority {
  const alternatives = names.map((name) => `${isIP(name) === 0 ? 'DNS' : 'IP'}:${name}`).join();
  const root = selfSigned();
  return {
    certificate: root.certificate,
    server: signed(root, '/CN=kube-apiserver', `subjectAltName=${alternatives}\nextendedKeyUsage=serverAuth\n`),
    client: (name, group) =>
      signed(root, `${group === undefined ? '' : `/O=${group}`}/CN=${name}`, 'extendedKeyUsage=clientAuth\n'),
  };
}

const CURVE = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'] as const;

function selfSigned(): KeyPair {
  return inFolder((path) => {
    const extensions = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign,cRLSign'];
    const added = extensions.flatMap((one) => ['-addext', one]);
    openssl(
      'req',
      '-x509',
      ...CURVE,
      '-days',
      '1',
      '-subj',
      '/CN=kubernetes',
      ...added,
      '-keyout',
      path('key'),
      '-out',
      path('crt'),
    );
    return pairAt(path);
  });
}

function signed(root: KeyPair, subject: string, extensions: string): KeyPair {
  return inFolder((path) => {
    writeFileSync(path('root.key'), root.key, { mode: 0o600 });
    writeFileSync(path('root.crt'), root.certificate);
    writeFileSync(path('extensions'), extensions);
    openssl('req', ...CURVE, '-subj', subject, '-keyout', path('key'), '-out', path('csr'));
    const by = ['-CA', path('root.crt'), '-CAkey', path('root.key'), '-CAcreateserial', '-extfile', path('extensions')];
    openssl('x509', '-req', '-in', path('csr'), ...by, '-days', '1', '-out', path('crt'));
    return pairAt(path);
  });
}

const pairAt = (path: (name: string) => string): KeyPair => ({
  key: readFileSync(path('key'), 'utf8'),
  certificate: readFileSync(path('crt'), 'utf8'),
});

function inFolder(make: (path: (name: string) => string) => KeyPair): KeyPair {
  const folder = mkdtempSync(join(tmpdir(), 'freehold-certificates-'));
  try {
    return make((name) => join(folder, name));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const openssl = (...parameters: readonly string[]): void => {
  execFileSync('openssl', parameters, { stdio: ['ignore', 'ignore', 'pipe'] });
};
