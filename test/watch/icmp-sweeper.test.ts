import { describe, expect, it } from 'vitest';
import { ipv4 } from '../../src/core/address/ipv4.ts';
import type { SweepPlan } from '../../src/core/probe/types.ts';
import type { IcmpWire, IcmpWireHandlers } from '../../src/link/types.ts';
import { systemClock } from '../../src/system/clock.ts';
import { createLogger } from '../../src/system/logger.ts';
import { IcmpSweeper } from '../../src/watch/icmp-sweeper.ts';

const HOST = ipv4(0xc0000202);
const PLAN: SweepPlan = {
  method: 'icmp',
  targets: [{ first: HOST, last: HOST }],
  recent: new Set(),
  controls: new Set([HOST]),
  rate: 100,
  retryPatienceMs: [],
  askSilent: false,
  settleMs: 10,
};

/** Opens a little late, and answers every echo. */
function world() {
  const counts = { opened: 0, closed: 0 };
  const open = async (handlers: IcmpWireHandlers): Promise<IcmpWire> => {
    counts.opened++;
    await new Promise(setImmediate);
    return {
      sendEcho: (address, sequence) => {
        setImmediate(() => handlers.onReply(address, sequence, Date.now()));
        return Promise.resolve(true);
      },
      close: () => void counts.closed++,
    };
  };
  const logger = createLogger({ level: 'silent' });
  return { counts, icmp: new IcmpSweeper({ open, clock: systemClock, logger, random: Math.random }) };
}

describe('IcmpSweeper', () => {
  it('opens one socket for two segments that begin at once, and closes it', async () => {
    const { counts, icmp } = world();
    const sweep = (name: string) =>
      icmp.sweep(
        PLAN,
        name,
        () => undefined,
        () => null,
      );
    const both = await Promise.all([sweep('a'), sweep('b')]);
    expect(both.map(({ valid }) => valid)).toEqual([true, true]);
    icmp.close();
    expect(counts).toEqual({ opened: 1, closed: 1 });
  });

  it('closes a socket that is opened after its own end', async () => {
    const { counts, icmp } = world();
    const sweep = icmp.sweep(
      PLAN,
      'a',
      () => undefined,
      () => null,
    );
    icmp.close();
    expect(await sweep).toMatchObject({ valid: false, invalidReason: 'icmp-unavailable' });
    expect(counts).toEqual({ opened: 1, closed: 1 });
  });
});
