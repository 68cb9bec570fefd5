/**
 * Who answers ARP for the addresses of nodes, Services and pools, for `doctor`: one gentle sweep from each interface that was named, of
 * just these addresses. Never from another one.
 */
import type { Known, MachineFacts, WireFacts } from '../../cluster/doctor/types.ts';
import { planWire } from '../../cluster/doctor/wire-plan.ts';
import type { ClusterFacts } from '../../cluster/types.ts';
import { type Cidr, formatCidr, rangeOfCidr } from '../../core/address/cidr.ts';
import type { Ipv4 } from '../../core/address/ipv4.ts';
import type { Mac } from '../../core/address/mac.ts';
import { sizeOf } from '../../core/address/range.ts';
import {
  EMPTY_SET,
  type RangeSet,
  rangeSetOfAddresses,
  setContains,
  setSize,
  subtract,
  union,
} from '../../core/address/range-set.ts';
import { EXIT, FreeholdError } from '../../core/error.ts';
import type { InvalidReason } from '../../core/probe/types.ts';
import type { Scan, ScanProgress } from '../../watch/scan-types.ts';
import { DEFAULT_RATE } from '../options.ts';
import { known, unknown } from './unknown.ts';

/** What one sweep may span. */
const LARGEST = 65_536;
const SETTLE_MS = 700;
/** MACs whose makers are looked up. */
const MOST_VENDORS = 256;

export interface WireAsk {
  readonly interfaceName: string;
  /** The segment's, where one is configured for it; else the networks of the interface. */
  readonly network: Cidr | null;
}

export interface WireOptions {
  readonly asks: readonly WireAsk[];
  readonly machine: Known<MachineFacts>;
  readonly facts: ClusterFacts;
  readonly scan: Scan;
  readonly vendorOf: (mac: Mac) => string | null;
  readonly onProgress: (interfaceName: string, progress: ScanProgress) => void;
}

const WHY: Readonly<Partial<Record<InvalidReason, string>>> = {
  'control-silent': 'nobody answered, or not to the end',
  'link-down': 'the link is down',
  'no-targets': 'nobody to ask for stands in its network',
  'kernel-drops': 'the kernel dropped frames',
  'send-failed': 'frames could not be sent',
};

export async function readWire({ asks, machine, facts, scan, vendorOf, onProgress }: WireOptions): Promise<Known<WireFacts>> {
  if (asks.length === 0) {
    return unknown(
      'No interface is named, and Freehold never guesses where to ask.',
      'Name one in the network of the nodes: --interface IF',
      {
        unasked: true,
      },
    );
  }
  if (!machine.known) return machine;
  const answers = new Map<Ipv4, Mac[]>();
  const failures: { interface: string; why: string }[] = [];
  const interfaces = new Set<string>();
  let asked: RangeSet = EMPTY_SET;
  let decoys: RangeSet = EMPTY_SET;
  const own = machine.value.interfaces.flatMap(({ addresses }) => addresses.map(({ address }) => address));
  const gateways = machine.value.interfaces.flatMap((one) => one.gateways);
  for (const { interfaceName, network } of spread(asks, machine.value)) {
    const fail = (why: string): void => void failures.push({ interface: interfaceName, why });
    if (network === null) {
      fail('it is not there, or has no IPv4 network');
      continue;
    }
    const range = rangeOfCidr(network);
    if (sizeOf(range) > LARGEST) {
      fail(`${formatCidr(network)} is larger than a /16: name a part of it as cidr of a segment in the configuration`);
      continue;
    }
    const plan = planWire(facts, network, gateways);
    const targets = subtract(plan.targets, rangeSetOfAddresses(own));
    if (setSize(targets) === 0) {
      fail('nobody to ask for stands in its network');
      continue;
    }
    try {
      const request = { interfaceName, range, only: targets, rate: DEFAULT_RATE, passes: 2, settleMs: SETTLE_MS } as const;
      const report = await scan(request, (progress) => onProgress(interfaceName, progress));
      if (!report.valid) {
        fail(report.invalidReason === null ? 'the sweep was not valid' : (WHY[report.invalidReason] ?? report.invalidReason));
        continue;
      }
      interfaces.add(interfaceName);
      asked = union(asked, targets);
      decoys = union(decoys, plan.decoys);
      for (const { address, macs } of report.hosts) if (setContains(targets, address)) note(answers, address, macs);
    } catch (error) {
      if (!(error instanceof FreeholdError)) throw error;
      if (error.exitCode === EXIT.notPermitted) {
        return unknown('Raw frames may not be sent (CAP_NET_RAW).', 'Run it with sudo.', { exitCode: EXIT.notPermitted });
      }
      fail(error.message);
    }
  }
  const macs = [...new Set([...answers.values()].flat())].slice(0, MOST_VENDORS);
  const vendors = new Map(
    macs.flatMap((mac) => {
      const vendor = vendorOf(mac);
      return vendor === null ? [] : [[mac, vendor] as const];
    }),
  );
  return known({ interfaces: [...interfaces], asked, answers, decoys, failures, own, gateways, vendors });
}

/** An interface may stand in several networks; each is asked by itself. */
const spread = (asks: readonly WireAsk[], { interfaces }: MachineFacts): readonly WireAsk[] =>
  asks.flatMap(({ interfaceName, network }): readonly WireAsk[] => {
    if (network !== null) return [{ interfaceName, network }];
    const networks = new Map<string, Cidr>();
    for (const { network: one } of interfaces.find(({ name }) => name === interfaceName)?.addresses ?? []) {
      if (one.prefixLength < 32) networks.set(formatCidr(one), one);
    }
    return networks.size === 0
      ? [{ interfaceName, network: null }]
      : [...networks.values()].map((one) => ({ interfaceName, network: one }));
  });

function note(answers: Map<Ipv4, Mac[]>, address: Ipv4, macs: readonly Mac[]): void {
  const before = answers.get(address) ?? [];
  answers.set(address, [...new Set([...before, ...macs])]);
}
