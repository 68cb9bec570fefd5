/**
 * `freehold free`: which contiguous ranges are proven free. Asks the daemon; judges nothing itself.
 */
import { EXIT, type ExitCode } from '../core/error.ts';
import type { FreeRangesAnswer } from '../http/service.ts';
import { type ConnectOptions, connect } from './connect.ts';
import { type CriteriaOptions, criteriaParameters, given } from './criteria.ts';
import type { Output } from './output.ts';

export interface FreeOptions extends CriteriaOptions, ConnectOptions {
  readonly size?: number | undefined;
  readonly segment?: string | undefined;
  readonly alignment?: 'none' | 'cidr' | undefined;
  readonly limit?: number | undefined;
  readonly json?: boolean | undefined;
}

/** Exit 0 where at least one range is free, 3 where none is. */
export async function freeCommand(options: FreeOptions, output: Output): Promise<ExitCode> {
  const { size, segment, alignment, limit } = options;
  const query = { ...given({ size, segment, alignment, limit }), ...criteriaParameters(options) };
  const answer = await connect(options).get<FreeRangesAnswer>('/free-ranges', query);
  if (options.json) {
    output.json(answer);
  } else {
    const { freeText } = await import('./free-text.ts');
    output.text(freeText(answer, output.colors));
  }
  return answer.ranges.length > 0 ? EXIT.ok : EXIT.no;
}
