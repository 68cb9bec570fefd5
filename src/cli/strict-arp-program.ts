/** `freehold strict-arp`: its options and their help. The command itself is loaded only when it runs. */
import { type Command, Option } from 'commander';
import { clusterOf, withCluster } from './cluster-options.ts';
import { durationMs } from './options.ts';
import type { ServiceParts } from './service.ts';
import type { StrictArpOptions } from './strict-arp.ts';

const LONGEST_WAIT_MS = 3_600_000;

const HELP = `
Only kube-proxy in IPVS mode needs it. The change is shown before it is made;
kube-proxy is restarted as \`kubectl rollout restart\` does it, node after node.

Exit codes: 0 nothing left to do, 1 interrupted, 2 wrong usage, 3 it is off, or
not in force everywhere, 4 not permitted, 5 cluster not reachable.`;

type Flags = Omit<StrictArpOptions, 'waitMs'> & { readonly wait: number };

export function addStrictArp(program: Command, { output, finish, json }: Omit<ServiceParts, 'withDaemon'>): void {
  const command = program
    .command('strict-arp')
    .description('whether kube-proxy needs strictARP and has it; with --enable, switch it on; exit 3 where it is missing')
    .option('--enable', 'switch it on: show the change, ask, write it, restart kube-proxy')
    .option('--yes', 'ask nothing')
    .option('--dry-run', 'show the change and let the API server check it; change nothing')
    .addOption(
      new Option('--wait <duration>', 'patience with the restart of kube-proxy')
        .argParser(durationMs(LONGEST_WAIT_MS))
        .default(120_000, '120s'),
    )
    .addHelpText('after', HELP);
  withCluster(command)
    .addOption(json())
    .action(async ({ wait, ...flags }: Flags) => {
      const [{ strictArpCommand }, { terminalAsk }, { watchInterrupts }] = await Promise.all([
        import('./strict-arp.ts'),
        import('./confirm.ts'),
        import('./interrupts.ts'),
      ]);
      const api = await clusterOf(flags);
      using interrupts = watchInterrupts(process, () => output.note('freehold: stopping …'));
      const parts = { api, ask: terminalAsk(output), signal: interrupts.first };
      finish(await strictArpCommand({ ...flags, waitMs: wait }, output, parts));
    });
}
