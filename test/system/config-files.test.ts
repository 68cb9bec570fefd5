import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/system/config.ts';
import { checkFiles } from '../../src/system/config-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'freehold-config-files-'));
afterAll(() => rmSync(folder, { recursive: true }));

const SECRET = 'hunter2-T0P-s3cret';
const at = (name: string): string => join(folder, name);
function file(name: string, text: string, mode = 0o600): string {
  writeFileSync(at(name), text, { mode });
  chmodSync(at(name), mode);
  return at(name);
}
const LEDGER = `ledger: { path: ${at('ledger.db')} }`;
const check = (text: string, ledger = LEDGER, environment: NodeJS.ProcessEnv = {}) =>
  checkFiles(parseConfig(`${text}\n${ledger}`, 'f'), environment);

const good = file('good', `${SECRET}\n`);
const open = file('open', `${SECRET}\n`, 0o644);
const gone = at('gone');
mkdirSync(at('folder'));

describe('checkFiles', () => {
  it('finds nothing wrong where all is there', () => {
    const text = [
      `http: { tokenFile: ${good} }`,
      `dhcp: { leases: [${open}] }`,
      `metallb: { kubeconfig: ${good} }`,
      'alerts:',
      '  channels:',
      `    - { type: webhook, urlFile: ${good}, hmacFile: ${good}, tokenEnv: TOKEN }`,
      `    - { type: slack, urlEnv: TOKEN }`,
      `    - { type: alertmanager, url: "http://127.0.0.1:9093", tokenFile: ${good} }`,
      `    - { type: email, host: mail, from: a@b, to: [c@d], caFile: ${open}, user: u, passwordFile: ${good} }`,
      '    - { type: journal }',
    ].join('\n');
    expect(check(text, LEDGER, { TOKEN: SECRET })).toEqual({ problems: [], warnings: [] });
    file('ledger.db', '');
    expect(check('', LEDGER)).toEqual({ problems: [], warnings: [] });
  });

  it.each([
    ['a token that is not there', `http: { tokenFile: ${gone} }`, LEDGER, 'http.tokenFile', /gone does not exist/],
    ['a token for all to read', `http: { tokenFile: ${open} }`, LEDGER, 'http.tokenFile', /by every user .*chmod o-rw/],
    ['a ledger without a folder', '', `ledger: { path: ${gone}/x.db }`, 'ledger.path', /directory .*gone does not exist/],
    ['a ledger below a file', '', `ledger: { path: ${good}/x/x.db }`, 'ledger.path', /directory .*good\/x does not exist/],
    ['a ledger that is a folder', '', `ledger: { path: ${at('folder')} }`, 'ledger.path', /is not a regular file/],
  ])('refuses what run refuses: %s', (_, text, ledger, path, message) => {
    const { problems, warnings } = check(text, ledger);
    expect(problems).toEqual([{ path, message: expect.stringMatching(message) }]);
    expect(warnings).toEqual([]);
    expect(JSON.stringify(problems)).not.toContain(SECRET);
  });

  it.each([
    ['a lease file that is not there', `dhcp: { leases: [${gone}] }`, `dhcp.leases: ${gone} does not exist.`],
    ['a lease file that is a folder', `dhcp: { leases: [${at('folder')}] }`, `dhcp.leases: ${at('folder')} is not a plain file.`],
    [
      'a secret that is not there',
      `alerts: { channels: [{ type: slack, urlFile: ${gone} }] }`,
      `alert channel slack: The secret file ${gone} does not exist. Put the secret into it, on one line.`,
    ],
    [
      'a secret for all to read',
      `alerts: { channels: [{ type: webhook, name: ops, url: "https://h.example/", hmacFile: ${open} }] }`,
      `alert channel ops: The secret file ${open} can be read or written by every user of this machine. Run: chmod o-rw ${open}`,
    ],
    [
      'a variable that is not set',
      'alerts: { channels: [{ type: email, host: mail, from: a@b, to: [c@d], user: u, passwordEnv: MAIL }] }',
      'alert channel email: The environment variable MAIL is not set. Set it for the service (EnvironmentFile= in systemd), or use a file.',
    ],
    [
      'an authority that is not there',
      `alerts: { channels: [{ type: email, host: mail, from: a@b, to: [c@d], caFile: ${gone} }] }`,
      `alert channel email: ${gone} does not exist.`,
    ],
    [
      'a kubeconfig that is not there',
      `metallb: { kubeconfig: ${gone} }`,
      `metallb.kubeconfig: ${gone} does not exist: the cluster is not read.`,
    ],
    [
      'a kubeconfig for all to read',
      `metallb: { kubeconfig: ${open} }`,
      `metallb.kubeconfig: ${open} can be read by every user of this machine, and the credentials in it with it.`,
    ],
  ])('warns of what comes out later: %s', (_, text, warning) => {
    const found = check(text);
    expect(found).toEqual({ problems: [], warnings: [warning] });
    expect(JSON.stringify(found)).not.toContain(SECRET);
  });

  it('takes the folder of the service as one that systemd makes', () => {
    // Whether or not it is there on this machine.
    const { problems, warnings } = check('', 'ledger: { path: /var/lib/freehold/none.db }');
    expect(problems.filter(({ message }) => message.includes('does not exist'))).toEqual([]);
    for (const warning of warnings) expect(warning).toMatch(/\/var\/lib\/freehold does not exist\. The service makes it/);
  });
});
