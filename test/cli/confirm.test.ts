import { describe, expect, it } from 'vitest';
import { confirm, isConfirmed, terminalAsk } from '../../src/cli/confirm.ts';
import { EXIT } from '../../src/core/error.ts';
import { answering } from '../cluster-room/rig.ts';
import { caughtOutput } from './catcher.ts';

describe('confirm', () => {
  it.each([['y'], ['yes'], [' Y '], ['YES']])('goes on at "%s"', async (answer) => {
    const { ask, asked } = answering(answer);
    await confirm('Push it?', { yes: false, ask });
    expect(asked).toEqual(['Push it? [y/N] ']);
  });

  it.each([['n'], ['no'], ['No'], [''], ['  '], [null]])('stops at "%s": exit 3', async (answer) => {
    const { ask, asked } = answering(answer);
    await expect(confirm('Push it?', { yes: false, ask })).rejects.toMatchObject({ code: 'not-confirmed', exitCode: EXIT.no });
    expect(asked).toHaveLength(1);
  });

  it('asks again where it is neither, three times at most', async () => {
    const late = answering('what?', 'y');
    expect(await isConfirmed('Push it?', late.ask)).toBe(true);
    const never = answering('a', 'b', 'c', 'y');
    expect(await isConfirmed('Push it?', never.ask)).toBe(false);
    expect(never.asked).toHaveLength(3);
  });

  it('asks nothing with --yes', async () => {
    const { ask, asked } = answering('n');
    await confirm('Push it?', { yes: true, ask });
    await confirm('Push it?', { yes: true, ask: null });
    expect(asked).toEqual([]);
  });

  it('refuses without a terminal and without --yes: exit 2', async () => {
    await expect(confirm('Push it?', { yes: false, ask: null })).rejects.toMatchObject({
      code: 'not-confirmed',
      exitCode: EXIT.usage,
      message: expect.stringContaining('Push it?'),
      hint: expect.stringContaining('--yes'),
    });
  });

  it('asks nobody where stderr is no terminal', () => {
    expect(terminalAsk(caughtOutput().output)).toBeNull();
  });
});
