/**
 * `freehold verify RANGE`: the daemon probes every address of the range now, as RFC 5227 has a host do it before it takes an
 * address, and judges its history. Takes 4 to 7 s for the whole range.
 */
import { formatRange, parseRange } from '../core/address/range.ts';
import { EXIT, type ExitCode } from '../core/error.ts';
import type { VerifyAnswer } from '../http/service.ts';
import { type ConnectOptions, connect } from './connect.ts';
import { type CriteriaOptions, criteriaParameters } from './criteria.ts';
import { usageError } from './exit.ts';
import type { Output } from './output.ts';
import { withElapsed } from './progress.ts';

export interface VerifyOptions extends CriteriaOptions, ConnectOptions {
  readonly json?: boolean | undefined;
}

/** Exit 0 where the range is free, 3 where it is not. */
export async function verifyCommand(rangeText: string, options: VerifyOptions, output: Output): Promise<ExitCode> {
  const range = parseRange(rangeText);
  if (!range.ok) throw usageError(range.error);
  const text = formatRange(range.value);
  const client = connect(options);
  const asked = client.post<VerifyAnswer>('/verify', { range: text, ...criteriaParameters(options) });
  const answer = await withElapsed(output, `Probing ${text} (RFC 5227, 4 to 7 s):`, asked);
  if (options.json) {
    output.json(answer);
  } else {
    const { verifyText } = await import('./verify-text.ts');
    output.text(verifyText(answer, output.colors));
  }
  return answer.free ? EXIT.ok : EXIT.no;
}
