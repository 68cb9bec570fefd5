/**
 * `freehold scan`: one sweep now, without a daemon. Parses, asks for an interface where none is named, sweeps, prints. The
 * table (scan-text.ts) is loaded after the sweep, so that the first probe leaves as early as it can.
 */
import { type Ipv4Range, parseRange } from '../core/address/range.ts';
import { EXIT, type ExitCode } from '../core/error.ts';
import type { Rate } from '../core/probe/types.ts';
import type { Scan } from '../watch/scan-types.ts';
import { usageError } from './exit.ts';
import type { Output } from './output.ts';
import { progressBar } from './progress.ts';
import { scanDocument } from './scan-document.ts';

export interface ScanOptions {
  /** CIDR or range, as the argument or as --cidr. */
  readonly target: string | undefined;
  readonly cidr: string | undefined;
  readonly interface: string | undefined;
  readonly rate: Rate;
  readonly passes: 1 | 2;
  readonly settleMs: number;
  readonly json?: boolean | undefined;
}

const realScan: Scan = async (request, onProgress) => (await import('../watch/scan.ts')).scan(request, onProgress);

function targetRange(options: ScanOptions): Ipv4Range | null {
  if (options.target !== undefined && options.cidr !== undefined) {
    throw usageError('the range is given twice, as an argument and with --cidr', 'Give one of them.');
  }
  const text = options.target ?? options.cidr;
  if (text === undefined) return null;
  const range = parseRange(text);
  if (!range.ok) throw usageError(range.error);
  return range.value;
}

async function interfaceFor(range: Ipv4Range | null, options: ScanOptions, output: Output): Promise<string> {
  if (options.interface !== undefined) return options.interface;
  const { askOnTerminal, chooseInterface, interfaceChoices } = await import('./interfaces.ts');
  const ask = output.interactive && process.stdin.isTTY === true ? askOnTerminal : null;
  return chooseInterface(interfaceChoices(range), ask, range === null ? '' : ` --cidr ${options.target ?? options.cidr}`);
}

export async function scanCommand(options: ScanOptions, output: Output, scan: Scan = realScan): Promise<ExitCode> {
  const range = targetRange(options);
  const interfaceName = await interfaceFor(range, options, output);
  const bar = await progressBar(output, range === null ? interfaceName : `${interfaceName} ${options.target ?? options.cidr}`);
  const { rate, passes, settleMs } = options;
  const report = await scan({ interfaceName, range, rate, passes, settleMs }, ({ probesSent, probesPlanned, hosts }) =>
    bar.update(probesSent, probesPlanned, `probes, ${hosts} alive`),
  ).finally(() => bar.stop());

  const { vendorOf } = await import('../system/vendors.ts');
  const document = scanDocument(report, vendorOf);
  if (options.json) {
    output.json(document);
  } else {
    const { scanText } = await import('./scan-text.ts');
    output.text(scanText(document, output.colors));
  }
  return report.valid ? EXIT.ok : EXIT.no;
}
