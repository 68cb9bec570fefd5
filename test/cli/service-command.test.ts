/** The commands as processes, with systemd's programs replaced on the PATH. */
import { describe, expect, it } from 'vitest';
import { machine } from './service-machine.ts';
import { freehold } from './stand-in-daemon.ts';

describe('freehold service', () => {
  it('install --root puts the files there, for the checkout that it stands in', async () => {
    using it = machine();
    const result = await freehold(['service', 'install', '--root', it.path('/stage'), '--json']);
    expect(result.code).toBe(0);
    expect(JSON.parse(result.stdout)).toMatchObject({ staged: true });
    expect(it.read('/stage/etc/systemd/system/freehold.service')).toMatch(/^ExecStart="?\/.*\/bin\/freehold"? run$/m);
  });

  it('status asks the systemctl of the PATH', async () => {
    using it = machine();
    it.write('/show', 'LoadState=not-found\nActiveState=inactive\n');
    const PATH = `${it.path('/bin')}:${process.env['PATH'] ?? ''}`;
    const result = await freehold(['service', 'status'], { PATH });
    expect(result).toEqual({ code: 3, stdout: 'freehold.service is not installed.  (freehold service install)\n', stderr: '' });
    expect(it.calls()).toHaveLength(1);
  });

  it.each([
    [['service'], 2, 'Usage: freehold service'],
    [['service', 'install', '--root', 'here'], 2, '--root takes an absolute path'],
    [['service', 'status', '--purge'], 2, "unknown option '--purge'"],
  ])('%j', async (args, code, message) => {
    const result = await freehold(args);
    expect(result).toMatchObject({ code, stdout: '' });
    expect(result.stderr).toContain(message);
  });
});
