/**
 * `freehold service uninstall`: stops the service and takes its unit away. The history and the configuration stay, unless
 * everything is to go; then it asks first.
 */
import { existsSync, lstatSync, readFileSync, rmSync } from 'node:fs';
import { EXIT, type ExitCode, FreeholdError } from '../core/error.ts';
import { usageError } from './exit.ts';
import type { Output } from './output.ts';
import { checkManager } from './service-checks.ts';
import {
  CONFIG_FOLDER,
  DROP_INS,
  groupId,
  type ServiceHost,
  STATE_FOLDER,
  SYSUSERS_PATH,
  UNIT,
  UNIT_PATH,
  USER,
  whyFailed,
} from './service-host.ts';
import { Steps } from './service-steps.ts';
import { whoseUnit } from './service-unit.ts';

export interface UninstallOptions {
  /** The ledger, the configuration, drop-ins and the user as well. */
  readonly purge: boolean;
  readonly yes: boolean;
  readonly json?: boolean | undefined;
}

/** Exit 0 once it is gone; also where there was nothing. */
export async function serviceUninstallCommand(options: UninstallOptions, output: Output, host: ServiceHost): Promise<ExitCode> {
  checkManager(host);
  if (options.purge && !options.yes) await confirmPurge(host);
  const steps = new Steps((line) => output.note(line));
  output.note(`Removing ${UNIT}:`);
  const unitPath = `${host.root}${UNIT_PATH}`;
  if (existsSync(unitPath)) {
    const ran = host.run('systemctl', ['disable', '--now', UNIT]);
    if (ran.status !== 0) {
      throw new FreeholdError('service-not-stopped', `The service could not be stopped: ${whyFailed('systemctl disable', ran)}`, {
        hint: 'Nothing was removed. Look at: systemctl status freehold',
      });
    }
    steps.note('done', `${UNIT}: stopped, and not started at boot any more`);
    if (whoseUnit(readFileSync(unitPath, 'utf8')) === 'own' || options.purge) remove(unitPath, steps);
    else steps.keepCopy(unitPath);
    const reloaded = host.run('systemctl', ['daemon-reload']);
    if (reloaded.status !== 0)
      steps.note('kept', `the unit in systemd's memory: ${whyFailed('systemctl daemon-reload', reloaded)}`);
    // Fails where there is nothing to forget.
    host.run('systemctl', ['reset-failed', UNIT]);
  } else {
    steps.note('unchanged', `${unitPath}: is not there`);
  }
  remove(`${host.root}${SYSUSERS_PATH}`, steps);
  const own = [DROP_INS, CONFIG_FOLDER, STATE_FOLDER].map((path) => `${host.root}${path}`);
  if (options.purge) {
    for (const path of own) remove(path, steps);
    removeUser(host, steps);
  } else {
    for (const path of own) if (existsSync(path)) steps.note('kept', path);
    if (groupId(host, USER) !== null) steps.note('kept', `user ${USER}, who owns what is kept`);
  }
  if (options.json) output.json({ unit: UNIT, purged: options.purge, steps: steps.all });
  else output.text(`${UNIT} is removed${options.purge ? ', with its history and configuration' : ''}. The checkout stays.`);
  return EXIT.ok;
}

async function confirmPurge(host: ServiceHost): Promise<void> {
  const what = `${STATE_FOLDER} (the whole history), ${CONFIG_FOLDER}, drop-ins and the user ${USER}`;
  if (host.ask === null) throw usageError(`--purge deletes ${what}`, 'To do so without being asked: --purge --yes');
  const answer = await host.ask(`This deletes ${what}. Type "delete" to go on: `);
  if (answer?.trim() !== 'delete') throw usageError('nothing was changed');
}

/** A link is removed, never what it points at. */
function remove(path: string, steps: Steps): void {
  const facts = lstatSync(path, { throwIfNoEntry: false });
  if (facts === undefined) return;
  rmSync(path, { recursive: true });
  steps.note('done', `${path}: removed${facts.isSymbolicLink() ? ' (the link; what it points at stays)' : ''}`);
}

function removeUser(host: ServiceHost, steps: Steps): void {
  if (groupId(host, USER) === null) return;
  const ran = host.run('userdel', [USER]);
  if (ran.status === 0) steps.note('done', `user ${USER}: removed`);
  else steps.note('kept', `user ${USER}: ${whyFailed('userdel', ran)}`);
}
