/** `freehold claims`: its options and their help. The command itself is loaded only when it runs. */
import { type Command, Option } from 'commander';
import { CLAIM_STATES } from '../core/claim/types.ts';
import type { ClaimsOptions } from './claims.ts';
import { wholeNumber } from './options.ts';
import type { ServiceParts } from './service.ts';

export function addClaims(program: Command, parts: ServiceParts): void {
  const { output, finish, json, withDaemon } = parts;
  const command = program
    .command('claims')
    .description('what was pushed to a cluster with `freehold apply`: when, by whom, on which proof, and how it ended')
    .addOption(new Option('--state <state>', 'only in this state').choices(CLAIM_STATES))
    .addOption(new Option('--limit <n>', 'at most this many (default: 20)').argParser(wholeNumber(1, 1000)));
  withDaemon(command)
    .addOption(new Option('--config <file>', 'whose ledger is read where no daemon runs (default: /etc/freehold/freehold.yaml)'))
    .addOption(json())
    .action(async (flags: ClaimsOptions) => finish(await (await import('./claims.ts')).claimsCommand(flags, output)));
}
