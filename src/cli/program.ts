/**
 * The commands, their arguments and their help. Each command's own module is loaded only when it runs, so that `scan` and
 * `--help` start fast: import nothing of weight here.
 */
import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { CONFLICT_KINDS } from '../core/conflict/types.ts';
import { EXIT, type ExitCode } from '../core/error.ts';
import type { LiveEventType } from '../http/event-text.ts';
import { VERSION } from '../system/version.ts';
import { addApply } from './apply-program.ts';
import { addClaims } from './claims-program.ts';
import type { AcknowledgeOptions, ConflictsOptions } from './conflicts.ts';
import type { ConnectOptions } from './connect.ts';
import type { CriteriaOptions } from './criteria.ts';
import { addDoctor } from './doctor-program.ts';
import { commandOf, failureOf, ignoreClosedPipe } from './exit.ts';
import { addMetallb } from './metallb-program.ts';
import { DEFAULT_RATE, durationMs, durationText, names, rate, share, wholeNumber } from './options.ts';
import { createProcessOutput, type Output } from './output.ts';
import type { ScanOptions } from './scan.ts';
import { addService } from './service.ts';
import { addSmokeTest } from './smoke-test-program.ts';
import { addStrictArp } from './strict-arp-program.ts';
import type { WatchOptions } from './watch.ts';

const EXAMPLES = `
Examples:
  freehold scan --interface eth0                 one sweep of the interface's network, now
  freehold run --config freehold.yaml            the daemon: sweeps, keeps the history, answers
  freehold free --size 16                        which ranges of 16 or more are proven free
  freehold verify 192.0.2.200-192.0.2.215        probe that range now, and judge its history
  freehold history 192.0.2.17                    who was there, and when
  freehold doctor --interface eth0               what is wrong between MetalLB, the cluster and the network
  freehold apply --size 16                       claim a proven range of 16 for MetalLB
  freehold conflicts                             who has taken an address of a pool, or is about to
  freehold watch                                 what the guard sees, live

Exit codes: 0 yes, 1 unexpected failure, 2 wrong usage or configuration, 3 no, 4 not permitted, 5 daemon not reachable.
Nothing is probed until you name an interface or a segment.`;

const json = (): Option => new Option('--json', 'print one JSON document on stdout');
const configFile = (): Option => new Option('--config <file>', 'configuration file (default: /etc/freehold/freehold.yaml)');

const withDaemon = (command: Command): Command =>
  command
    .addOption(
      new Option('--url <url>', 'the daemon, http://HOST:PORT or unix:/PATH (default: $FREEHOLD_URL or http://127.0.0.1:5227)'),
    )
    .addOption(new Option('--socket <path>', 'the daemon, at a Unix socket').conflicts('url'))
    .addOption(new Option('--token-file <file>', 'file that holds the bearer token (default: $FREEHOLD_TOKEN_FILE)'));

const withCriteria = (command: Command): Command =>
  command
    .addOption(new Option('--quiet-for <duration>', 'how long nothing may have been seen, like 72h').argParser(durationText))
    .addOption(new Option('--min-sweeps <n>', 'looks in that time, at least').argParser(wholeNumber(1, 10_000_000)))
    .addOption(new Option('--max-gap <duration>', 'how long a look vouches for, like 15m').argParser(durationText))
    .addOption(new Option('--min-coverage <share>', 'share of that time that is vouched for, 0 to 1').argParser(share))
    .option('--ignore-dhcp-spans', 'also offer addresses that a DHCP server was seen to hand out: weaker than configured');

type Finish = (code: ExitCode) => void;

function addRun(program: Command, output: Output): void {
  program
    .command('run')
    .description('run the daemon in the foreground: sweep, keep the history, answer over HTTP')
    .addOption(configFile())
    .action(async ({ config }: { config?: string }) => {
      const { runCommand } = await import('./run.ts');
      // At once: after a failed stop something may still hold the process.
      process.exit(await runCommand({ config: config ?? null }, output));
    });
}

function addScan(program: Command, output: Output, finish: Finish): void {
  program
    .command('scan')
    .description('sweep a network once, now, without a daemon; exit 3 where the sweep proves nothing')
    .addArgument(new Argument('[range]', "CIDR or FIRST-LAST (default: the interface's own network)"))
    .option('-i, --interface <name>', 'the interface to probe from; never guessed')
    .option('--cidr <cidr>', 'the same as the argument')
    .addOption(new Option('--rate <n>', 'probes per second, or max').argParser(rate).default(DEFAULT_RATE))
    .addOption(new Option('--passes <n>', '1: one probe; 2: then an ordinary request to the silent').argParser(passes).default(2))
    .addOption(new Option('--settle <duration>', 'wait for late answers').argParser(durationMs(60_000)).default(700, '700ms'))
    .addOption(json())
    .action(async (target: string | undefined, flags: ScanFlags) => {
      const { scanCommand } = await import('./scan.ts');
      const { settle, ...rest } = flags;
      finish(await scanCommand({ cidr: undefined, interface: undefined, ...rest, settleMs: settle, target }, output));
    });
}

type ScanFlags = Pick<ScanOptions, 'rate' | 'passes' | 'json'> & {
  readonly settle: number;
  readonly interface?: string;
  readonly cidr?: string;
};

function passes(text: string): 1 | 2 {
  if (text === '1') return 1;
  if (text === '2') return 2;
  throw new InvalidArgumentError('Expected 1 or 2.');
}

type AskFlags = ConnectOptions & { readonly json?: boolean };
type FreeFlags = AskFlags &
  CriteriaOptions & {
    readonly size?: number;
    readonly segment?: string;
    readonly alignment?: 'none' | 'cidr';
    readonly limit?: number;
  };

function addFree(program: Command, output: Output, finish: Finish): void {
  const command = program
    .command('free')
    .description('the contiguous ranges that are proven free, with their proofs; exit 3 where there is none')
    .addOption(new Option('--size <n>', 'only ranges of at least this many addresses').argParser(wholeNumber(1, 65_536)))
    .option('--segment <name>', 'the segment, where the daemon has several')
    .addOption(new Option('--alignment <how>', 'cidr: only whole CIDR blocks').choices(['none', 'cidr']))
    .addOption(new Option('--limit <n>', 'at most this many ranges').argParser(wholeNumber(1, 1000)));
  withDaemon(withCriteria(command))
    .addOption(json())
    .action(async (flags: FreeFlags) => finish(await (await import('./free.ts')).freeCommand(flags, output)));
}

function addVerify(program: Command, output: Output, finish: Finish): void {
  const command = program
    .command('verify')
    .description('probe every address of a range now (RFC 5227), and judge its history; exit 3 where it is not free')
    .argument('<range>', 'FIRST-LAST, CIDR or one address');
  withDaemon(withCriteria(command))
    .addOption(json())
    .action(async (range: string, flags: AskFlags & CriteriaOptions) =>
      finish(await (await import('./verify.ts')).verifyCommand(range, flags, output)),
    );
}

function addHistory(program: Command, output: Output, finish: Finish): void {
  const command = program
    .command('history')
    .description('verdict, proof and history of one address')
    .argument('<address>', 'IPv4 address');
  withDaemon(command)
    .addOption(json())
    .action(async (address: string, flags: AskFlags) =>
      finish(await (await import('./history.ts')).historyCommand(address, flags, output)),
    );
}

function addConflicts(program: Command, output: Output, finish: Finish): void {
  const command = program
    .command('conflicts')
    .description('who has taken an address of a pool, or is about to; exit 3 where a conflict is open, or none could be heard')
    // What follows `acknowledge` is its own: both know --json and --url. The program must want it so, too.
    .enablePositionalOptions()
    .option('--all', 'closed ones too')
    .option('--closed', 'only closed ones')
    .option('--segment <name>', 'only of this segment')
    .option('--wide', 'every column, nothing cut')
    .addOption(new Option('--kind <kind>', 'only of this kind').choices(CONFLICT_KINDS))
    .addOption(new Option('--limit <n>', 'at most this many').argParser(wholeNumber(1, 1000)));
  withDaemon(command)
    .addOption(json())
    .action(async (flags: ConflictsOptions) => finish(await (await import('./conflicts.ts')).conflictsCommand(flags, output)));
  const acknowledge = command
    .command('acknowledge')
    .description('say that an open conflict has been seen')
    .addArgument(new Argument('<id>', 'as `freehold conflicts` lists it').argParser(wholeNumber(1, 9_999_999_999)))
    .option('--by <name>', 'who has seen it (default: $SUDO_USER or $USER)')
    .option('--note <text>', 'what is being done about it');
  withDaemon(acknowledge)
    .addOption(json())
    .action(async (id: number, flags: AcknowledgeOptions) =>
      finish(
        await (await import('./conflicts.ts')).acknowledgeCommand(id, { ...command.opts<ConflictsOptions>(), ...flags }, output),
      ),
    );
}

const EVENT_TYPES = ['sighting', 'conflict', 'sweep', 'notice'] as const satisfies readonly LiveEventType[];

function addWatch(program: Command, output: Output, finish: Finish): void {
  const command = program
    .command('watch')
    .description('what the guard sees, live, until Ctrl-C: sightings of pool addresses, conflicts, sweeps')
    .addOption(new Option('--types <list>', `only some of ${EVENT_TYPES.join(', ')}`).argParser(names(EVENT_TYPES)));
  withDaemon(command)
    .addOption(new Option('--json', 'print one JSON object a line on stdout'))
    .action(async (flags: WatchOptions) => {
      const { untilInterrupted, watchCommand } = await import('./watch.ts');
      finish(await watchCommand(flags, output, untilInterrupted(process, process.stdout)));
    });
}

function addConfig(program: Command, output: Output, finish: Finish): void {
  const group = program.command('config').description('check the configuration, print what it amounts to, or its JSON Schema');
  const add = (name: string, description: string): Command => group.command(name).description(description);
  type Flags = { readonly config?: string; readonly json?: boolean };
  add('check', 'whether the daemon would accept it: every error with its path')
    .addOption(configFile())
    .addOption(json())
    .action(async ({ config, json }: Flags) =>
      finish((await import('./config.ts')).configCheckCommand({ config: config ?? null, json }, output)),
    );
  add('print', 'the effective configuration, defaults filled in')
    .addOption(configFile())
    .addOption(json())
    .action(async ({ config, json }: Flags) =>
      finish(await (await import('./config.ts')).configPrintCommand({ config: config ?? null, json }, output)),
    );
  add('schema', 'the JSON Schema of the file').action(async () =>
    finish(await (await import('./config.ts')).configSchemaCommand(output)),
  );
}

function addAlerts(program: Command, output: Output, finish: Finish): void {
  const group = program.command('alerts').description('the channels through which people are told of conflicts');
  type Flags = { readonly config?: string; readonly channel?: string; readonly json?: boolean };
  group
    .command('test')
    .description('send a marked test message through every channel, now, without a daemon; exit 3 where one did not take it')
    .addOption(configFile())
    .option('--channel <name>', 'only this channel')
    .addOption(json())
    .action(async ({ config, ...rest }: Flags) =>
      finish(await (await import('./alerts.ts')).alertsTestCommand({ config: config ?? null, ...rest }, output)),
    );
}

function addDemo(program: Command, output: Output, finish: Finish): void {
  program
    .command('demo')
    .description('the whole of it on a simulated LAN, in network namespaces of its own; touches no real network')
    .option('--once', 'end after the answer, instead of serving until Ctrl-C')
    .action(async ({ once = false }: { readonly once?: boolean }) =>
      finish(await (await import('./demo.ts')).demoCommand({ once }, output)),
    );
}

export function createProgram(output: Output, finish: Finish): Command {
  const program = new Command('freehold')
    .description('Proves which addresses of a LAN are free.')
    .version(VERSION, '-V, --version')
    .enablePositionalOptions()
    .addHelpText('after', EXAMPLES)
    // Errors are worded in exit.ts; help still goes out here.
    .configureOutput({ outputError: () => undefined });
  addRun(program, output);
  addScan(program, output, finish);
  addFree(program, output, finish);
  addVerify(program, output, finish);
  addHistory(program, output, finish);
  addConfig(program, output, finish);
  addConflicts(program, output, finish);
  addWatch(program, output, finish);
  addAlerts(program, output, finish);
  addClaims(program, { output, finish, json, withDaemon });
  addApply(program, { output, finish, json, withDaemon, withCriteria });
  addDoctor(program, { output, finish, json, withDaemon });
  addStrictArp(program, { output, finish, json });
  addMetallb(program, { output, finish, json });
  addSmokeTest(program, { output, finish, json, withDaemon });
  addService(program, { output, finish, json, withDaemon });
  addDemo(program, output, finish);
  sayWhichCommand(program, 'freehold');
  return program;
}

/** The help that an error points to is that of the command it is about. */
function sayWhichCommand(command: Command, name: string): void {
  command.exitOverride((error) => {
    commandOf.set(error, name);
    throw error;
  });
  for (const one of command.commands) sayWhichCommand(one, `${name} ${one.name()}`);
}

/** @param argv what follows the program's name. Sets process.exitCode and lets what is written drain. */
export async function main(argv: readonly string[]): Promise<void> {
  ignoreClosedPipe(process.stdout);
  ignoreClosedPipe(process.stderr);
  let exitCode: ExitCode = EXIT.ok;
  try {
    const program = createProgram(createProcessOutput(), (code) => {
      exitCode = code;
    });
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    const failure = failureOf(error, process.env['FREEHOLD_DEBUG'] === '1');
    process.stderr.write(failure.text);
    exitCode = failure.exitCode;
  }
  process.exitCode = exitCode;
}
