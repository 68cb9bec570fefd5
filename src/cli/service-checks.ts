/**
 * What must hold before anything is installed: all that is wrong is told at once, and nothing has been touched by then.
 */
import { existsSync, lstatSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { EXIT, FreeholdError } from '../core/error.ts';
import { type ServiceHost, systemdRuns, UNIT_PATH, whyFailed } from './service-host.ts';

/** ProtectHome= and PrivateTmp= hide them from the service. */
const HIDDEN = ['/home', '/root', '/run/user', '/tmp', '/var/tmp'];
const OTHERS_READ = 0o004;
const OTHERS_SEARCH = 0o001;

export interface CheckOptions {
  /** The checkout that the unit will run, as it is called on the machine that it will run on. */
  readonly checkout: string;
  /** As named by the caller; null: the default one. */
  readonly config: string | null;
}

/** @throws FreeholdError `not-permitted`, `service-manager-missing` */
export function checkManager(host: ServiceHost): void {
  if (host.uid !== 0) {
    throw new FreeholdError('not-permitted', 'Only root may do this.', {
      exitCode: EXIT.notPermitted,
      hint: 'Put sudo before the command.',
    });
  }
  if (!systemdRuns(host) || host.run('systemctl', ['--version']).status !== 0) {
    throw new FreeholdError('service-manager-missing', 'This machine is not run by systemd.', {
      exitCode: EXIT.unreachable,
      hint: 'Run the daemon under your own supervisor: freehold run. To put the files somewhere else: service install --root DIR.',
    });
  }
}

/** @throws FreeholdError `service-checks-failed` that lists everything */
export function checkInstall(host: ServiceHost, { checkout, config }: CheckOptions): void {
  const problems = [
    ...hidden(checkout, 'the checkout'),
    ...unreadable(host, checkout),
    ...startable(host, checkout),
    ...(config === null ? [] : hidden(config, 'the configuration')),
    ...replaceable(`${host.root}${UNIT_PATH}`),
  ];
  if (problems.length === 0) return;
  throw new FreeholdError('service-checks-failed', `The service cannot be installed like this:\n  ${problems.join('\n  ')}`, {
    exitCode: EXIT.usage,
    hint: 'Nothing was changed. The usual place is /opt/freehold: git clone it there, run npm run setup in it, and install from there.',
  });
}

/** Of files that are put below another root: the checkout may come there later, so nothing is refused. Whole sentences. */
export function stagedWarnings(machine: ServiceHost, root: string, { checkout, config }: CheckOptions): readonly string[] {
  const program = join(checkout, 'bin/freehold');
  const there = existsSync(root + program) || existsSync(machine.root + program);
  return [
    ...(there ? [] : [`there is no ${program}, neither here nor below ${root}: the service cannot start before it is there`]),
    ...hidden(checkout, 'the checkout'),
    ...(config === null ? [] : hidden(config, 'the configuration')),
  ].map((problem) => `${problem}.`);
}

export const hidden = (path: string, what: string): readonly string[] =>
  HIDDEN.filter((folder) => path === folder || path.startsWith(`${folder}/`)).map(
    (folder) => `${what} ${path} lies below ${folder}, which the service cannot see (ProtectHome, PrivateTmp)`,
  );

/** The service runs as a user of its own: everything on the way must be open to others. */
function unreadable({ root }: ServiceHost, checkout: string): readonly string[] {
  const closed = (path: string, bits: number): boolean => {
    const facts = statSync(root + path, { throwIfNoEntry: false });
    return facts !== undefined && (facts.mode & bits) !== bits;
  };
  const folders: string[] = [];
  for (let folder = checkout; folder !== dirname(folder); folder = dirname(folder)) folders.unshift(folder);
  const shut = folders.find((folder) => closed(folder, OTHERS_SEARCH));
  if (shut !== undefined) return [`${shut} is closed to other users: chmod o+x ${shut}`];
  const inside = ['bin/freehold', 'package.json', 'dist', 'dist/src/cli/main.js', 'node_modules', 'migrations'];
  const unread = inside.map((name) => join(checkout, name)).find((path) => closed(path, OTHERS_READ));
  return unread === undefined ? [] : [`${unread} cannot be read by other users: chmod -R o+rX ${checkout}`];
}

function startable(host: ServiceHost, checkout: string): readonly string[] {
  const program = join(checkout, 'bin/freehold');
  if (!existsSync(host.root + program)) return [`there is no ${program}: ${checkout} is no checkout of Freehold`];
  const ran = host.run(host.root + program, ['--version']);
  return ran.status === 0 ? [] : [`${program} does not start: ${whyFailed(program, ran)}`];
}

function replaceable(unit: string): readonly string[] {
  const facts = lstatSync(unit, { throwIfNoEntry: false });
  if (facts === undefined || facts.isFile()) return [];
  const masked = facts.isSymbolicLink() ? ' (masked? then: systemctl unmask freehold)' : '';
  return [`${unit} is something else than a file${masked}`];
}
