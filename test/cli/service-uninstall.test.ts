import { mkdirSync, symlinkSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { serviceInstallCommand } from '../../src/cli/service-install.ts';
import { serviceUninstallCommand, type UninstallOptions } from '../../src/cli/service-uninstall.ts';
import { caughtOutput } from './catcher.ts';
import { type Machine, machine } from './service-machine.ts';

const UNIT = '/etc/systemd/system/freehold.service';
const CONFIG = '/etc/freehold/freehold.yaml';
const LEDGER = '/var/lib/freehold/freehold.db';

async function installed(changes: Parameters<typeof machine>[0] = {}): Promise<Machine> {
  const it = machine(changes);
  const { output } = caughtOutput();
  await serviceInstallCommand({ start: true, yes: true }, output, { ...it.host, uid: 0 });
  it.write(LEDGER, 'history');
  it.calls();
  return it;
}

async function uninstall({ host, calls }: Machine, options: Partial<UninstallOptions> = {}) {
  const { output, stdout, stderr } = caughtOutput();
  const end = await serviceUninstallCommand({ purge: false, yes: false, ...options }, output, host).then(
    (code) => ({ code, error: null }),
    (error: unknown) => ({ code: null, error }),
  );
  return { ...end, stdout: stdout.text(), stderr: stderr.text().replaceAll(host.root, ''), calls: calls() };
}

describe('freehold service uninstall', () => {
  it('stops it and removes the unit; history, configuration and their owner stay', async () => {
    using it = await installed();
    const { code, stderr, calls } = await uninstall(it);
    expect(code).toBe(0);
    expect(calls).toEqual([
      'systemctl --version',
      'systemctl disable --now freehold.service',
      'systemctl daemon-reload',
      'systemctl reset-failed freehold.service',
    ]);
    expect([UNIT, '/etc/sysusers.d/freehold.conf', CONFIG, LEDGER].map(it.exists)).toEqual([false, false, true, true]);
    expect(stderr).toContain('kept       /var/lib/freehold\n');
    expect(stderr).toContain('kept       user freehold');
  });

  it('is no error where there is nothing', async () => {
    using it = machine();
    expect(await uninstall(it)).toMatchObject({ code: 0, calls: ['systemctl --version'] });
  });

  it('keeps a unit that was changed by hand beside itself', async () => {
    using it = await installed();
    it.write(UNIT, it.read(UNIT).replace('RestartSec=5', 'RestartSec=1'));
    await uninstall(it);
    expect(it.exists(UNIT)).toBe(false);
    expect(it.read(`${UNIT}.bak`)).toContain('RestartSec=1');
  });

  it('removes nothing where the service cannot be stopped', async () => {
    using it = await installed();
    it.write('/fail-disable', '');
    expect((await uninstall(it, { purge: true, yes: true })).error).toMatchObject({ code: 'service-not-stopped' });
    expect([UNIT, CONFIG, LEDGER].map(it.exists)).toEqual([true, true, true]);
  });

  it('is for root', async () => {
    using it = await installed({ uid: 1000 });
    expect((await uninstall(it)).error).toMatchObject({ code: 'not-permitted', exitCode: 4 });
    expect(it.exists(UNIT)).toBe(true);
  });

  it('prints one document with --json', async () => {
    using it = await installed();
    expect(JSON.parse((await uninstall(it, { json: true })).stdout)).toMatchObject({ unit: 'freehold.service', purged: false });
  });
});

describe('--purge', () => {
  it('deletes it all', async () => {
    using it = await installed();
    it.write(`${UNIT}.d/override.conf`, '[Service]\n');
    const { code, calls } = await uninstall(it, { purge: true, yes: true });
    expect(code).toBe(0);
    expect([UNIT, `${UNIT}.d`, '/etc/freehold', '/var/lib/freehold'].map(it.exists)).toEqual([false, false, false, false]);
    expect(calls).toContain('userdel freehold');
    expect(it.exists('/opt/freehold/bin/freehold')).toBe(true);
  });

  it('asks on a terminal, and takes nothing but the word', async () => {
    const answers = ['y', null, ' delete '];
    using it = await installed({ ask: async () => answers.shift() ?? null });
    for (const _ of [1, 2]) {
      expect((await uninstall(it, { purge: true })).error).toMatchObject({ exitCode: 2, message: 'nothing was changed' });
      expect([UNIT, LEDGER].map(it.exists)).toEqual([true, true]);
    }
    expect((await uninstall(it, { purge: true })).code).toBe(0);
    expect(it.exists(LEDGER)).toBe(false);
  });

  it('is refused where nobody can be asked', async () => {
    using it = await installed();
    expect((await uninstall(it, { purge: true })).error).toMatchObject({ exitCode: 2, hint: expect.stringContaining('--yes') });
    expect(it.exists(LEDGER)).toBe(true);
  });

  it('removes a link to the history, and not what lies there', async () => {
    using it = machine();
    it.write('/srv/history/freehold.db', 'history');
    mkdirSync(it.path('/var/lib'), { recursive: true });
    symlinkSync(it.path('/srv/history'), it.path('/var/lib/freehold'));
    const { stderr } = await uninstall(it, { purge: true, yes: true });
    expect(it.exists('/var/lib/freehold')).toBe(false);
    expect(it.read('/srv/history/freehold.db')).toBe('history');
    expect(stderr).toContain('what it points at stays');
  });
});
