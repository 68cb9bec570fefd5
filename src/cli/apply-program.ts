/** `freehold apply`: its options and their help. The command itself is loaded only when it runs. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { ApplyOptions } from './apply/run.ts';
import { withCluster } from './cluster-options.ts';
import { durationMs, wholeNumber } from './options.ts';
import type { ServiceParts } from './service.ts';

/** An hour. */
const LONGEST_WAIT_MS = 3_600_000;
const MOST_NAMED = 32;

const HELP = `
Nothing is pushed without a proof: the history of each address, a live RFC 5227 run over the whole range,
and nobody heard meanwhile. Fields that another manager owns are never taken over.

Examples:
  freehold apply --size 16                                   the best proven range of 16, after a question
  freehold apply --range 192.0.2.208/28 --dry-run            all checks, probes and the server's dry run; pushes nothing
  freehold apply --range 192.0.2.200-192.0.2.215 --output yaml   the manifests; no cluster needed

Exit codes: 0 complete, 1 not confirmed in time or interrupted, 2 wrong usage, 3 refused, 4 not permitted, 5 unreachable.`;

const listed = (text: string, before: readonly string[] | undefined): readonly string[] => {
  const all = [...(before ?? []), text];
  if (all.length > MOST_NAMED) throw new InvalidArgumentError(`Expected at most ${MOST_NAMED}.`);
  return all;
};

type Flags = Omit<ApplyOptions, 'waitMs'> & { readonly wait: number };

export function addApply(
  program: Command,
  { output, finish, json, withDaemon, withCriteria }: ServiceParts & { readonly withCriteria: (command: Command) => Command },
): void {
  const command = program
    .command('apply')
    .description(
      'claim a proven range for MetalLB: prove it again now, check the cluster, show the difference, push; exit 3 where refused',
    )
    .addOption(new Option('--size <n>', 'the best proven range of so many addresses').argParser(wholeNumber(1, 4096)))
    .addOption(new Option('--range <range>', 'these addresses: FIRST-LAST, or a network').conflicts('size'))
    .addOption(new Option('--name <pool>', 'the IPAddressPool').default('production-pool'))
    .addOption(new Option('--advertisement <name>', 'the L2Advertisement').default('production-advertisement'))
    .addOption(new Option('--interface <name>', 'announce only on this interface of the nodes; again for more').argParser(listed))
    .addOption(
      new Option('--node-selector <labels>', 'announce only from nodes with KEY=VALUE[,…]; again for more').argParser(listed),
    )
    .option('--auto-assign', 'Services that ask for no pool may get its addresses (the default of MetalLB)')
    .option('--no-auto-assign', 'only Services that ask for it get its addresses')
    .option('--avoid-buggy-ips', 'never give out addresses that end in .0 or .255')
    .addOption(new Option('--segment <name>', 'the segment, where the daemon has several'))
    .option('--dry-run', 'everything up to the push, which is left out')
    .addOption(new Option('--output <format>', 'print the manifests and stop').choices(['yaml', 'json']))
    .option('--yes', 'push without asking')
    .addOption(
      new Option('--wait <duration>', 'patience with MetalLB and the API server')
        .argParser(durationMs(LONGEST_WAIT_MS))
        .default(60_000, '60s'),
    )
    .option('--allow-readdress', 'Services may lose their addresses where the pool shrinks')
    .option('--allow-foreign-subnet', 'no node has its address in the network of the range, and still one can announce there')
    .option('--override-proof <why>', 'push without a proof; the reason goes into the claim and onto the pool')
    .addOption(new Option('--config <file>', 'where no daemon runs: the configuration that names its ledger and segments'))
    .addHelpText('after', HELP);
  withDaemon(withCluster(withCriteria(command)))
    .addOption(json())
    .action(async ({ wait, ...flags }: Flags) =>
      finish(await (await import('./apply.ts')).applyCommand({ ...flags, waitMs: wait }, output)),
    );
}
