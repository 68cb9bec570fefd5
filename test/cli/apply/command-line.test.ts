import { expect, it } from 'vitest';
import { commandLine } from '../../../src/cli/apply/command-line.ts';
import type { ApplyOptions } from '../../../src/cli/apply/run.ts';

const USUAL: ApplyOptions = {
  name: 'production-pool',
  advertisement: 'production-advertisement',
  namespace: 'metallb-system',
  waitMs: 60_000,
};

it.each<[string, Partial<ApplyOptions>, string]>([
  ['nothing that is usual', {}, 'freehold apply'],
  ['names', { name: 'p', advertisement: 'a', namespace: 'n' }, 'freehold apply --name p --advertisement a --namespace n'],
  [
    'what the pool is to be',
    { interface: ['eth1', 'eth2'], nodeSelector: ['a=b,c=d'], autoAssign: false, avoidBuggyIps: true },
    'freehold apply --interface eth1 --interface eth2 --node-selector a=b,c=d --no-auto-assign --avoid-buggy-ips',
  ],
  [
    'criteria',
    { quietFor: '10m', minSweeps: 3, maxGap: '5m', minCoverage: 0.5, ignoreDhcpSpans: true },
    'freehold apply --quiet-for 10m --min-sweeps 3 --max-gap 5m --min-coverage 0.5 --ignore-dhcp-spans',
  ],
  [
    'where to ask',
    { segment: 'lan', socket: '/run/a b.sock', kubeconfig: "/home/o'k", context: 'x' },
    "freehold apply --segment lan --kubeconfig '/home/o'\\''k' --context x --socket '/run/a b.sock'",
  ],
])('tells %s', (_, options, expected) => {
  expect(commandLine({ ...USUAL, ...options })).toBe(expected);
});
