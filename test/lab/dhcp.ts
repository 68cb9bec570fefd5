/**
 * Real DHCP on a simulated LAN: dnsmasq as the server and udhcpc as clients, each in a namespace of its own. What they say is
 * kept for the test; their files lie in a temporary directory that goes with them.
 */
import type { ChildProcess } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FreeholdError } from '../../src/core/error.ts';
import { assertEnclosed } from './guard.ts';
import type { Lan } from './lan.ts';
import type { Namespace } from './namespace.ts';

export interface DhcpServerOptions {
  /** The server's own address on the LAN. */
  readonly address: string;
  readonly rangeStart: string;
  readonly rangeEnd: string;
  /** At least 120 (dnsmasq's own minimum); default 120. */
  readonly leaseSeconds?: number;
  /** Whether it pings an address before it offers it, as dnsmasq does by itself; default no, for speed. */
  readonly pingsFirst?: boolean;
  /** Further dnsmasq options, like `--dhcp-host=02:00:00:00:00:07,192.0.2.7`. */
  readonly options?: readonly string[];
}

export interface DhcpServer {
  readonly namespace: Namespace;
  readonly leaseFile: string;
  /** The lease file as it is now. */
  leases(): Promise<string>;
  /** The newest of what it logged; at most 64 KiB. */
  log(): string;
  close(): Promise<void>;
}

export interface DhcpClientOptions {
  readonly mac?: string;
  readonly hostname?: string;
  /** An address to ask for. */
  readonly requests?: string;
  /** Whether it probes by ARP for what it was given, for 2 s, before it takes it, as RFC 5227 asks for; default no. */
  readonly probesFirst?: boolean;
  /** Whether it asks the server to answer by broadcast, as some clients do; default no. */
  readonly broadcast?: boolean;
  /** Gives up after this long; default 15 s. */
  readonly timeoutMs?: number;
}

export interface DhcpClient {
  readonly namespace: Namespace;
  readonly address: string;
  readonly mac: string;
  /** Just before and after the interface got the address, epoch ms with a fraction. */
  readonly configured: { readonly beforeMs: number; readonly afterMs: number };
  log(): string;
  /** Gives the lease back (DHCPRELEASE) and goes on without an address. */
  release(): Promise<void>;
  close(): Promise<void>;
}

const LOG_LIMIT = 65_536;

/** Keeps what a process says, and lets one wait for a line of it. */
function listen(child: ChildProcess): {
  text(): string;
  until(pattern: RegExp, timeoutMs: number, what: string): Promise<RegExpExecArray>;
} {
  let text = '';
  const waiters = new Set<() => void>();
  const tell = (): void => {
    for (const waiter of [...waiters]) waiter();
  };
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (piece: string) => {
      text = (text + piece).slice(-LOG_LIMIT);
      tell();
    });
  }
  child.once('exit', tell);
  return {
    text: () => text,
    until: (pattern, timeoutMs, what) =>
      new Promise((resolve, reject) => {
        const end = (act: () => void): void => {
          clearTimeout(timer);
          waiters.delete(look);
          act();
        };
        const fail = (why: string): void =>
          end(() => reject(new FreeholdError('lab-dhcp-failed', `${what}: ${why}; it said: ${text.trim() || 'nothing'}`)));
        const look = (): void => {
          const found = pattern.exec(text);
          if (found !== null) end(() => resolve(found));
          else if (child.exitCode !== null || child.signalCode !== null) fail('it ended');
        };
        const timer = setTimeout(() => fail(`nothing after ${timeoutMs} ms`), timeoutMs);
        waiters.add(look);
        look();
      }),
  };
}

export async function startDhcpServer(lan: Lan, options: DhcpServerOptions): Promise<DhcpServer> {
  assertEnclosed();
  const folder = await mkdtemp(join(tmpdir(), 'freehold-dhcp-'));
  const leaseFile = join(folder, 'dnsmasq.leases');
  const namespace = await lan.attach('dhcp', { addresses: [`${options.address}/${lan.prefixLength}`] });
  const close = async (): Promise<void> => {
    await namespace.close();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await writeFile(leaseFile, '');
    const child = namespace.spawn(
      [
        'dnsmasq',
        // Stays in the foreground and stays root: in a user namespace there is no other user to become.
        '--no-daemon',
        '--conf-file=/dev/null',
        '--log-facility=-',
        '--log-dhcp',
        '--port=0',
        '--interface=eth0',
        '--bind-interfaces',
        '--dhcp-authoritative',
        `--dhcp-leasefile=${leaseFile}`,
        `--dhcp-range=${options.rangeStart},${options.rangeEnd},${options.leaseSeconds ?? 120}`,
        ...(options.pingsFirst === true ? [] : ['--no-ping']),
        ...(options.options ?? []),
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const said = listen(child);
    await said.until(/sockets bound exclusively/, 10_000, 'dnsmasq did not start');
    return { namespace, leaseFile, leases: () => readFile(leaseFile, 'utf8'), log: said.text, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** What udhcpc runs on every event: takes the address, says so, and gives it up again. */
const CLIENT_SCRIPT = `#!/bin/sh
case "$1" in
  deconfig)
    ip address flush dev "$interface"
    ip link set dev "$interface" up
    echo "freehold-lab deconfig" ;;
  bound|renew)
    before=$(date +%s.%N)
    ip address replace "$ip/$mask" broadcast + dev "$interface"
    echo "freehold-lab configured $before $(date +%s.%N)"
    [ -z "$router" ] || ip route replace default via "\${router%% *}" dev "$interface"
    echo "freehold-lab $1 $ip" ;;
esac
`;

/** Resolves once the client has its lease and has put the address on its interface. */
export async function startDhcpClient(lan: Lan, options: DhcpClientOptions = {}): Promise<DhcpClient> {
  assertEnclosed();
  const folder = await mkdtemp(join(tmpdir(), 'freehold-udhcpc-'));
  const namespace = await lan.attach('client', options.mac === undefined ? {} : { mac: options.mac });
  const close = async (): Promise<void> => {
    await namespace.close();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const script = join(folder, 'udhcpc.script');
    await writeFile(script, CLIENT_SCRIPT);
    await chmod(script, 0o700);
    const hostname = options.hostname === undefined ? [] : ['-x', `hostname:${options.hostname}`];
    const request = options.requests === undefined ? [] : ['-r', options.requests];
    const manner = [...(options.probesFirst === true ? ['-a'] : []), ...(options.broadcast === true ? ['-B'] : [])];
    const child = namespace.spawn(
      ['udhcpc', '-i', 'eth0', '-f', '-t', '20', '-T', '1', '-A', '1', '-s', script, ...manner, ...hostname, ...request],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const said = listen(child);
    const bound = await said.until(
      /freehold-lab configured (\S+) (\S+)\nfreehold-lab bound (\S+)/,
      options.timeoutMs ?? 15_000,
      'udhcpc got no lease',
    );
    return {
      namespace,
      address: bound[3] ?? '',
      configured: { beforeMs: Number(bound[1]) * 1000, afterMs: Number(bound[2]) * 1000 },
      mac: (await namespace.run(['cat', '/sys/class/net/eth0/address'])).trim(),
      log: said.text,
      release: async () => {
        child.kill('SIGUSR2');
        await said.until(/freehold-lab bound[\s\S]*freehold-lab deconfig/, 5_000, 'udhcpc did not release its lease');
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
