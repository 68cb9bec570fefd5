import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { attempt } from './command.ts';
import { ENCLOSURE_VARIABLE, enclose, enclosureAvailable, enclosureCommand, enclosureEnvironment } from './enclosure.ts';
import { assertEnclosed, interfaceNames, namespaceNames } from './guard.ts';

const MARK = 'FREEHOLD_TEST_MARK';
const AVAILABLE = fileURLToPath(new URL('./fixtures/available.ts', import.meta.url));
const PARENT = fileURLToPath(new URL('./fixtures/enclosing-parent.ts', import.meta.url));

/** Processes that carry this mark in their environment, whatever namespace they are in. */
function marked(mark: string): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`${MARK}=${mark}`);
      } catch {
        return false;
      }
    })
    .map(Number);
}

async function eventually(holds: () => boolean, withinMs = 5000): Promise<boolean> {
  const until = Date.now() + withinMs;
  while (!holds()) {
    if (Date.now() > until) return false;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return true;
}

const started: ChildProcess[] = [];
const marks: string[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
  // Where the enclosure failed to take them along: they would keep this test's output open for ever.
  for (const pid of marks.splice(0).flatMap(marked)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended meanwhile.
    }
  }
});

async function firstLine(child: ChildProcess): Promise<string> {
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
  });
  await eventually(() => text.includes('\n') || child.exitCode !== null, 20_000);
  return text.split('\n')[0] ?? '';
}

/** A process that encloses a LAN, simulated hosts and a sleeping child, and says its enclosure's namespaces. */
async function lab(mark: string): Promise<{ parent: ChildProcess; enclosure: number; namespaces: readonly string[] }> {
  marks.push(mark);
  const parent = spawn(process.execPath, [PARENT], {
    env: { ...process.env, [MARK]: mark },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  started.push(parent);
  const said: unknown = JSON.parse(await firstLine(parent));
  if (typeof said !== 'object' || said === null || !('enclosure' in said) || !('namespaces' in said)) throw new Error('no lab');
  return { parent, enclosure: Number(said.enclosure), namespaces: said.namespaces as readonly string[] };
}

/** Whether a living process is in one of these network namespaces. */
function inhabited(namespaces: readonly string[]): boolean {
  return readdirSync('/proc').some((pid) => {
    try {
      return /^\d+$/.test(pid) && namespaces.includes(readlinkSync(`/proc/${pid}/ns/net`));
    } catch {
      return false;
    }
  });
}

describe('an enclosure', () => {
  it('is where this test runs, with nothing but the loopback', () => {
    expect(() => assertEnclosed()).not.toThrow();
    expect(interfaceNames()).toEqual(['lo']);
    expect(namespaceNames()).toEqual([]);
    expect(enclosureAvailable().ok).toBe(true);
  });

  it('passes arguments, environment, output and exit status through', async () => {
    const child = enclose(['sh', '-c', 'echo "$1 $COLOUR"; pwd; exit 7', 'sh', 'two words'], {
      env: { ...process.env, COLOUR: 'green' },
      cwd: '/usr',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    child.stdout?.setEncoding('utf8').on('data', (piece: string) => {
      said += piece;
    });
    const [status] = await once(child, 'close');
    expect([said, status]).toEqual(['two words green\n/usr\n', 7]);
  });

  it('is another network, process and mount space', async () => {
    const look = 'for s in net pid mnt; do readlink /proc/self/ns/$s; done; ip netns add inner; ls /run/netns; ls /sys/class/net';
    const child = enclose(['sh', '-c', look], { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    child.stdout?.setEncoding('utf8').on('data', (piece: string) => {
      said += piece;
    });
    await once(child, 'close');
    const [net, pid, mnt, ...rest] = said.trim().split('\n');
    expect(net).not.toBe(readlinkSync('/proc/self/ns/net'));
    expect(pid).not.toBe(readlinkSync('/proc/self/ns/pid'));
    expect(mnt).not.toBe(readlinkSync('/proc/self/ns/mnt'));
    expect(rest).toEqual(['inner', 'lo']);
    expect(namespaceNames()).toEqual([]);
  });

  it('is not to be had without the right to make namespaces, and the reason says so', async () => {
    const { stdout } = await attempt(['setpriv', '--bounding-set=-all', process.execPath, AVAILABLE]);
    expect(JSON.parse(stdout)).toEqual({
      ok: false,
      reason: expect.stringMatching(/^root may not make namespaces here \(unshare: .*not permitted\)$/),
    });
  });

  it('hands an IPC channel through', async () => {
    const child = enclose([process.execPath, '-e', 'process.send(6 * 7); process.disconnect()'], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const [answer] = await once(child, 'message');
    expect(answer).toBe(42);
  });

  it.each<['parent' | 'enclosure', string]>([
    ['parent', 'the process that made it'],
    ['enclosure', 'its outermost process'],
  ])('disappears with everything in it when SIGKILL hits the %s', async (victim) => {
    const mark = `${process.pid}-${victim}`;
    const { parent, enclosure, namespaces } = await lab(mark);
    // The parent, setpriv turned unshare, the shell, the enclosed program, the simulator and the sleeper.
    expect(await eventually(() => marked(mark).length >= 6)).toBe(true);
    expect(namespaces).toHaveLength(3);
    expect(inhabited(namespaces)).toBe(true);
    process.kill(victim === 'parent' ? (parent.pid ?? 0) : enclosure, 'SIGKILL');
    await eventually(() => marked(mark).filter((pid) => pid !== parent.pid).length === 0);
    expect(marked(mark).filter((pid) => pid !== parent.pid)).toEqual([]);
    expect(inhabited(namespaces)).toBe(false);
    expect(namespaceNames()).toEqual([]);
    expect(interfaceNames()).toEqual(['lo']);
  });
});

// In a user namespace of one user there is nobody else to become: there, this whole file shows the same.
const manyUsers = /^\s*0\s+0\s+4294967295\s*$/.test(readFileSync('/proc/self/uid_map', 'utf8'));

if (manyUsers) {
  describe('an ordinary user', () => {
    const become = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups', '--'];
    const env = (mark: string): NodeJS.ProcessEnv => ({ ...enclosureEnvironment(process.env, '/'), [MARK]: mark });

    it('gets an enclosure in a user namespace, with namespaces and veth pairs of its own', async () => {
      const make =
        'ip netns add a && ip link add name v0 type veth peer name v1 netns a && ip netns exec a ls /sys/class/net && id -u';
      const [file = '', ...args] = [...become, ...enclosureCommand(['sh', '-c', make], 'user-namespace')];
      const child = spawn(file, args, { env: env('made'), stdio: ['ignore', 'pipe', 'inherit'] });
      let said = '';
      child.stdout.setEncoding('utf8').on('data', (piece: string) => {
        said += piece;
      });
      const [status] = await once(child, 'close');
      expect([said, status]).toEqual(['lo\nv1\n0\n', 0]);
    });

    it('leaves nothing behind when SIGKILL hits whoever started it', async () => {
      const mark = `${process.pid}-user`;
      marks.push(mark);
      // The shell in between is the one that dies; the enclosed one has a child of its own.
      const inside = enclosureCommand(
        ['sh', '-c', 'ip netns add a; ip netns exec a sleep 1000 & echo up; wait'],
        'user-namespace',
      );
      const quoted = inside.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
      const [file = '', ...args] = [...become, 'sh', '-c', `${quoted} & wait`];
      const outer = spawn(file, args, { env: env(mark), stdio: ['ignore', 'pipe', 'inherit'] });
      started.push(outer);
      expect(await firstLine(outer)).toBe('up');
      // Read once only: the environment of a process that is just being started reads as empty.
      expect(await eventually(() => marked(mark).length >= 5)).toBe(true);
      outer.kill('SIGKILL');
      await eventually(() => marked(mark).length === 0);
      expect(marked(mark)).toEqual([]);
    });
  });
}

describe('the runner of commands', () => {
  it('tells what a failed command said', async () => {
    const { run } = await import('./command.ts');
    await expect(run(['ip', 'link', 'set', 'dev', 'nosuch0', 'up'])).rejects.toThrow(/nosuch0.*Cannot find device/s);
    await expect(run(['no-such-program'])).rejects.toThrow(/Cannot start "no-such-program"/);
    expect((await attempt(['sh', '-c', 'exit 3'])).status).toBe(3);
  });

  it('holds the host and the own namespace in its variable', () => {
    const [host, own] = (process.env[ENCLOSURE_VARIABLE] ?? '').split(' ');
    expect(own).toBe(readlinkSync('/proc/self/ns/net'));
    expect(host).not.toBe(own);
  });
});
