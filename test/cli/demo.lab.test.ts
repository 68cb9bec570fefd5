/** `freehold demo`, as a newcomer runs it: to its answer, to its URL from outside its namespaces, and to Ctrl-C. */
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import type { FreeRangesAnswer } from '../../src/http/service.ts';
import { namespaceNames } from '../lab/guard.ts';

const MAIN = resolve(import.meta.dirname, '../../src/cli/main.ts');

it('tells its story, proves a range, serves it on this side, and leaves nothing behind', { timeout: 120_000 }, async () => {
  const before = namespaceNames();
  const child = spawn(process.execPath, [MAIN, 'demo'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NO_COLOR: '1' },
  });
  const ended = new Promise<number | null>((done) => child.once('close', done));
  let said = '';
  const goesOn = new Promise<void>((done) => {
    child.stdout.setEncoding('utf8').on('data', (piece: string) => {
      said += piece;
      if (said.includes('The daemon goes on')) done();
    });
  });
  try {
    await Promise.race([goesOn, ended.then((status) => Promise.reject(new Error(`ended with ${status}:\n${said}`)))]);
    expect(said).toMatch(/192\.0\.2\.200 +ac:cc:8e:00:00:c8 +an address came into use/);
    expect(said).toMatch(/192\.0\.2\.40 .*another MAC answers for an address/);
    expect(said).toMatch(/192\.0\.2\.201-192\.0\.2\.229 +29/);
    expect(said).toMatch(/ALERT \(warning\) +imminent: .*192\.0\.2\.232 of pool demo-pool/);
    expect(said).toMatch(/ALERT \(critical\) +squatter.*192\.0\.2\.232 of pool demo-pool/);
    expect(said).toMatch(/192\.0\.2\.60 .*(recently-used|occupied)/);
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(said)?.[0];
    const response = await fetch(`${url}/free-ranges?size=8`);
    const answer = (await response.json()) as FreeRangesAnswer;
    expect([response.status, answer.segment, answer.ranges.length > 0]).toEqual([200, 'demo-lan', true]);
  } finally {
    child.kill('SIGINT');
  }
  expect(await ended).toBe(0);
  expect(said).toContain('The simulated LAN is gone');
  expect(namespaceNames()).toEqual(before);
});
