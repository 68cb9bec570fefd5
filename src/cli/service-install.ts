/**
 * `freehold service install`: user, configuration and unit, then start. Again is allowed: what is as it should be stays. Where a
 * step fails, what was done is taken back; only a service that does not start is left in place, to be mended there.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, normalize } from 'node:path';
import { EXIT, type ExitCode, FreeholdError } from '../core/error.ts';
import { loadConfig } from '../system/config.ts';
import { usageError } from './exit.ts';
import type { Output } from './output.ts';
import { checkInstall, checkManager, stagedWarnings } from './service-checks.ts';
import {
  CONFIG_FOLDER,
  groupId,
  type Ran,
  type ServiceHost,
  STATE_FOLDER,
  SYSUSERS_PATH,
  UNIT,
  UNIT_PATH,
  USER,
  whyFailed,
} from './service-host.ts';
import { Steps } from './service-steps.ts';
import { renderUnit, whoseUnit } from './service-unit.ts';

export interface InstallOptions {
  /** The checkout that the unit runs; undefined: this one. */
  readonly prefix?: string | undefined;
  /** Puts the files below this folder, and calls nothing. */
  readonly root?: string | undefined;
  readonly config?: string | undefined;
  readonly start: boolean;
  readonly yes: boolean;
  readonly json?: boolean | undefined;
}

interface Plan {
  readonly checkout: string;
  readonly configPath: string;
  readonly unit: string;
  readonly sysusers: string;
  /** What a configuration begins as. */
  readonly example: string;
  readonly staged: boolean;
}

const DEFAULT_CONFIG = `${CONFIG_FOLDER}/freehold.yaml`;

/** Exit 0 where the service is installed (and runs, unless it was not to be started). */
export async function serviceInstallCommand(options: InstallOptions, output: Output, machine: ServiceHost): Promise<ExitCode> {
  const staged = options.root !== undefined;
  const host = staged ? { ...machine, root: absolute(options.root, '--root').replace(/\/$/, '') } : machine;
  const checkout = options.prefix === undefined ? host.checkout : absolute(options.prefix, '--prefix');
  const config = options.config === undefined ? null : absolute(options.config, '--config');
  const own = (name: string): string => readFileSync(join(machine.root + machine.checkout, 'systemd', name), 'utf8');
  const plan: Plan = {
    checkout,
    configPath: config ?? DEFAULT_CONFIG,
    unit: renderUnit(own(UNIT), { checkout, config: config === DEFAULT_CONFIG ? null : config }),
    sysusers: own('freehold.sysusers'),
    example: own('freehold.yaml'),
    staged,
  };
  if (!staged) {
    checkManager(host);
    checkInstall(host, { checkout, config });
    const existing = `${host.root}${plan.configPath}`;
    if (existsSync(existing)) loadConfig(existing);
    if (!options.yes && host.ask !== null) await confirm(host.ask, plan);
  }
  if (staged) {
    const checks = stagedWarnings(machine, host.root, { checkout, config });
    for (const warning of checks) output.note(`warning: ${warning}`);
  }
  const steps = new Steps((line) => output.note(line));
  output.note(staged ? `Putting the files below ${host.root}; nothing is called:` : `Installing ${UNIT} for ${checkout}:`);
  try {
    placeFiles(host, plan, steps);
    if (!staged) enable(host, steps);
  } catch (error) {
    throw takenBack(host, plan, error, steps);
  }
  if (!staged && options.start) start(host, steps);
  report(options, plan, host, steps, output);
  return EXIT.ok;
}

function absolute(path: string | undefined, option: string): string {
  if (path === undefined || !isAbsolute(path)) throw usageError(`${option} takes an absolute path`);
  return path === '/' ? path : normalize(path).replace(/\/$/, '');
}

async function confirm(ask: NonNullable<ServiceHost['ask']>, { checkout, configPath }: Plan): Promise<void> {
  const files = [SYSUSERS_PATH, configPath, UNIT_PATH].map((path) => `  ${path}`).join('\n');
  const answer = await ask(
    `This makes the user ${USER}, puts these files in place and starts ${checkout}/bin/freehold as a service:\n${files}\nGo on? [y/N] `,
  );
  if (!/^y(es)?$/i.test(answer?.trim() ?? '')) throw usageError('nothing was changed');
}

function placeFiles(host: ServiceHost, plan: Plan, steps: Steps): void {
  const { root } = host;
  const newUser = groupId(host, USER) === null;
  steps.file(`${root}${SYSUSERS_PATH}`, plan.sysusers, { mode: 0o644 });
  if (!plan.staged) {
    must('systemd-sysusers', host.run('systemd-sysusers', [`${root}${SYSUSERS_PATH}`]));
    steps.note(newUser ? 'done' : 'unchanged', `user ${USER}${newUser ? ': made' : ''}`);
  }

  const configPath = `${root}${plan.configPath}`;
  steps.folder(dirname(configPath), 0o755);
  if (existsSync(configPath)) {
    steps.note('kept', `${configPath}${mayRead(host, configPath) ? '' : `: ${unreadableConfig(configPath)}`}`);
  } else {
    // There is nothing secret in it yet; what somebody writes into it later is for the service alone.
    const group = mayGive(host) ? groupId(host, USER) : null;
    steps.file(configPath, plan.example, { mode: 0o640, group });
  }

  const unitPath = `${root}${UNIT_PATH}`;
  const before = existsSync(unitPath) ? readFileSync(unitPath, 'utf8') : null;
  if (before !== null && before !== plan.unit && whoseUnit(before) !== 'own') steps.keepCopy(unitPath);
  steps.file(unitPath, plan.unit, { mode: 0o644 });
}

/** Only root may give a file to a group that it is not in. */
const mayGive = (host: ServiceHost): boolean => host.uid === 0;

function enable(host: ServiceHost, steps: Steps): void {
  must('systemctl daemon-reload', host.run('systemctl', ['daemon-reload']));
  if (host.run('systemctl', ['is-enabled', UNIT]).stdout.trim() === 'enabled') {
    steps.note('unchanged', `${UNIT}: starts at boot`);
    return;
  }
  must('systemctl enable', host.run('systemctl', ['enable', UNIT]));
  steps.note('done', `${UNIT}: will start at boot`, () => must('systemctl disable', host.run('systemctl', ['disable', UNIT])));
}

/** @throws FreeholdError `service-not-started`: everything stays in place, for whoever mends it. */
function start(host: ServiceHost, steps: Steps): void {
  const running = host.run('systemctl', ['is-active', UNIT]).stdout.trim() === 'active';
  const changed = steps.all.some(({ what, outcome }) => outcome === 'done' && what.includes(UNIT_PATH));
  if (running && !changed) {
    steps.note('unchanged', `${UNIT}: runs (a new build is taken up by: systemctl restart freehold)`);
    return;
  }
  const verb = running ? 'restart' : 'start';
  const ran = host.run('systemctl', [verb, UNIT]);
  if (ran.status !== 0) {
    throw new FreeholdError(
      'service-not-started',
      `The service is installed, and does not start: ${whyFailed(`systemctl ${verb}`, ran)}`,
      { hint: `Its log says why: journalctl -u freehold -n 30. Then: systemctl start freehold. Or: freehold service uninstall` },
    );
  }
  steps.note('done', `${UNIT}: ${running ? 'started again' : 'started'}`);
}

function takenBack(host: ServiceHost, { staged }: Plan, error: unknown, steps: Steps): FreeholdError {
  const left = steps.undo();
  if (!staged) host.run('systemctl', ['daemon-reload']);
  const user = steps.all.some(({ what, outcome }) => outcome === 'done' && what.startsWith(`user ${USER}`));
  const stays = [...left, ...(user ? [`the user ${USER} (userdel ${USER} removes it)`] : [])];
  const message = error instanceof Error ? error.message : String(error);
  return new FreeholdError('service-install-failed', `The service could not be installed: ${message}`, {
    cause: error,
    exitCode: error instanceof FreeholdError ? error.exitCode : EXIT.failure,
    hint:
      stays.length === 0 ? 'Everything is as it was before.' : `Everything is as it was before, but for: ${stays.join('; ')}.`,
  });
}

function must(what: string, ran: Ran): void {
  if (ran.status !== 0) throw new FreeholdError('service-step-failed', `${what} failed: ${whyFailed(what, ran)}`);
}

function mayRead(host: ServiceHost, path: string): boolean {
  const { mode, gid } = statSync(path);
  return (mode & 0o004) !== 0 || ((mode & 0o040) !== 0 && gid === groupId(host, USER));
}

const unreadableConfig = (path: string): string =>
  `the user ${USER} may not read it (chgrp ${USER} ${path} && chmod 640 ${path})`;

function report(options: InstallOptions, plan: Plan, host: ServiceHost, steps: Steps, output: Output): void {
  if (options.json) {
    output.json({ unit: UNIT, staged: plan.staged, steps: steps.all });
    return;
  }
  if (plan.staged) {
    output.text(`The files lie below ${host.root}. To start it at boot there: systemctl --root=${host.root} enable freehold`);
    if (!mayGive(host) || groupId(host, USER) === null) {
      output.text(
        `The configuration is 0640, and there is no group ${USER} to give it to yet. There, once: systemd-sysusers && chgrp ${USER} ${plan.configPath}`,
      );
    }
    return;
  }
  const { config } = loadConfig(`${host.root}${plan.configPath}`);
  const next =
    config.segments.length > 0
      ? 'See: freehold service status'
      : `Nothing is probed yet: name a segment in ${plan.configPath}, and the kubeconfig of the cluster (metallb.kubeconfig; docs/operations.md makes one), then: systemctl reload freehold`;
  output.text(`${UNIT} is installed. Its history will be in ${STATE_FOLDER}, its log in: journalctl -u freehold\n${next}`);
}
