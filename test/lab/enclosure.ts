/**
 * Runs a program inside fresh network, mount and process-id namespaces, so that no frame it sends can reach a real network,
 * and nothing that it makes outlives it: when the program ends, or whoever started it dies (even by SIGKILL), the kernel ends
 * every process in there and takes the namespaces and interfaces away. Never changes anything of the machine itself.
 */
import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from 'node:child_process';
import { readlinkSync } from 'node:fs';

/** Holds the host's network namespace, then the enclosure's own: guard.ts checks them. Set inside enclosures only. */
export const ENCLOSURE_VARIABLE = 'FREEHOLD_ENCLOSURE';

export type EnclosureKind = 'root' | 'user-namespace';
export type EnclosureAvailability =
  | { readonly ok: true; readonly how: EnclosureKind }
  | { readonly ok: false; readonly reason: string };

/**
 * First thing in an enclosure. A private /run/netns for `ip netns`: mounted over the machine's where that exists, or else on a
 * private copy of /run (a directory made in the machine's own /run would stay behind; an ordinary user could not make one).
 * `mount -n`, because libmount would leave a /run/mount behind. /sys again, so that /sys/class/net is the enclosure's. The
 * shell stays as process 1 and waits: it collects orphans, and the program keeps the signals' defaults.
 */
const PREPARE = `
set -eu
cd /run
if [ -d netns ]; then
  mount -n -t tmpfs -o mode=755 tmpfs /run/netns
else
  mount -n -t tmpfs -o mode=755 tmpfs /run
  for entry in *; do
    if [ -L "$entry" ]; then cp -P "$entry" "/run/$entry"
    elif [ -d "$entry" ]; then mkdir -p "/run/$entry"; mount -n --no-canonicalize --rbind "./$entry" "/run/$entry"
    fi
  done
  mkdir -p /run/netns
fi
mount -n -t sysfs sysfs /sys || echo "freehold: /sys still shows the machine's interfaces in this enclosure" >&2
cd "$FREEHOLD_ENCLOSURE_CWD"
unset FREEHOLD_ENCLOSURE_CWD
if [ -d /proc/sys/net/ipv6 ]; then
  echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6
  echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6
fi
ip link set dev lo up
export ${ENCLOSURE_VARIABLE}="$${ENCLOSURE_VARIABLE} $(readlink /proc/self/ns/net)"
set +e
"$@"
exit $?
`;

/** Where Debian keeps ip, dnsmasq and arp-scan; not on an ordinary user's PATH. */
export const searchPath = (): string => `${process.env['PATH'] ?? '/usr/bin:/bin'}:/usr/local/sbin:/usr/sbin:/sbin`;

const currentNetwork = (): string => readlinkSync('/proc/self/ns/net');
const isRoot = (): boolean => process.geteuid?.() === 0;

/** The whole command line, for an environment made by `enclosureEnvironment`. */
export function enclosureCommand(argv: readonly string[], how: EnclosureKind): readonly string[] {
  const user = how === 'root' ? [] : ['--user', '--map-root-user'];
  // The death signal reaches `unshare` when its parent dies; --kill-child passes it on to process 1 of the new namespace,
  // and the kernel ends everything else there with it.
  const unshare = ['unshare', ...user, '--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
  return ['setpriv', '--pdeathsig', 'KILL', ...unshare, '--', 'sh', '-c', PREPARE, 'enclosure', ...argv];
}

export function enclosureEnvironment(base: NodeJS.ProcessEnv, cwd: string): NodeJS.ProcessEnv {
  return { ...base, PATH: searchPath(), [ENCLOSURE_VARIABLE]: currentNetwork(), FREEHOLD_ENCLOSURE_CWD: cwd };
}

/** Tries it for real, with a namespace and a veth pair inside: some tens of milliseconds. Ends within 10 s. */
export function enclosureAvailable(): EnclosureAvailability {
  const how: EnclosureKind = isRoot() ? 'root' : 'user-namespace';
  const trial =
    'ip netns add trial && ip netns exec trial ip link set dev lo up && ip link add name trial0 type veth peer name trial1';
  const [file = '', ...args] = enclosureCommand(['sh', '-c', trial], how);
  const result = spawnSync(file, args, {
    env: enclosureEnvironment(process.env, '/'),
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
    timeout: 10_000,
    killSignal: 'SIGKILL',
  });
  if (result.error !== undefined) {
    const code = (result.error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') return { ok: false, reason: 'setpriv and unshare (package util-linux) are not installed' };
    return { ok: false, reason: `trying to make namespaces failed: ${result.error.message}` };
  }
  if (result.status === 0) return { ok: true, how };
  const said = result.stderr.trim().split('\n').at(-1) ?? '';
  const who = how === 'root' ? 'root may not make namespaces here' : 'this user may not make namespaces here';
  if (/\bip: not found/.test(said)) return { ok: false, reason: 'ip (package iproute2) is not installed' };
  return { ok: false, reason: `${who} (${said === '' ? `exit status ${result.status}` : said})` };
}

/**
 * Starts `argv` in an enclosure; stdio, environment and an IPC channel pass through. The child is the outermost process: its
 * exit status is the program's, and SIGKILL to it ends everything inside at once. Other signals do not reach the program
 * (a terminal's Ctrl-C does, as it goes to the whole process group): ask it to end over its stdin or IPC channel.
 */
export function enclose(argv: readonly string[], options: SpawnOptions = {}): ChildProcess {
  const [file = '', ...args] = enclosureCommand(argv, isRoot() ? 'root' : 'user-namespace');
  const cwd = options.cwd === undefined ? process.cwd() : options.cwd.toString();
  return spawn(file, args, { ...options, env: enclosureEnvironment(options.env ?? process.env, cwd) });
}
