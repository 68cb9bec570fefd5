/**
 * One sweep of the same /24 and the same /16 by Freehold, arp-scan, nmap and fping: hosts found, wall time and CPU time, each
 * as whole processes, start included, rounds interleaved. The hosts are addresses that another namespace's kernel answers for.
 */
import { join } from 'node:path';
import { scatter } from '../test/lab/kernel-hosts.ts';
import { installed } from '../test/lab/tools.ts';
import { type Cost, measure, median } from './measure.ts';
import { createPair } from './pair.ts';

const FREEHOLD = join(import.meta.dirname, '..', 'bin', 'freehold');
const INTERFACE = 'lan0';
/** RFC 2544: the benchmark network. */
const WIDE = '198.18.0.0/16';
const NARROW = '198.18.7.0/24';
const OWN = '198.18.0.5';
const WIDE_HOSTS = 5000;
/** What both wait for after the last packet of a pass: these hosts answer at once. */
const SETTLE_MS = 20;
const NARROW_HOSTS = 100;

interface Contender {
  readonly name: string;
  readonly argv: readonly string[];
  readonly hosts: (cost: Cost) => ReadonlySet<string>;
  readonly rounds: number;
  /** Why it is left out here, if it is. */
  readonly skip?: string;
}

const addresses = (text: string, pattern: RegExp): Set<string> =>
  new Set([...text.matchAll(pattern)].map(([, address]) => address ?? ''));
const lines = (cost: Cost): Set<string> => addresses(cost.stdout, /^(\d+\.\d+\.\d+\.\d+)\b/gm);
const json = (cost: Cost): Set<string> => {
  try {
    const { hosts, kernelDrops, valid } = JSON.parse(cost.stdout) as {
      hosts: { address: string }[];
      kernelDrops: number;
      valid: boolean;
    };
    if (!valid || kernelDrops > 0) process.stdout.write(`  ! freehold: valid ${valid}, kernel drops ${kernelDrops}\n`);
    return new Set(hosts.map(({ address }) => address));
  } catch {
    return new Set();
  }
};

/** From the first probe to the end of the settling time: what a sweep of the daemon takes, without Node's own start. */
const sweepMs = (cost: Cost): number => (JSON.parse(cost.stdout) as { durationMs: number }).durationMs;

const freehold = (target: string, ...more: readonly string[]): Pick<Contender, 'argv' | 'hosts'> => ({
  argv: [FREEHOLD, 'scan', target, '--interface', INTERFACE, '--json', ...more],
  hosts: json,
});
const arpScan = (target: string, ...more: readonly string[]): Pick<Contender, 'argv' | 'hosts'> => ({
  argv: ['arp-scan', '--interface', INTERFACE, '--plain', ...more, target],
  hosts: lines,
});
const nmap = (target: string): Pick<Contender, 'argv' | 'hosts'> => ({
  argv: ['nmap', '-sn', '-n', '-e', INTERFACE, '-oG', '-', target],
  hosts: (cost) => addresses(cost.stdout, /^Host: (\d+\.\d+\.\d+\.\d+) .*Status: Up/gm),
});
const fping = (target: string, ...more: readonly string[]): Pick<Contender, 'argv' | 'hosts'> => ({
  argv: ['fping', '-a', '-q', ...more, '-g', target],
  hosts: lines,
});

/** What arp-scan can be pushed to; the quickest that loses nothing is its best. */
const BANDWIDTHS = ['50M', '100M', '200M', '400M', '1000M', '2000M'];

async function bestBandwidth(target: string, expected: number): Promise<{ argv: readonly string[]; label: string }> {
  let best: { argv: readonly string[]; label: string; wallMs: number } | null = null;
  for (const bandwidth of BANDWIDTHS) {
    const { argv, hosts } = arpScan(target, `--bandwidth=${bandwidth}`, '--retry=1', `--timeout=${SETTLE_MS}`);
    const costs = [await measure(argv, 120_000), await measure(argv, 120_000)];
    const found = costs.map((cost) => hosts(cost).size);
    const wallMs = median(costs.map((cost) => cost.wallMs));
    process.stdout.write(
      `  arp-scan --bandwidth=${bandwidth} --retry=1 --timeout=${SETTLE_MS}: ${Math.round(wallMs)} ms, ${found.join('/')} of ${expected} hosts\n`,
    );
    if (Math.min(...found) === expected && (best === null || wallMs < best.wallMs))
      best = { argv, wallMs, label: `${bandwidth}, 1 pass, ${SETTLE_MS} ms` };
  }
  if (best !== null) return best;
  const { argv } = arpScan(target, '--bandwidth=50M');
  return { argv, label: '50M (every faster setting lost hosts)' };
}

async function compare(title: string, expected: ReadonlySet<string>, contenders: readonly Contender[]): Promise<void> {
  process.stdout.write(`\n${title}\n`);
  const costs = new Map<string, Cost[]>();
  const rounds = Math.max(...contenders.map(({ rounds }) => rounds));
  // Those that run once run last: what they leave in the kernel's neighbour table would slow the others down.
  for (let round = 0; round < rounds; round++) {
    for (const contender of contenders) {
      if (contender.skip !== undefined || round < rounds - contender.rounds) continue;
      costs.set(contender.name, [...(costs.get(contender.name) ?? []), await measure(contender.argv, 180_000)]);
    }
  }
  const rows = contenders.map((contender) => {
    const runs = costs.get(contender.name) ?? [];
    const found = runs.map((run) => [...contender.hosts(run)].filter((address) => expected.has(address)).length);
    return {
      contender,
      runs: runs.length,
      found: Math.min(...found),
      wallMs: median(runs.map(({ wallMs }) => wallMs)),
      cpuMs: median(runs.map(({ cpuMs }) => cpuMs)),
      timedOut: runs.some(({ timedOut }) => timedOut),
      sweepMs: contender.hosts === json ? median(runs.map(sweepMs)) : null,
    };
  });
  const base = rows[0];
  const peer = rows.find(({ contender }) => contender.name.startsWith('arp-scan'));
  if (base === undefined) return;
  process.stdout.write(
    `  ${'tool'.padEnd(46)} ${'hosts'.padStart(11)} ${'wall ms'.padStart(9)} ${'CPU ms'.padStart(8)}  wall  CPU (x Freehold)\n`,
  );
  for (const { contender, runs, found, wallMs, cpuMs, timedOut, sweepMs } of rows) {
    if (contender.skip !== undefined) {
      process.stdout.write(`  ${contender.name.padEnd(46)} left out: ${contender.skip}\n`);
      continue;
    }
    const figures = `${`${found}/${expected.size}`.padStart(11)} ${wallMs.toFixed(0).padStart(9)} ${cpuMs.toFixed(0).padStart(8)}`;
    const ratios = `${(wallMs / base.wallMs).toFixed(2).padStart(6)} ${(cpuMs / base.cpuMs).toFixed(2).padStart(5)}`;
    process.stdout.write(
      `  ${contender.name.padEnd(46)} ${figures} ${ratios}${timedOut ? '  ended after 180 s' : ''}${runs === 1 ? '  (one round)' : ''}\n`,
    );
    if (sweepMs !== null) {
      const against = peer === undefined ? '' : `, ${(sweepMs / peer.wallMs).toFixed(2)} of arp-scan's wall time`;
      process.stdout.write(`    of which the sweep itself, settling included: ${sweepMs.toFixed(0)} ms${against}\n`);
    }
  }
}

const missing = (tool: string): Pick<Contender, 'skip'> => (installed(tool) ? {} : { skip: 'not installed' });

const narrowHosts = scatter(NARROW, NARROW_HOSTS, { seed: 7, avoid: ['198.18.7.0', '198.18.7.255'] });
const wideHosts = scatter(WIDE, WIDE_HOSTS - NARROW_HOSTS, { seed: 16, avoid: [OWN, '198.18.0.0', '198.18.255.255'] }).filter(
  (address) => !address.startsWith('198.18.7.'),
);
await createPair(INTERFACE, WIDE, OWN, [...narrowHosts, ...wideHosts]);
const narrow = new Set(narrowHosts);
const wide = new Set([...narrowHosts, ...wideHosts]);

await compare(`/24, ${narrow.size} live hosts, each tool as it comes`, narrow, [
  { name: 'freehold scan (500/s, two passes)', ...freehold(NARROW), rounds: 3 },
  { name: 'arp-scan', ...arpScan(NARROW), rounds: 3, ...missing('arp-scan') },
  { name: 'nmap -sn', ...nmap(NARROW), rounds: 3, ...missing('nmap') },
  { name: 'fping', ...fping(NARROW), rounds: 2, ...missing('fping') },
]);

process.stdout.write('\n/16: what arp-scan can be pushed to\n');
const best = installed('arp-scan') ? await bestBandwidth(WIDE, wide.size) : null;
await compare(`/16, ${wide.size} live hosts, as fast as each can without losing any`, wide, [
  {
    name: `freehold scan --rate max (1 pass, ${SETTLE_MS} ms)`,
    ...freehold(WIDE, '--rate', 'max', '--passes', '1', '--settle', `${SETTLE_MS}ms`),
    rounds: 7,
  },
  { name: 'freehold scan --rate max (two passes, 700 ms)', ...freehold(WIDE, '--rate', 'max'), rounds: 3 },
  { name: `arp-scan (best: ${best?.label ?? ''})`, argv: best?.argv ?? [], hosts: lines, rounds: 9, ...missing('arp-scan') },
  { name: 'nmap -sn', ...nmap(WIDE), rounds: 1, ...missing('nmap') },
  { name: 'fping -i 0.02 -r 1 -t 200', ...fping(WIDE, '-i', '0.02', '-r', '1', '-t', '200'), rounds: 1, ...missing('fping') },
]);
if (process.env['FREEHOLD_BENCH_SLOW'] === '1') {
  await compare(`/16, ${wide.size} live hosts, each tool as it comes`, wide, [
    { name: 'freehold scan (500/s, two passes)', ...freehold(WIDE), rounds: 1 },
    { name: 'arp-scan', ...arpScan(WIDE), rounds: 1, ...missing('arp-scan') },
  ]);
} else {
  process.stdout.write(
    '\n  As they come, arp-scan and Freehold send 500 packets a second in two passes: about 260 s for a /16.\n  FREEHOLD_BENCH_SLOW=1 measures both.\n',
  );
}
process.exit(0);
