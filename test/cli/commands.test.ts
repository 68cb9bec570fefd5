import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { addressAnswer, freeAnswer, verifyAnswer } from './answers.ts';
import { freehold, standInDaemon } from './stand-in-daemon.ts';

const folder = mkdtempSync(join(tmpdir(), 'freehold-cli-'));
afterAll(() => rmSync(folder, { recursive: true }));

const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
};
const TOKEN = 'abcdefghijklmnopqrstuvwxyz';
const problem = (status: number, code: string, detail: string) => ({
  status,
  body: { type: `urn:freehold:problem:${code}`, title: 'x', status, code, detail },
});
const NOT_FREE = { ...freeAnswer, ranges: [], freeAddresses: 0 };

describe('usage errors: exit 2, one line of what is wrong, nothing on stdout', () => {
  it.each([
    ['an unknown command, with a suggestion', ['scna'], "unknown command 'scna'\n  (Did you mean scan?)"],
    ['an unknown option', ['free', '--siez', '4'], "unknown option '--siez'\n  (Did you mean --size?)"],
    ['an argument too many', ['history', '192.0.2.1', '192.0.2.2'], 'too many arguments'],
    ['a missing argument', ['verify'], "missing required argument 'range'"],
    [
      'a bad rate',
      ['scan', '-i', 'none0', '--rate', '0'],
      "option '--rate <n>' argument '0' is invalid. Expected probes per second",
    ],
    [
      'a bad duration',
      ['free', '--quiet-for', '3'],
      "option '--quiet-for <duration>' argument '3' is invalid. Expected a whole number and a unit",
    ],
    ['bad passes', ['scan', '-i', 'none0', '--passes', '3'], 'Expected 1 or 2.'],
    ['a bad choice', ['free', '--alignment', 'left'], 'Allowed choices are none, cidr.'],
    ['a bad range', ['verify', '192.0.2.9-192.0.2.1'], 'the first address is after the last'],
    ['host bits', ['scan', '192.0.2.1/24', '-i', 'none0'], 'has host bits set'],
    ['a bad address', ['history', '192.0.2.300'], '300 is more than 255'],
    ['two ranges', ['scan', '192.0.2.0/24', '--cidr', '192.0.2.0/24', '-i', 'none0'], 'the range is given twice'],
    ['two daemons', ['free', '--url', 'http://127.0.0.1:1', '--socket', '/x'], 'cannot be used with'],
    ['no URL', ['free', '--url', 'ftp://127.0.0.1'], 'is not the address of a daemon'],
    ['no token file', ['free', '--token-file', '/nonexistent/token'], 'The token file /nonexistent/token does not exist.'],
    ['no interface and nobody to ask', ['scan'], 'no interface named'],
  ])('%s', async (_, args, message) => {
    const result = await freehold(args);
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr).toMatch(/^freehold: /);
    expect(result.stderr).toContain(message);
  });

  it('shows the help on stderr where no command is given', async () => {
    const result = await freehold([]);
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr).toContain('Usage: freehold');
  });
});

describe('help and version', () => {
  it.each([[['--help']], [['help']]])('%j shows examples and exit codes', async (args) => {
    const result = await freehold(args);
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(result.stdout).toContain('freehold scan --interface eth0');
    expect(result.stdout).toContain('Exit codes: 0 yes');
  });

  it('prints the version', async () => {
    const result = await freehold(['--version']);
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(result.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe('freehold free', () => {
  it('asks with every option and prints ranges with their proofs', async () => {
    await using daemon = await standInDaemon({ body: freeAnswer });
    const args = ['--size', '4', '--segment', 'lan', '--alignment', 'cidr', '--limit', '7', '--url', daemon.url];
    const criteria = ['--quiet-for', '10m', '--min-sweeps', '3', '--max-gap', '2m', '--min-coverage', '0.9'];
    const result = await freehold(['free', ...args, ...criteria]);
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(result.stdout).toContain('192.0.2.200-192.0.2.231  32    quiet for 4 d 2 h');
    const { pathname, searchParams } = new URL(daemon.requests[0]?.url ?? '', daemon.url);
    expect(pathname).toBe('/free-ranges');
    expect(Object.fromEntries(searchParams)).toEqual({
      size: '4',
      segment: 'lan',
      alignment: 'cidr',
      limit: '7',
      quietFor: '10m',
      minSweeps: '3',
      maxGap: '2m',
      minCoverage: '0.9',
    });
  });

  it('leaves everything that was not asked for to the daemon, which FREEHOLD_URL names', async () => {
    await using daemon = await standInDaemon({ body: freeAnswer });
    const result = await freehold(['free', '--json'], { FREEHOLD_URL: daemon.url });
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(result.stdout)).toEqual(freeAnswer);
    expect(daemon.requests.map(({ method, url }) => `${method} ${url}`)).toEqual(['GET /free-ranges']);
  });

  it.each([[[]], [['--json']]])('exits 3 where nothing is free (%j)', async (args) => {
    await using daemon = await standInDaemon({ body: NOT_FREE });
    expect(await freehold(['free', '--url', daemon.url, ...args])).toMatchObject({ code: 3, stderr: '' });
  });

  it('asks at a Unix socket', async () => {
    const path = join(folder, 'daemon.sock');
    await using daemon = await standInDaemon({ body: freeAnswer }, path);
    expect(await freehold(['free', '--socket', path])).toMatchObject({ code: 0 });
    expect(await freehold(['free', '--url', `unix:${path}`])).toMatchObject({ code: 0 });
    expect(daemon.requests).toHaveLength(2);
  });

  it('shows the token of a file, and never prints it', async () => {
    const path = file('token', `${TOKEN}\n`);
    await using daemon = await standInDaemon(problem(401, 'unauthorized', 'the token is wrong'));
    for (const [args, env] of [
      [['--token-file', path], {}],
      [[], { FREEHOLD_TOKEN_FILE: path }],
    ] as const) {
      const result = await freehold(['free', '--url', daemon.url, ...args], env);
      expect(result).toMatchObject({ code: 4, stdout: '' });
      expect(result.stderr).toContain('freehold: the token is wrong');
      expect(result.stderr).not.toContain(TOKEN);
    }
    expect(daemon.requests.map(({ headers }) => headers.authorization)).toEqual([`Bearer ${TOKEN}`, `Bearer ${TOKEN}`]);
  });

  it.each([
    [400, 'invalid-query', 'quietFor: expected at most 400d', 2],
    [404, 'segment-unknown', 'there is no segment "lan2"', 2],
    [500, 'internal-error', 'Something went wrong', 1],
  ])('says what the daemon refused: status %s', async (status, code, detail, exitCode) => {
    await using daemon = await standInDaemon(problem(status, code, detail));
    const result = await freehold(['free', '--url', daemon.url]);
    expect(result).toMatchObject({ code: exitCode, stdout: '' });
    expect(result.stderr).toContain(`freehold: ${detail}`);
  });

  it('exits 5 where no daemon answers', async () => {
    const daemon = await standInDaemon({ body: {} });
    await daemon[Symbol.asyncDispose]();
    const result = await freehold(['free', '--url', daemon.url]);
    expect(result).toMatchObject({ code: 5, stdout: '' });
    expect(result.stderr).toContain('freehold run');
  });
});

describe('freehold verify', () => {
  it('posts the range and the criteria, and exits 0 where it is free', async () => {
    await using daemon = await standInDaemon({ body: verifyAnswer });
    const result = await freehold(['verify', '192.0.2.200 - 192.0.2.203', '--min-sweeps', '3', '--url', daemon.url]);
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(result.stdout).toMatch(/^FREE: 192\.0\.2\.200-192\.0\.2\.203/);
    expect(daemon.requests[0]).toMatchObject({ method: 'POST', url: '/verify' });
    expect(JSON.parse(daemon.requests[0]?.body ?? '')).toEqual({ range: '192.0.2.200-192.0.2.203', minSweeps: 3 });
  });

  it('exits 3 where it is not free, and the JSON is the answer as it came', async () => {
    const answer = { ...verifyAnswer, free: false };
    await using daemon = await standInDaemon({ body: answer });
    const result = await freehold(['verify', '192.0.2.200/30', '--json', '--url', daemon.url]);
    expect(result).toMatchObject({ code: 3, stderr: '' });
    expect(JSON.parse(result.stdout)).toEqual(answer);
    expect(JSON.parse(daemon.requests[0]?.body ?? '')).toEqual({ range: '192.0.2.200-192.0.2.203' });
  });
});

describe('freehold history', () => {
  it('asks for the address and prints who was there', async () => {
    await using daemon = await standInDaemon({ body: addressAnswer });
    const result = await freehold(['history', '192.0.2.17', '--url', daemon.url]);
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(result.stdout).toContain('192.0.2.17 (segment lan)');
    expect(daemon.requests[0]).toMatchObject({ method: 'GET', url: '/addresses/192.0.2.17' });
  });

  it('prints JSON', async () => {
    await using daemon = await standInDaemon({ body: addressAnswer });
    const result = await freehold(['history', '192.0.2.17', '--json', '--url', daemon.url]);
    expect(JSON.parse(result.stdout)).toEqual(addressAnswer);
  });
});

describe('freehold config', () => {
  const ledger = `ledger: { path: ${join(folder, 'ledger.db')} }\n`;
  const lan = 'segments:\n  - name: lan\n    interface: eth7\n    cidr: 192.0.2.0/24\n    rate: 50\n';
  const good = file('good.yaml', `${lan}${ledger}`);
  const bad = file('bad.yaml', 'segments:\n  - name: lan\n    interface: eth7\n    rate: fast\nledgr: {}\n');

  it('check accepts a good file', async () => {
    expect(await freehold(['config', 'check', '--config', good])).toEqual({
      code: 0,
      stdout: `${good} is good: 1 segment, 0 pools, 0 speakers, 1 alert channel.\n`,
      stderr: '',
    });
    const json = await freehold(['config', 'check', '--config', good, '--json']);
    expect(JSON.parse(json.stdout)).toEqual({
      valid: true,
      path: good,
      source: 'file',
      segments: 1,
      pools: 0,
      speakers: 0,
      channels: 1,
      problems: [],
      warnings: [],
      notes: [],
    });
  });

  it('check tells apart what it cannot know', async () => {
    const pool = 'metallb: { pools: [{ name: p, addresses: [192.0.2.200] }], speakers: ["02:00:00:00:00:01"] }\n';
    const config = file('note.yaml', `segments: [{ name: lan, interface: eth7 }]\n${pool}${ledger}`);
    const result = await freehold(['config', 'check', '--config', config]);
    expect(result).toMatchObject({ code: 0, stdout: `${config} is good: 1 segment, 1 pool, 1 speaker, 1 alert channel.\n` });
    expect(result.stderr).toMatch(
      /^note: metallb\.pools: whether anybody watches 192\.0\.2\.200 of pool p cannot be told here.*\n$/,
    );
  });

  it('check refuses a file that run would not start with, and names the user that it asked as', async () => {
    const missing = join(folder, 'absent');
    const config = file('absent.yaml', `http: { tokenFile: ${missing}/token }\nledger: { path: ${missing}/ledger.db }\n`);
    const result = await freehold(['config', 'check', '--config', config]);
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr.split('\n')).toEqual([
      `freehold: The daemon would not start with ${config}:`,
      expect.stringMatching(/^ {2}http\.tokenFile: The token file .*absent\/token does not exist\./),
      `  ledger.path: The directory ${missing} does not exist.`,
      expect.stringMatching(/^ {2}Checked as user .+sudo -u freehold freehold config check$/),
      '',
    ]);
    const json = await freehold(['config', 'check', '--config', config, '--json']);
    expect(json).toMatchObject({ code: 2, stderr: '' });
    expect(JSON.parse(json.stdout)).toMatchObject({
      valid: false,
      path: config,
      code: 'config-files-unusable',
      problems: [
        { line: null, path: 'http.tokenFile' },
        { line: null, path: 'ledger.path' },
      ],
    });
  });

  it('check tells every error with its path', async () => {
    const result = await freehold(['config', 'check', '--config', bad]);
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr).toContain('segments[0].rate');
    expect(result.stderr).toContain('ledgr');
    const json = await freehold(['config', 'check', '--config', bad, '--json']);
    expect(json).toMatchObject({ code: 2, stderr: '' });
    const { valid, path, problems } = JSON.parse(json.stdout) as { valid: boolean; path: string; problems: { path: string }[] };
    expect(path).toBe(bad);
    expect([valid, problems.map(({ path }) => path)]).toEqual([false, ['segments[0].rate', 'ledgr']]);
  });

  it('check refuses a file that is not there', async () => {
    const result = await freehold(['config', 'check', '--config', join(folder, 'none.yaml')]);
    expect(result).toMatchObject({ code: 2, stdout: '' });
  });

  it('print gives YAML that reads back as the same configuration', async () => {
    const printed = await freehold(['config', 'print', '--config', good]);
    expect(printed).toMatchObject({ code: 0, stderr: '' });
    expect(printed.stdout).toContain('rate: 50');
    const again = await freehold(['config', 'print', '--config', file('again.yaml', printed.stdout)]);
    expect(again.stdout).toBe(printed.stdout);
    const json = await freehold(['config', 'print', '--config', good, '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({ segments: [{ name: 'lan', rate: 50 }], proof: { quietFor: '72h' } });
  });

  it('schema is a JSON Schema', async () => {
    const result = await freehold(['config', 'schema']);
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(result.stdout)).toMatchObject({ title: 'Freehold configuration', properties: { segments: {} } });
  });

  it('run refuses a bad file before it starts anything', async () => {
    const result = await freehold(['run', '--config', bad]);
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr).toContain('segments[0].rate');
  });
});

describe('a usage error', () => {
  it.each([
    [['conflicts', '--kind', 'theft'], 'See: freehold conflicts --help'],
    [['conflicts', 'acknowledge', 'x'], 'See: freehold conflicts acknowledge --help'],
    [['config', 'check', '--nope'], 'See: freehold config check --help'],
    [['scna'], 'See: freehold --help'],
  ])('of %j points to the help of its command', async (args, hint) => {
    const result = await freehold(args);
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr.trimEnd().split('\n').at(-1)).toBe(`  ${hint}`);
  });
});

describe('stdout', () => {
  it('gets no colour where it is a pipe', async () => {
    await using daemon = await standInDaemon({ body: freeAnswer });
    const result = await freehold(['free', '--url', daemon.url], { FORCE_COLOR: '1', TERM: 'xterm' });
    expect(result.code).toBe(0);
    expect(result.stdout).not.toContain('\u001b');
  });

  it('may be closed by its reader: the exit code stays the answer, and nothing is said', async () => {
    const long = Array.from({ length: 20_000 }, () => freeAnswer.withheld).flat();
    await using daemon = await standInDaemon({ body: { ...NOT_FREE, withheld: long } });
    const result = await freehold(['free', '--json', '--url', daemon.url], {}, { closeStdout: true });
    expect(result).toEqual({ code: 3, stdout: '', stderr: '' });
  });
});
