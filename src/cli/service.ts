/**
 * `freehold service install|uninstall|status`: the commands, their options and their help. Like program.ts it imports nothing of
 * weight.
 */
import { type Command, Option } from 'commander';
import type { ExitCode } from '../core/error.ts';
import type { ConnectOptions } from './connect.ts';
import type { Output } from './output.ts';
import type { ServiceHost } from './service-host.ts';

/** What the three have in common with other commands; program.ts makes them. */
export interface ServiceParts {
  readonly output: Output;
  readonly finish: (code: ExitCode) => void;
  readonly json: () => Option;
  readonly withDaemon: (command: Command) => Command;
}

export function addService(program: Command, { output, finish, json, withDaemon }: ServiceParts): void {
  const group = program.command('service').description('install the daemon as a systemd service, remove it, or show how it is');
  const yes = (): Option => new Option('--yes', 'ask nothing').default(false);

  group
    .command('install')
    .description('put user, configuration and unit in place, start it now and at boot; again is allowed')
    .option('--prefix <dir>', 'the checkout that the unit runs (default: this one)')
    .option('--root <dir>', 'put the files below this folder instead, and call nothing: for images and packages')
    .option('--config <file>', 'configuration file (default: /etc/freehold/freehold.yaml)')
    .option('--no-start', 'do not start it now')
    .addOption(yes())
    .addOption(json())
    .action(async (flags: Parameters<Install>[0]) =>
      finish(await (await import('./service-install.ts')).serviceInstallCommand(flags, output, await host(output))),
    );

  group
    .command('uninstall')
    .description('stop it and remove the unit; history and configuration stay')
    .addOption(new Option('--purge', 'delete history, configuration and user as well').default(false))
    .addOption(yes())
    .addOption(json())
    .action(async (flags: Parameters<Uninstall>[0]) =>
      finish(await (await import('./service-uninstall.ts')).serviceUninstallCommand(flags, output, await host(output))),
    );

  withDaemon(group.command('status').description('what systemd and the daemon say of it; exit 3 where it does not run'))
    .addOption(json())
    .action(async (flags: ConnectOptions & { readonly json?: boolean }) =>
      finish(await (await import('./service-status.ts')).serviceStatusCommand(flags, output, await host(output))),
    );
}

type Install = typeof import('./service-install.ts').serviceInstallCommand;
type Uninstall = typeof import('./service-uninstall.ts').serviceUninstallCommand;

async function host(output: Output): Promise<ServiceHost> {
  const [{ thisHost }, { askOnTerminal }] = await Promise.all([import('./service-host.ts'), import('./interfaces.ts')]);
  return thisHost(output.interactive && process.stdin.isTTY === true ? askOnTerminal : null);
}
