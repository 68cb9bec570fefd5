import { describe, expect, it } from 'vitest';
import { failureOf } from '../../src/cli/exit.ts';
import { type ScanOptions, scanCommand } from '../../src/cli/scan.ts';
import { parseRange } from '../../src/core/address/range.ts';
import { EXIT, FreeholdError } from '../../src/core/error.ts';
import type { ScanReport, ScanRequest } from '../../src/watch/scan-types.ts';
import { caughtOutput } from './catcher.ts';

const block = parseRange('192.0.2.0/24');
if (!block.ok) throw new Error(block.error);
const range = block.value;

const options: ScanOptions = {
  target: undefined,
  cidr: undefined,
  interface: 'eth7',
  rate: 500,
  passes: 2,
  settleMs: 700,
  json: false,
};

const report: ScanReport = {
  interfaceName: 'eth7',
  range,
  startedMs: 0,
  durationMs: 900,
  probesSent: 254,
  sendFailures: 0,
  repliesReceived: 0,
  kernelDrops: 0,
  valid: true,
  invalidReason: null,
  hosts: [],
  standIns: [],
};

describe('scanCommand', () => {
  it.each([
    ['the argument', { target: '192.0.2.0/24' }],
    ['--cidr', { cidr: '192.0.2.0/24' }],
  ])('sweeps the range of %s at the rate asked for', async (_, given) => {
    const asked: ScanRequest[] = [];
    const code = await scanCommand({ ...options, ...given, rate: 'max', passes: 1 }, caughtOutput().output, async (request) => {
      asked.push(request);
      return report;
    });
    expect(code).toBe(EXIT.ok);
    expect(asked).toEqual([{ interfaceName: 'eth7', range, rate: 'max', passes: 1, settleMs: 700 }]);
  });

  it("leaves the interface's own network to the sweep where no range is given", async () => {
    const code = await scanCommand(options, caughtOutput().output, async (request) => {
      expect(request.range).toBeNull();
      return report;
    });
    expect(code).toBe(EXIT.ok);
  });

  it.each([[true], [false]])('exits 3 where the sweep proves nothing, and still prints it (json: %s)', async (json) => {
    const { output, stdout, stderr } = caughtOutput();
    const invalid: ScanReport = { ...report, valid: false, invalidReason: 'link-down' };
    expect(await scanCommand({ ...options, json }, output, async () => invalid)).toBe(EXIT.no);
    expect(stdout.text()).toContain(json ? '"invalidReason": "link-down"' : 'INVALID: the link was down.');
    expect(stderr.text()).toBe('');
  });

  it('prints one JSON document and nothing else', async () => {
    const { output, stdout, stderr } = caughtOutput();
    await scanCommand({ ...options, json: true }, output, async (_, onProgress) => {
      onProgress({ probesSent: 1, probesPlanned: 254, hosts: 0 });
      return report;
    });
    expect(JSON.parse(stdout.text())).toMatchObject({ segment: 'eth7', cidr: '192.0.2.0/24', valid: true, hosts: [] });
    expect(stderr.text()).toBe('');
  });

  it('lets the remedy through where the right is missing: exit 4', async () => {
    const { output, stdout } = caughtOutput();
    const refused = scanCommand(options, output, async () => {
      throw new FreeholdError('not-permitted', 'needs CAP_NET_RAW', { hint: 'Run it as root.', exitCode: EXIT.notPermitted });
    });
    const error: unknown = await refused.catch((thrown: unknown) => thrown);
    expect(failureOf(error, false)).toEqual({
      exitCode: EXIT.notPermitted,
      text: 'freehold: needs CAP_NET_RAW\n  Run it as root.\n',
    });
    expect(stdout.text()).toBe('');
  });

  it.each([[{ target: 'somewhere' }], [{ target: '192.0.2.1/24' }], [{ target: '192.0.2.0/24', cidr: '192.0.2.0/24' }]])(
    'sends nothing on a wrong range %j',
    async (given) => {
      const never = async (): Promise<ScanReport> => expect.unreachable('nothing may be sent');
      await expect(scanCommand({ ...options, ...given }, caughtOutput().output, never)).rejects.toMatchObject({
        exitCode: EXIT.usage,
      });
    },
  );
});
