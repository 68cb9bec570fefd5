import { describe, expect, it } from 'vitest';
import { whoAcknowledges } from '../../src/cli/conflicts.ts';
import { conflictJson } from '../../src/http/answers/conflict-json.ts';
import { AT_MS, closed, conflict, conflictsAnswer } from '../http/guard-fixtures.ts';
import { freehold, standInDaemon } from './stand-in-daemon.ts';

const NONE = conflictsAnswer([]);
const SOME = conflictsAnswer([conflict({ id: 7 })]);

const asked = (url: string | undefined): Record<string, string> => {
  const { pathname, searchParams } = new URL(url ?? '', 'http://localhost');
  return { path: pathname, ...Object.fromEntries(searchParams) };
};

describe('freehold conflicts', () => {
  it('exits 3 where one is open, and shows it', async () => {
    await using daemon = await standInDaemon({ body: SOME });
    const result = await freehold(['conflicts', '--url', daemon.url]);
    expect(result).toMatchObject({ code: 3, stderr: '' });
    expect(result.stdout).toContain('7   squatter  192.0.2.201  02:00:00:00:00:05 printer  arp,dhcp  09:59:00Z');
    expect(daemon.requests.map(({ url }) => asked(url))).toEqual([{ path: '/conflicts', state: 'open' }]);
    const wide = await freehold(['conflicts', '--wide', '--url', daemon.url]);
    expect(wide.stdout).toContain('7   squatter  192.0.2.201  production-pool  02:00:00:00:00:05 (random or virtual), printer');
  });

  it('exits 3 where nothing can be heard: that none is open is no answer then', async () => {
    await using daemon = await standInDaemon({
      body: { ...NONE, blind: true, notices: ['Segment lan cannot be heard now: x.'] },
    });
    expect(await freehold(['conflicts', '--url', daemon.url])).toEqual({
      code: 3,
      stdout: `Note: Segment lan cannot be heard now: x.

2026-05-05 10:00:00Z: No conflict is open, but nothing of it can be heard now: this is no all-clear.
`,
      stderr: '',
    });
  });

  it('exits 0 where only a part cannot be heard, and says so', async () => {
    await using daemon = await standInDaemon({ body: { ...NONE, notices: ['Nobody listens there.'] } });
    const result = await freehold(['conflicts', '--url', daemon.url]);
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(result.stdout).toMatch(/^Note: Nobody listens there\.\n\n.*: No conflict is open, but not everything is heard\.\n$/);
  });

  it('exits 2 for a segment that the daemon does not know', async () => {
    const body = { title: 'x', status: 404, code: 'segment-unknown', detail: 'There is no segment "lna".', hint: 'lan' };
    await using daemon = await standInDaemon({ status: 404, body });
    const result = await freehold(['conflicts', '--segment', 'lna', '--url', daemon.url]);
    expect(result).toEqual({ code: 2, stdout: '', stderr: 'freehold: There is no segment "lna".\n  lan\n' });
  });

  it('exits 0 where none is', async () => {
    await using daemon = await standInDaemon({ body: NONE });
    expect(await freehold(['conflicts', '--url', daemon.url])).toEqual({
      code: 0,
      stdout: '2026-05-05 10:00:00Z: No conflict is open.\n',
      stderr: '',
    });
  });

  it('prints the answer as JSON', async () => {
    await using daemon = await standInDaemon({ body: SOME });
    const result = await freehold(['conflicts', '--json', '--url', daemon.url]);
    expect(result).toMatchObject({ code: 3, stderr: '' });
    expect(JSON.parse(result.stdout)).toEqual(SOME);
  });

  it.each<[string, string[], object, Record<string, string>[], number]>([
    ['all, and one is open', ['--all'], SOME, [{ state: 'all' }], 3],
    ['the closed, while one is open', ['--closed'], { ...NONE, open: 1, openMatching: 1 }, [{ state: 'closed' }], 3],
    ['the closed, and none is open', ['--closed'], conflictsAnswer([closed(1)]), [{ state: 'closed' }], 0],
    [
      'a kind that no open one has',
      ['--kind', 'imminent'],
      { ...NONE, open: 1, openByKind: { ...NONE.openByKind, squatter: 1 } },
      [{ state: 'open', kind: 'imminent' }],
      0,
    ],
    ['a kind that one has', ['--kind', 'squatter', '--limit', '5'], SOME, [{ state: 'open', kind: 'squatter', limit: '5' }], 3],
    ['a segment where none is open', ['--segment', 'lan'], { ...NONE, open: 1 }, [{ state: 'open', segment: 'lan' }], 0],
    [
      'all of a segment, where one is open',
      ['--all', '--segment', 'lan'],
      conflictsAnswer([closed(1)], { open: 2, openMatching: 1 }),
      [{ state: 'all', segment: 'lan' }],
      3,
    ],
  ])('asked for %s', async (_, args, body, requests, code) => {
    await using daemon = await standInDaemon({ body });
    expect(await freehold(['conflicts', ...args, '--url', daemon.url])).toMatchObject({ code, stderr: '' });
    expect(daemon.requests.map(({ url }) => asked(url))).toEqual(requests.map((request) => ({ path: '/conflicts', ...request })));
  });

  it.each([
    ['an unknown kind', ['--kind', 'theft'], 'Allowed choices are imminent, squatter'],
    ['two questions', ['--all', '--closed'], '--all and --closed are two different questions'],
    ['a bad limit', ['--limit', '0'], 'Expected a whole number from 1 to 1,000.'],
  ])('exits 2 for %s', async (_, args, message) => {
    const result = await freehold(['conflicts', ...args]);
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr).toContain(message);
  });

  it('exits 5 where no daemon answers', async () => {
    expect(await freehold(['conflicts', '--socket', '/nonexistent/freehold.sock'])).toMatchObject({ code: 5, stdout: '' });
  });
});

describe('freehold conflicts acknowledge', () => {
  const acknowledged = conflictJson(conflict({ id: 7, acknowledged: { atMs: AT_MS, by: 'Ada', note: 'unplugged' } }));

  it('posts who and why, and says what it was about', async () => {
    await using daemon = await standInDaemon({ body: acknowledged });
    const args = ['acknowledge', '7', '--by', 'Ada', '--note', 'unplugged'];
    const result = await freehold(['conflicts', ...args, '--url', daemon.url]);
    expect(result).toEqual({
      code: 0,
      stdout: 'Conflict 7 is acknowledged by Ada: 02:00:00:00:00:05 (printer) uses 192.0.2.201 of pool production-pool.\n',
      stderr: '',
    });
    expect(daemon.requests[0]).toMatchObject({ method: 'POST', url: '/conflicts/7/acknowledge' });
    expect(JSON.parse(daemon.requests[0]?.body ?? '')).toEqual({ by: 'Ada', note: 'unplugged' });
  });

  it('names the user, behind sudo too; options may stand before it', async () => {
    await using daemon = await standInDaemon({ body: acknowledged });
    const result = await freehold(['conflicts', '--url', daemon.url, 'acknowledge', '7', '--json'], {
      SUDO_USER: 'ada',
      USER: 'root',
    });
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(result.stdout)).toEqual(acknowledged);
    expect(JSON.parse(daemon.requests[0]?.body ?? '')).toEqual({ by: 'ada' });
  });

  it.each<[NodeJS.ProcessEnv, string]>([
    [{ SUDO_USER: 'ada', USER: 'root' }, 'ada'],
    [{ USER: 'bob' }, 'bob'],
    [{ SUDO_USER: '\u001b', LOGNAME: 'eve' }, 'eve'],
    [{}, 'cli'],
  ])('%j is "%s"', (env, who) => {
    expect(whoAcknowledges(env)).toBe(who);
  });

  it.each([
    [404, 'conflict-unknown', 2],
    [409, 'conflict-closed', 2],
  ])('says what the daemon refused: status %s', async (status, code, exitCode) => {
    const body = { type: `urn:freehold:problem:${code}`, title: 'x', status, code, detail: 'Not that one.', hint: 'Another.' };
    await using daemon = await standInDaemon({ status, body });
    const result = await freehold(['conflicts', 'acknowledge', '7', '--url', daemon.url]);
    expect(result).toMatchObject({ code: exitCode, stdout: '' });
    expect(result.stderr).toBe('freehold: Not that one.\n  Another.\n');
  });

  it.each([[['x']], [['0']], [[]], [['1', '2']], [['1', '--all']]])('exits 2 for %j', async (args) => {
    expect(await freehold(['conflicts', 'acknowledge', ...args])).toMatchObject({ code: 2, stdout: '' });
  });
});
