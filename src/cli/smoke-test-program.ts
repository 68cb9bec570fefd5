/** `freehold smoke-test`: its options and their help. The command itself is loaded only when it runs. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { clusterOf, withCluster } from './cluster-options.ts';
import { durationMs, wholeNumber } from './options.ts';
import type { ServiceParts } from './service.ts';
import type { SmokeTestOptions } from './smoke-test.ts';

const LONGEST_WAIT_MS = 3_600_000;

const HELP = `
Makes a namespace freehold-smoke-… with a Deployment and a Service of type
LoadBalancer, and removes it at the end, also after a failure or Ctrl-C. An
--image of your own must listen on --target-port, and run as any user. Who
answers on the wire is asked from --interface, or from a configured segment;
that takes the right to send raw frames.

Exit codes: 0 passed, 1 interrupted, 2 wrong usage, 3 failed, 4 not permitted,
5 cluster not reachable.`;

/** Of an object or an image: Kubernetes itself is stricter. */
const name = (text: string): string => {
  if (!/^[a-zA-Z0-9][a-zA-Z0-9._:/@-]{0,252}$/.test(text)) throw new InvalidArgumentError('Expected a name.');
  return text;
};

type Flags = Omit<SmokeTestOptions, 'waitMs'> & { readonly wait: number };

export function addSmokeTest(program: Command, { output, finish, json, withDaemon }: ServiceParts): void {
  const port = wholeNumber(1, 65_535);
  const command = program
    .command('smoke-test')
    .description('a Service of type LoadBalancer gets an address that answers, and is removed again; exit 3 where it does not')
    .addOption(new Option('--pool <name>', 'the IPAddressPool to ask for (default: whichever MetalLB takes)').argParser(name))
    .addOption(new Option('--image <image>', 'what the pods run (default: agnhost of the Kubernetes project)').argParser(name))
    .addOption(new Option('--replicas <n>', 'pods').argParser(wholeNumber(1, 100)).default(1))
    .addOption(new Option('--port <n>', 'of the Service').argParser(port).default(80))
    .addOption(new Option('--target-port <n>', 'that the image listens on').argParser(port).default(8080))
    .option('-i, --interface <name>', 'look at the wire from here')
    .addOption(new Option('--config <file>', 'the configuration whose segments name the interface'))
    .addOption(
      new Option('--wait <duration>', 'patience with each step').argParser(durationMs(LONGEST_WAIT_MS)).default(120_000, '120s'),
    )
    .option('--keep', 'remove nothing at the end')
    .option('--clean', 'only remove what earlier runs left')
    .addHelpText('after', HELP);
  withDaemon(withCluster(command))
    .addOption(json())
    .action(async ({ wait, ...flags }: Flags) => {
      const [smoke, { terminalAsk }, { watchInterrupts }, { createWire, connectTcp }, { wireSurroundings }] = await Promise.all([
        import('./smoke-test.ts'),
        import('./confirm.ts'),
        import('./interrupts.ts'),
        import('./smoke-test-wire.ts'),
        import('./smoke-test-interfaces.ts'),
      ]);
      const { interfaces, speakers } = await wireSurroundings(flags);
      const api = await clusterOf(flags);
      using interrupts = watchInterrupts(process, (again) => output.note(smoke.interruptedText(again)));
      const unavailable = 'no interface is named (--interface IF), and no segment is configured';
      const wire = interfaces.length === 0 ? { unavailable } : createWire(interfaces);
      const parts = { api, ask: terminalAsk(output), interrupts, wire, speakers, connect: connectTcp };
      finish(await smoke.smokeTestCommand({ ...flags, waitMs: wait }, output, parts));
    });
}
