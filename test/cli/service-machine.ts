/**
 * A machine for `freehold service`: files below a folder of its own, and systemd's programs as scripts that write down how they are
 * called and remember what they are told. For tests only.
 */
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { run, type ServiceHost } from '../../src/cli/service-host.ts';

const SYSTEMD = resolve(import.meta.dirname, '../../systemd');

/** Fails where a file `fail-<verb>` lies beside it. */
const SYSTEMCTL = `#!/bin/sh
cd "$(dirname "$0")/.."
echo "systemctl $*" >>calls
if [ -e "fail-$1" ]; then echo "Job for $1 failed because of the test." >&2; exit 1; fi
case "$1" in
  enable) touch enabled ;;
  disable) rm -f enabled active ;;
  is-enabled) if [ -e enabled ]; then echo enabled; else echo disabled; exit 1; fi ;;
  start | restart) touch active ;;
  is-active) if [ -e active ]; then echo active; else echo inactive; exit 3; fi ;;
  show) cat show ;;
esac
`;
const SYSUSERS = `#!/bin/sh
cd "$(dirname "$0")/.."
echo "systemd-sysusers $*" >>calls
if [ -e fail-sysusers ]; then echo "No such thing." >&2; exit 1; fi
grep -q ^freehold: etc/group || echo "freehold:x:$(id -g):" >>etc/group
`;
const USERDEL = `#!/bin/sh
cd "$(dirname "$0")/.."
echo "userdel $*" >>calls
sed -i /^freehold:/d etc/group
`;

export interface Machine {
  readonly host: ServiceHost;
  /** Calls since the last look. */
  calls(): string[];
  path(path: string): string;
  read(path: string): string;
  exists(path: string): boolean;
  write(path: string, text: string, mode?: number): void;
  [Symbol.dispose](): void;
}

/** With a checkout in /opt/freehold. */
export function machine(changes: Partial<Pick<ServiceHost, 'uid' | 'ask'>> = {}): Machine {
  const root = mkdtempSync(join(tmpdir(), 'freehold-machine-'));
  const path = (name: string): string => root + name;
  const write = (name: string, text: string, mode = 0o644): void => {
    mkdirSync(dirname(path(name)), { recursive: true });
    writeFileSync(path(name), text);
    chmodSync(path(name), mode);
  };
  write('/bin/systemctl', SYSTEMCTL, 0o755);
  write('/bin/systemd-sysusers', SYSUSERS, 0o755);
  write('/bin/userdel', USERDEL, 0o755);
  write('/etc/group', 'root:x:0:\n');
  mkdirSync(path('/run/systemd/system'), { recursive: true });
  write('/opt/freehold/bin/freehold', '#!/bin/sh\necho 1.2.3\n', 0o755);
  write('/opt/freehold/dist/src/cli/main.js', '');
  cpSync(SYSTEMD, path('/opt/freehold/systemd'), { recursive: true });
  const env = { PATH: `${path('/bin')}:${process.env['PATH'] ?? ''}` };
  return {
    host: {
      root,
      uid: 0,
      checkout: '/opt/freehold',
      run: (program, args) => run(program, args, env),
      ask: null,
      ...changes,
    },
    calls() {
      if (!existsSync(path('/calls'))) return [];
      const calls = readFileSync(path('/calls'), 'utf8').trim().split('\n');
      rmSync(path('/calls'));
      return calls.map((call) => call.replaceAll(root, ''));
    },
    path,
    read: (name) => readFileSync(path(name), 'utf8'),
    exists: (name) => existsSync(path(name)),
    write,
    [Symbol.dispose]: () => rmSync(root, { recursive: true }),
  };
}
