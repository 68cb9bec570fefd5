import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { renderUnit } from '../../src/cli/service-unit.ts';
import { parseConfig } from '../../src/system/config.ts';
import { needs } from '../lab/needs.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const TEMPLATE = readFileSync(join(ROOT, 'systemd/freehold.service'), 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'freehold-unit-'));
afterAll(() => rmSync(folder, { recursive: true }));

const valuesOf = (key: string): string[] =>
  TEMPLATE.split('\n').flatMap((line) => (line.startsWith(`${key}=`) ? [line.slice(key.length + 1)] : []));

/** The unit as it is installed for this checkout, or for one of another name. */
function written(checkout = ROOT, config: string | null = null): string {
  const path = join(mkdtempSync(join(folder, 'unit-')), 'freehold.service');
  writeFileSync(path, renderUnit(TEMPLATE, { checkout, config }));
  return path;
}

const analyze = (...args: readonly string[]) =>
  spawnSync('systemd-analyze', args, { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C', SYSTEMD_COLORS: '0' } });

describe('freehold.service', () => {
  it('is supervised by the daemon itself, and never given up', () => {
    expect(valuesOf('Type')).toEqual(['notify']);
    expect(valuesOf('NotifyAccess')).toEqual(['main']);
    expect(Number(valuesOf('WatchdogSec')[0])).toBeGreaterThan(0);
    expect(valuesOf('Restart')).toEqual(['on-failure']);
    expect(valuesOf('StartLimitIntervalSec')).toEqual(['0']);
    expect(valuesOf('ExecReload')).toEqual(['/bin/kill -HUP $MAINPID']);
  });

  it('has a user of its own, whom sysusers makes, and one capability', () => {
    const sysusers = readFileSync(join(ROOT, 'systemd/freehold.sysusers'), 'utf8');
    expect(sysusers).toMatch(new RegExp(`^u ${valuesOf('User')[0]} - `, 'm'));
    expect(valuesOf('User')).toEqual(valuesOf('Group'));
    expect([valuesOf('AmbientCapabilities'), valuesOf('CapabilityBoundingSet')]).toEqual([['CAP_NET_RAW'], ['CAP_NET_RAW']]);
  });

  it('keeps state and configuration where the defaults have them', () => {
    const { ledger } = parseConfig('', 'none');
    expect(ledger.path.startsWith(`/var/lib/${valuesOf('StateDirectory')[0]}/`)).toBe(true);
    expect(valuesOf('ConfigurationDirectory')).toEqual(['freehold']);
  });

  it('says of each part of the sandbox that is left out why', () => {
    for (const directive of [
      'MemoryDenyWriteExecute',
      'ProcSubset',
      'PrivateUsers',
      'PrivateNetwork',
      'IPAddressDeny',
      'RootDirectory',
    ]) {
      expect(TEMPLATE).toMatch(new RegExp(`^# ${directive}\\S* is left out: `, 'm'));
      expect(valuesOf(directive)).toEqual([]);
    }
  });
});

describe('the example configuration', () => {
  const example = readFileSync(join(ROOT, 'systemd/freehold.yaml'), 'utf8');

  it('probes nothing as it is', () => expect(parseConfig(example, 'example').segments).toEqual([]));

  it('is good with its comments taken off', () => {
    const lines = example.split('\n');
    const first = lines.indexOf('# segments:');
    const text = lines
      .slice(first)
      .map((line) => line.replace(/^# /, ''))
      .join('\n');
    expect(parseConfig(text, 'example').segments).toMatchObject([{ name: 'lan', interface: 'eth0' }]);
  });
});

needs('systemd-analyze')('systemd-analyze', () => {
  it('verify has nothing to say', () => {
    expect(analyze('verify', written())).toMatchObject({ status: 0, stdout: '', stderr: '' });
  });

  it.each(['free hold', '100%', 'a;b', 'a&b', 'caf\u00e9', '@x', '-x'])(
    'verify finds the program of a checkout called %s',
    (name) => {
      const checkout = join(folder, name);
      mkdirSync(checkout);
      symlinkSync(join(ROOT, 'bin'), join(checkout, 'bin'));
      expect(analyze('verify', written(checkout, `${checkout}/it's $HOME.yaml`))).toMatchObject({
        status: 0,
        stdout: '',
        stderr: '',
      });
    },
  );

  it('verify would find a program that is not there', () => {
    expect(analyze('verify', written('/nonexistent')).stderr).toContain('/nonexistent/bin/freehold');
  });

  it('security: an exposure of at most 2.0', () => {
    const { stdout } = analyze('security', '--offline=true', '--no-pager', written());
    const [, exposure] = /Overall exposure level for freehold\.service: (\d+\.\d+)/.exec(stdout) ?? [];
    expect(Number(exposure)).toBeLessThanOrEqual(2);
  });
});
