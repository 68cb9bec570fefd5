/** `freehold doctor`: its options and their help. The command itself is loaded only when it runs. */
import { type Command, Option } from 'commander';
import { withCluster } from './cluster-options.ts';
import type { DoctorOptions } from './doctor.ts';
import type { ServiceParts } from './service.ts';

const HELP = `
Reads, and changes nothing: the cluster, the daemon where one runs, this machine, and with --interface (or a segment in the
configuration) who answers ARP for the addresses of nodes, Services and pools. What cannot be looked at is skipped, with the
reason and what it would need. docs/doctor.md describes every check.

Examples:
  sudo freehold doctor --interface eth0          everything
  freehold doctor --only strict-arp,webhook-answers
  freehold doctor --json | jq '.checks[] | select(.status == "failed")'

Exit codes: 0 none failed, 3 one failed, 2 wrong usage, 4 not permitted or 5 unreachable: neither cluster nor daemon could be read.`;

export function addDoctor(program: Command, { output, finish, json, withDaemon }: ServiceParts): void {
  const command = program
    .command('doctor')
    .description(
      'what is wrong between MetalLB, the cluster and the network, why it matters, and the fix; exit 3 where a check fails',
    )
    .addOption(new Option('--only <names>', 'only these checks, separated by commas'))
    .option('-i, --interface <name>', 'ask on the wire from this interface; never guessed')
    .addOption(new Option('--config <file>', 'configuration file (default: /etc/freehold/freehold.yaml)'))
    .addHelpText('after', HELP);
  withDaemon(withCluster(command))
    .addOption(json())
    .action(async (flags: DoctorOptions) => finish(await (await import('./doctor.ts')).doctorCommand(flags, output)));
}
