import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { claimsText } from '../../src/cli/claims-text.ts';
import type { ClaimJson, ClaimsAnswer } from '../../src/http/claim-service.ts';
import { claimAnswer, claimProof } from '../http/claim-fixtures.ts';
import { claim } from '../ledger/claim-fixtures.ts';
import { openAt, T0, temporaryFolder } from '../ledger/fixtures.ts';
import { NO_COLORS } from './catcher.ts';
import { freehold, standInDaemon } from './stand-in-daemon.ts';

const AT = '2026-05-05T12:00:00.000Z';
const answer = (claims: readonly ClaimJson[], next: number | null = null): ClaimsAnswer => ({ generatedAt: AT, claims, next });
const text = (...claims: Partial<ClaimJson>[]): string => claimsText(answer(claims.map(claimAnswer)), NO_COLORS);

describe('claimsText', () => {
  it('is a table, and what each claim rests on', () => {
    const overridden = {
      id: 2,
      by: 'root@jump',
      pool: 'lab',
      state: 'failed',
      proof: null,
      overridden: 'the lab is ours',
    } as const;
    expect(
      text({}, { ...overridden, outcome: 'denied the request' }),
    ).toBe(`ID  WHEN                  WHO        POOL             RANGES                   STATE
3   2026-05-05 10:00:00Z  ada@jump   production-pool  192.0.2.200-192.0.2.215  complete
2   2026-05-05 10:00:00Z  root@jump  lab              192.0.2.200-192.0.2.215  failed

3: quiet for 4 d 2 h in 11,760 looks, 99.8 % of the time covered, longest gap 31 s, 64 RFC 5227 probes until 2026-05-05 09:59:58Z
3: MetalLB has taken the pool: 16 addresses are available.
2: overridden: the lab is ours
2: denied the request`);
  });

  it('says what is weak about a proof', () => {
    const proof = { ...claimProof, methods: ['icmp'], kept: 4, weakerThanConfigured: true } as const;
    expect(text({ proof, overridden: 'hurry' })).toContain(
      '3: overridden: hurry\n3: quiet for 4 d 2 h in 11,760 looks, 99.8 % of the time covered, longest gap 31 s, 64 RFC 5227 probes until 2026-05-05 09:59:58Z, ICMP only, 4 addresses in the pool before, by criteria weaker than configured',
    );
  });

  it('claims no figure where there was nothing new to prove', () => {
    const proof = {
      ...claimProof,
      since: null,
      quietForSeconds: 0,
      looks: 0,
      coverage: 0,
      longestGapSeconds: 0,
      methods: [],
      kept: 16,
    };
    expect(text({ proof })).toContain(
      '3: no proof by its history, 64 RFC 5227 probes until 2026-05-05 09:59:58Z, 16 addresses in the pool before\n',
    );
  });

  it.each<[string, Partial<ClaimJson>, string, boolean]>([
    ['is being pushed', { startedAt: '2026-05-05T11:59:00.000Z' }, 'pushing', false],
    ['never ended', { startedAt: '2026-05-05T11:40:00.000Z' }, 'never ended', true],
  ])('tells one that %s from one whose maker was killed', (_, more, word, told) => {
    const shown = text({ state: 'pushing', endedAt: null, outcome: '', ...more });
    expect(shown.split('\n')[1]).toMatch(new RegExp(`  ${word}$`));
    expect(shown.includes('was killed')).toBe(told);
  });

  it('shows a few ranges, and how many more there are', () => {
    const ranges = Array.from({ length: 6 }, (_, n) => ({ start: `192.0.2.${n * 10}`, end: `192.0.2.${n * 10}`, size: 1 }));
    const lines = text({ ranges }).split('\n');
    expect(lines.slice(1, 6).map((line) => line.trim().split(/ {2,}/)[4] ?? line.trim())).toEqual([
      '192.0.2.0',
      '192.0.2.10',
      '192.0.2.20',
      '192.0.2.30',
      'and 2 more',
    ]);
  });

  it('says so where there is none, or more', () => {
    expect(claimsText(answer([]), NO_COLORS)).toBe('No claim has been made.');
    expect(claimsText(answer([]), NO_COLORS, 'failed')).toBe('No claim is failed.');
    expect(claimsText(answer([claimAnswer()], 3), NO_COLORS)).toContain(
      'There is more than is shown here: ask for it with --limit.',
    );
  });

  it('lets no escape sequence reach the terminal', () => {
    const evil = '\u001b[2J\u202e';
    const shown = text({ by: evil, pool: evil, outcome: evil, overridden: evil, namespace: evil, state: 'pushing' });
    expect(shown).not.toContain('\u001b');
    expect(shown).not.toContain('\u202e');
  });
});

describe('freehold claims', () => {
  it('asks the daemon', async () => {
    await using daemon = await standInDaemon({ body: answer([claimAnswer()]) });
    const result = await freehold(['claims', '--state', 'complete', '--limit', '3', '--url', daemon.url]);
    expect(result).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('ada@jump') });
    expect(daemon.requests.map(({ url }) => url)).toEqual(['/claims?state=complete&limit=3']);
    const json = await freehold(['claims', '--json', '--url', daemon.url]);
    expect(JSON.parse(json.stdout)).toEqual(answer([claimAnswer()]));
  });

  const scene = () => {
    const folder = temporaryFolder();
    const config = join(folder, 'freehold.yaml');
    writeFileSync(config, `ledger: { path: ${join(folder, 'freehold.db')} }\n`);
    return { config, ledger: join(folder, 'freehold.db') };
  };
  // Where the daemon would listen by default: another one there would be asked.
  const away = { FREEHOLD_URL: '' };

  it('reads the ledger where no daemon runs, and says so', async () => {
    const { config, ledger: path } = scene();
    const ledger = openAt(path);
    ledger.claims.begin(claim({ startedMs: T0 }));
    ledger.claims.begin(claim({ by: 'root@jump' }));
    ledger.claims.end(2, 'failed', 'no', T0);
    ledger.close();
    const result = await freehold(['claims', '--config', config, '--state', 'failed'], away);
    expect(result).toMatchObject({ code: 0, stderr: `freehold: no daemon answers; this is what its ledger ${path} holds.\n` });
    expect(result.stdout).toContain('root@jump');
    expect(result.stdout).not.toContain('ada@jump');
  });

  it('does not, where a daemon was named: exit 5', async () => {
    const { config, ledger } = scene();
    openAt(ledger).close();
    for (const [args, env] of [
      [['--url', 'http://127.0.0.1:1'], {}],
      [['--socket', '/nowhere/freehold.sock'], {}],
      [[], { FREEHOLD_URL: 'http://127.0.0.1:1' }],
    ] as const) {
      const result = await freehold(['claims', '--config', config, ...args], env);
      expect(result).toMatchObject({ code: 5, stdout: '', stderr: expect.stringContaining('No daemon answers at') });
    }
  });

  it('says where to look when there is no ledger either', async () => {
    const { config, ledger } = scene();
    const result = await freehold(['claims', '--config', config], away);
    expect(result).toMatchObject({ code: 5, stdout: '', stderr: expect.stringContaining(`There is no ledger at ${ledger}`) });
  });

  it('refuses a state that there is none of', async () => {
    expect(await freehold(['claims', '--state', 'done'])).toMatchObject({ code: 2 });
  });
});
