/** `freehold metallb install`: its options and their help. The command itself is loaded only when it runs. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { clusterOf, withCluster } from './cluster-options.ts';
import type { MetallbInstallOptions } from './metallb-install.ts';
import { durationMs } from './options.ts';
import type { ServiceParts } from './service.ts';

const LONGEST_WAIT_MS = 3_600_000;

const HELP = `
The manifest is not part of Freehold: it comes from the project's own address
for that version, or from the file or https address that you name. It is applied
as it is, by server-side apply, taking over nobody's fields.

Examples:
  freehold metallb install --version v0.15.3
  freehold metallb install --manifest metallb-native.yaml --dry-run

Exit codes: 0 MetalLB is there and judges pools, 1 interrupted, 2 wrong usage or
manifest, 3 refused, or not ready in time, 4 not permitted, 5 cluster or manifest
not reachable.`;

/** `v0.15.3` or `0.15.3` -> `0.15.3` */
function version(text: string): string {
  const read = /^v?(\d{1,4}\.\d{1,4}\.\d{1,4})$/.exec(text)?.[1];
  if (read === undefined) throw new InvalidArgumentError('Expected a version like v0.15.3.');
  return read;
}

type Flags = Omit<MetallbInstallOptions, 'waitMs'> & { readonly wait: number };

export function addMetallb(program: Command, { output, finish, json }: Omit<ServiceParts, 'withDaemon'>): void {
  const group = program.command('metallb').description('install MetalLB');
  const command = group
    .command('install')
    .description('apply the official manifest and wait until MetalLB judges pools; exit 3 where it does not in time')
    .addOption(
      new Option('--version <version>', 'the release (default: v0.15.3; with --manifest: whatever it holds)').argParser(version),
    )
    .option('--manifest <place>', 'a file or an https address that holds it')
    .option('--yes', 'ask nothing')
    .option('--dry-run', 'show what would be made or changed; change nothing')
    .addOption(
      new Option('--wait <duration>', 'patience with MetalLB, in all')
        .argParser(durationMs(LONGEST_WAIT_MS))
        .default(300_000, '5m'),
    )
    .addHelpText('after', HELP);
  withCluster(command)
    .addOption(json())
    .action(async ({ wait, ...flags }: Flags) => {
      const [{ metallbInstallCommand }, { terminalAsk }, { watchInterrupts }] = await Promise.all([
        import('./metallb-install.ts'),
        import('./confirm.ts'),
        import('./interrupts.ts'),
      ]);
      const api = await clusterOf(flags);
      using interrupts = watchInterrupts(process, () => output.note('freehold: stopping …'));
      const parts = { api, ask: terminalAsk(output), signal: interrupts.first };
      finish(await metallbInstallCommand({ ...flags, waitMs: wait }, output, parts));
    });
}
