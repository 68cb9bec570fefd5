/** `--ignore-dhcp-spans`, from the command line to the request, and what the answer says of it. */
import { describe, expect, it } from 'vitest';
import { freeText } from '../../src/cli/free-text.ts';
import { verifyText } from '../../src/cli/verify-text.ts';
import { freeAnswer, verifyAnswer } from './answers.ts';
import { NO_COLORS } from './catcher.ts';
import { freehold, standInDaemon } from './stand-in-daemon.ts';

describe('--ignore-dhcp-spans', () => {
  it('is asked of the daemon by free and by verify', async () => {
    await using free = await standInDaemon({ body: freeAnswer });
    await freehold(['free', '--ignore-dhcp-spans', '--url', free.url]);
    expect(free.requests.map(({ url }) => url)).toEqual(['/free-ranges?dhcpSpans=ignore']);
    await using verify = await standInDaemon({ body: verifyAnswer });
    await freehold(['verify', '192.0.2.200', '--ignore-dhcp-spans', '--url', verify.url]);
    expect(JSON.parse(verify.requests[0]?.body ?? '')).toEqual({ range: '192.0.2.200', dhcpSpans: 'ignore' });
  });

  it('is said in the answer of either', () => {
    const criteria = { ...freeAnswer.criteria, dhcpSpans: 'ignore', weakerThanConfigured: true } as const;
    const said = 'What DHCP servers hand out is not kept clear of.';
    expect(freeText({ ...freeAnswer, criteria }, NO_COLORS)).toContain(said);
    expect(verifyText({ ...verifyAnswer, criteria }, NO_COLORS)).toContain(said);
    expect(freeText(freeAnswer, NO_COLORS)).not.toContain(said);
  });
});
