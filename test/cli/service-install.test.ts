import { chmodSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type InstallOptions, serviceInstallCommand } from '../../src/cli/service-install.ts';
import { caughtOutput } from './catcher.ts';
import { type Machine, machine } from './service-machine.ts';

const UNIT = '/etc/systemd/system/freehold.service';
const CONFIG = '/etc/freehold/freehold.yaml';
const SYSUSERS = '/etc/sysusers.d/freehold.conf';

async function install({ host, calls }: Machine, options: Partial<InstallOptions> = {}) {
  const { output, stdout, stderr } = caughtOutput();
  const end = await serviceInstallCommand({ start: true, yes: true, ...options }, output, host).then(
    (code) => ({ code, error: null }),
    (error: unknown) => ({ code: null, error }),
  );
  const clean = (text: string): string => text.replaceAll(host.root === '' ? '\0' : host.root, '');
  return { ...end, stdout: clean(stdout.text()), stderr: clean(stderr.text()), calls: calls() };
}

const files = (root: string): string[] => readdirSync(`${root}/etc`, { recursive: true, encoding: 'utf8' }).sort();

describe('freehold service install', () => {
  it('makes the user, the configuration and the unit, and starts it', async () => {
    using it = machine();
    const result = await install(it);
    expect(result).toMatchObject({ code: 0, error: null });
    expect(result.calls).toEqual([
      'systemctl --version',
      `systemd-sysusers ${SYSUSERS}`,
      'systemctl daemon-reload',
      'systemctl is-enabled freehold.service',
      'systemctl enable freehold.service',
      'systemctl is-active freehold.service',
      'systemctl start freehold.service',
    ]);
    expect(it.read(UNIT)).toContain('\nExecStart=/opt/freehold/bin/freehold run\n');
    expect(it.read(SYSUSERS)).toContain('u freehold');
    expect(statSync(it.path(CONFIG)).mode & 0o777).toBe(0o640);
    expect(statSync(it.path('/etc/freehold')).mode & 0o777).toBe(0o755);
    expect(statSync(it.path(UNIT)).mode & 0o777).toBe(0o644);
    expect(result.stderr).toContain(`done       ${UNIT}: written`);
    expect(result.stdout).toContain('Nothing is probed yet');
  });

  it('writes files that the service can read, whatever the umask', async () => {
    using it = machine();
    const before = process.umask(0o077);
    await install(it).finally(() => process.umask(before));
    expect(statSync(it.path(CONFIG)).mode & 0o777).toBe(0o640);
    expect(statSync(it.path('/etc/freehold')).mode & 0o777).toBe(0o755);
  });

  it('changes nothing the second time, and says so', async () => {
    using it = machine();
    await install(it);
    it.write(CONFIG, 'segments: [{ name: lan, interface: eth0 }]\n');
    const again = await install(it);
    expect(again).toMatchObject({ code: 0 });
    expect(again.stderr).not.toContain(' done ');
    expect(again.stderr.match(/unchanged/g)).toHaveLength(5);
    expect(again.stderr).toContain(`kept       ${CONFIG}\n`);
    expect(again.calls.filter((call) => / (enable|start|restart) /.test(call))).toEqual([]);
    expect(it.read(CONFIG)).toContain('eth0');
    expect(again.stdout).toContain('freehold service status');
  });

  it('takes up a newer unit by a restart, and keeps one that was changed by hand beside it', async () => {
    using it = machine();
    await install(it);
    const own = it.read(UNIT);
    const other = await install(it, { config: '/etc/freehold/other.yaml' });
    expect(other.calls).toContain('systemctl restart freehold.service');
    expect(it.exists(`${UNIT}.bak`)).toBe(false);
    expect(it.read(UNIT)).toContain('run --config /etc/freehold/other.yaml\n');

    it.write(UNIT, own.replace('RestartSec=5', 'RestartSec=1'));
    const changed = await install(it);
    expect(it.read(`${UNIT}.bak`)).toContain('RestartSec=1');
    expect(it.read(UNIT)).toBe(own);
    expect(changed.stderr).toContain('was changed by hand');

    it.write(UNIT, '[Service]\nExecStart=/bin/true\n');
    await install(it);
    expect(it.read(`${UNIT}.bak2`)).toContain('/bin/true');
    expect(it.read(`${UNIT}.bak`)).toContain('RestartSec=1');
  });

  it('does not start where it is told so', async () => {
    using it = machine();
    const { code, calls } = await install(it, { start: false });
    expect(code).toBe(0);
    expect(calls).toContain('systemctl enable freehold.service');
    expect(calls.join()).not.toContain(' start ');
  });

  it('says in the list that the service cannot read the configuration', async () => {
    using it = machine();
    await install(it);
    chmodSync(it.path(CONFIG), 0o600);
    expect((await install(it)).stderr).toContain(`the user freehold may not read it (chgrp freehold ${CONFIG}`);
  });

  it('prints one document with --json', async () => {
    using it = machine();
    const { stdout } = await install(it, { json: true });
    expect(JSON.parse(stdout)).toMatchObject({
      unit: 'freehold.service',
      staged: false,
      steps: expect.arrayContaining([{ outcome: 'done', what: 'user freehold: made' }]),
    });
  });

  it('asks on a terminal, and does nothing without a yes', async () => {
    const questions: string[] = [];
    const ask = async (question: string) => {
      questions.push(question);
      return questions.length === 1 ? '' : 'y';
    };
    using it = machine({ ask });
    expect((await install(it, { yes: false })).error).toMatchObject({ exitCode: 2, message: 'nothing was changed' });
    expect(it.exists(UNIT)).toBe(false);
    expect((await install(it, { yes: false })).code).toBe(0);
    expect(questions[0]).toContain(UNIT);
  });
});

describe('what must hold before: nothing is touched where it does not', () => {
  const refused = async (it: Machine, options: Partial<InstallOptions> = {}) => {
    const before = files(it.host.root);
    const result = await install(it, options);
    expect(files(it.host.root)).toEqual(before);
    expect(result.calls.filter((call) => call !== 'systemctl --version')).toEqual([]);
    return result.error;
  };

  it('root', async () => {
    using it = machine({ uid: 1000 });
    expect(await refused(it)).toMatchObject({ code: 'not-permitted', exitCode: 4 });
  });

  it.each([
    ['systemd as process 1', '/run/systemd'],
    ['systemctl', '/bin/systemctl'],
  ])('%s', async (_, gone) => {
    using it = machine();
    rmSync(it.path(gone), { recursive: true });
    // Not the one of the machine that runs this test.
    if (gone === '/bin/systemctl') it.write(gone, '#!/bin/sh\nexit 1\n', 0o755);
    expect(await refused(it)).toMatchObject({ code: 'service-manager-missing', exitCode: 5 });
  });

  it.each([
    ['a checkout that others may not enter', (it: Machine) => chmodSync(it.path('/opt'), 0o750), '/opt is closed to other users'],
    [
      'a build that others may not read',
      (it: Machine) => chmodSync(it.path('/opt/freehold/dist/src/cli/main.js'), 0o600),
      'main.js cannot be read by other users',
    ],
    [
      'a checkout that was not set up',
      (it: Machine) => it.write('/opt/freehold/bin/freehold', '#!/bin/sh\necho "not built yet" >&2\nexit 1\n', 0o755),
      'does not start: not built yet',
    ],
    [
      'a masked unit',
      (it: Machine) => {
        mkdirSync(it.path('/etc/systemd/system'), { recursive: true });
        symlinkSync('/dev/null', it.path(UNIT));
      },
      'systemctl unmask freehold',
    ],
  ])('not %s', async (_, spoil, message) => {
    using it = machine();
    spoil(it);
    expect(await refused(it)).toMatchObject({ code: 'service-checks-failed', message: expect.stringContaining(message) });
  });

  it.each([
    [{ prefix: '/home/user/freehold' }, 'which the service cannot see'],
    [{ prefix: '/root/freehold' }, 'there is no /root/freehold/bin/freehold'],
    [{ config: '/tmp/freehold.yaml' }, 'the configuration /tmp/freehold.yaml lies below /tmp'],
    [{ prefix: 'freehold' }, '--prefix takes an absolute path'],
    [{ config: 'freehold.yaml' }, '--config takes an absolute path'],
    [{ root: 'stage' }, '--root takes an absolute path'],
    [{ prefix: '/opt/$HOME' }, 'the path holds a $'],
    [{ prefix: '/opt/free\nhold' }, 'control characters'],
  ])('%o', async (options, message) => {
    using it = machine();
    expect(await refused(it, options)).toMatchObject({ exitCode: 2, message: expect.stringContaining(message) });
  });

  it('tells all at once', async () => {
    using it = machine();
    const error = await refused(it, { prefix: '/home/user/freehold', config: '/tmp/freehold.yaml' });
    expect(error).toMatchObject({ message: expect.stringMatching(/\n.*ProtectHome[\s\S]*\n.*no checkout[\s\S]*\n.*\/tmp/) });
  });

  it('a configuration that the daemon would refuse', async () => {
    using it = machine();
    it.write(CONFIG, 'segments: 7\n');
    expect(await refused(it)).toMatchObject({ code: 'config-invalid', exitCode: 2 });
  });
});

describe('where a step fails', () => {
  it.each([
    ['fail-sysusers', 'systemd-sysusers failed: No such thing.', 'Everything is as it was before.'],
    ['fail-daemon-reload', 'Job for daemon-reload failed', 'the user freehold (userdel freehold removes it)'],
    ['fail-enable', 'Job for enable failed', 'the user freehold (userdel freehold removes it)'],
  ])('%s: everything is taken back', async (failing, message, hint) => {
    using it = machine();
    const before = files(it.host.root);
    it.write(`/${failing}`, '');
    const { error, stderr } = await install(it);
    expect(error).toMatchObject({
      code: 'service-install-failed',
      message: expect.stringContaining(message),
      hint: expect.stringContaining(hint),
    });
    expect(files(it.host.root)).toEqual(before);
    expect(stderr).toContain('undone');
  });

  it('what was there before is there again', async () => {
    using it = machine();
    await install(it);
    it.write(UNIT, '[Service]\nExecStart=/bin/true\n');
    const before = files(it.host.root);
    it.write('/fail-daemon-reload', '');
    expect((await install(it)).error).toMatchObject({ hint: 'Everything is as it was before.' });
    expect(it.read(UNIT)).toBe('[Service]\nExecStart=/bin/true\n');
    expect(files(it.host.root)).toEqual(before);
  });

  it('says what could not be taken back', async () => {
    using it = machine();
    it.write('/fail-daemon-reload', '');
    const { host } = it;
    const run: typeof host.run = (program, args) => {
      // Somebody puts a file of theirs into the new folder meanwhile.
      if (args[0] === 'daemon-reload') it.write('/etc/freehold/theirs', '');
      return host.run(program, args);
    };
    const { error } = await install({ ...it, host: { ...host, run } });
    expect(error).toMatchObject({ hint: expect.stringMatching(/but for: .*\/etc\/freehold: made \(ENOTEMPTY/) });
    expect(it.exists('/etc/freehold/theirs')).toBe(true);
  });

  it('a service that does not start stays, and the log is named', async () => {
    using it = machine();
    it.write('/fail-start', '');
    const { error } = await install(it);
    expect(error).toMatchObject({
      code: 'service-not-started',
      exitCode: 1,
      message: expect.stringContaining('Job for start failed'),
      hint: expect.stringContaining('journalctl -u freehold'),
    });
    expect(it.exists(UNIT)).toBe(true);
    expect(it.exists(CONFIG)).toBe(true);
  });
});

describe('--root', () => {
  it('puts the files there, as nobody in particular, and calls nothing', async () => {
    using it = machine({ uid: 1000 });
    const { code, calls, stdout, stderr } = await install(it, { root: it.path('/stage'), prefix: '/srv/freehold' });
    expect({ code, calls }).toEqual({ code: 0, calls: [] });
    expect(files(it.path('/stage'))).toEqual(
      [
        'freehold',
        'freehold/freehold.yaml',
        'systemd',
        'systemd/system',
        'systemd/system/freehold.service',
        'sysusers.d',
        'sysusers.d/freehold.conf',
      ].sort(),
    );
    expect(it.read(`/stage${UNIT}`)).toContain('ExecStart=/srv/freehold/bin/freehold run\n');
    expect(statSync(it.path(`/stage${CONFIG}`)).mode & 0o777).toBe(0o640);
    expect(stdout).toContain('enable freehold');
    expect(stdout).toContain('systemd-sysusers && chgrp freehold /etc/freehold/freehold.yaml');
    expect(stderr).toContain(
      'warning: there is no /srv/freehold/bin/freehold, neither here nor below /stage: the service cannot start before it is there.\n',
    );
    expect(it.exists(UNIT)).toBe(false);
  });

  it.each([
    ['here', '/opt/freehold', undefined, []],
    ['there', '/srv/freehold', undefined, []],
    [
      'nowhere',
      '/srv/other',
      undefined,
      ['there is no /srv/other/bin/freehold, neither here nor below /stage: the service cannot start before it is there.'],
    ],
    [
      'hidden, and so is the configuration',
      '/opt/freehold',
      '/home/ada/f.yaml',
      ['the configuration /home/ada/f.yaml lies below /home, which the service cannot see (ProtectHome, PrivateTmp).'],
    ],
  ])('warns of a checkout that is %s', async (_, prefix, config, warnings) => {
    using it = machine({ uid: 1000 });
    it.write('/stage/srv/freehold/bin/freehold', '');
    const { code, stderr } = await install(it, { root: it.path('/stage'), prefix, config });
    expect(code).toBe(0);
    const told = stderr.split('\n').filter((line) => line.startsWith('warning: '));
    expect(told).toEqual(warnings.map((warning) => `warning: ${warning}`));
  });

  it('gives the configuration to the group that is there, as root', async () => {
    using it = machine();
    it.write('/stage/etc/group', `freehold:x:${process.getgid?.() ?? 0}:\n`);
    const { code, stdout } = await install(it, { root: it.path('/stage') });
    expect(code).toBe(0);
    expect(stdout).not.toContain('chgrp');
    const facts = statSync(it.path(`/stage${CONFIG}`));
    expect([facts.mode & 0o777, facts.gid]).toEqual([0o640, process.getgid?.()]);
  });

  it('calls nothing where it fails either', async () => {
    using it = machine();
    it.write('/stage/etc/systemd', 'a file where a folder must be');
    const { error, calls } = await install(it, { root: it.path('/stage') });
    expect(error).toMatchObject({ code: 'service-install-failed', hint: 'Everything is as it was before.' });
    expect(calls).toEqual([]);
    expect(files(it.path('/stage'))).toEqual(['systemd']);
  });
});
