/**
 * `freehold history ADDRESS`: all that the daemon knows of one address, and since when.
 */
import { formatIpv4, parseIpv4 } from '../core/address/ipv4.ts';
import { EXIT, type ExitCode } from '../core/error.ts';
import type { AddressAnswer } from '../http/service.ts';
import { type ConnectOptions, connect } from './connect.ts';
import { usageError } from './exit.ts';
import type { Output } from './output.ts';

export interface HistoryOptions extends ConnectOptions {
  readonly json?: boolean | undefined;
}

export async function historyCommand(addressText: string, options: HistoryOptions, output: Output): Promise<ExitCode> {
  const address = parseIpv4(addressText);
  if (!address.ok) throw usageError(address.error);
  const answer = await connect(options).get<AddressAnswer>(`/addresses/${formatIpv4(address.value)}`);
  if (options.json) {
    output.json(answer);
  } else {
    const { historyText } = await import('./history-text.ts');
    output.text(historyText(answer, output.colors));
  }
  return EXIT.ok;
}
