/**
 * One sweep now, without a daemon and without a ledger: `freehold scan`. Remembers nothing, so it never says "free": it
 * says who is there.
 */

import { cidrOfRange, rangeOfCidr } from '../core/address/cidr.ts';
import type { Ipv4 } from '../core/address/ipv4.ts';
import { formatIpv4 } from '../core/address/ipv4.ts';
import type { Mac } from '../core/address/mac.ts';
import { contains, formatRange, type Ipv4Range, overlaps, sizeOf } from '../core/address/range.ts';
import { intersectSets, rangeSet, rangeSetOfAddresses, subtract } from '../core/address/range-set.ts';
import { FreeholdError } from '../core/error.ts';
import type { SightingSource } from '../core/evidence/sighting.ts';
import { isIntent } from '../core/evidence/sighting.ts';
import { createSweep, finish, noteReply, progress, type Sweep } from '../core/probe/sweep.ts';
import type { SweepPlan } from '../core/probe/types.ts';
import { watchInterfaces } from '../link/interfaces.ts';
import { openPacketWire } from '../link/packet-wire.ts';
import type { InterfaceFacts } from '../link/types.ts';
import { systemClock } from '../system/clock.ts';
import { faultOf, type WireFault } from './faults.ts';
import { FrameCounts } from './frame-counts.ts';
import { readFrame } from './listener.ts';
import type { Scan, ScanHost, ScanReport, ScanRequest } from './scan-types.ts';
import { edges, MAX_SEGMENT_ADDRESSES, ownNetwork } from './segment-place.ts';
import { driveSweep } from './sweep-driver.ts';
import { RETRY_PATIENCE_MS } from './sweep-plan.ts';

const PROGRESS_INTERVAL_MS = 100;
/** About 33,000 answers between two turns of the event loop, which nothing else holds up here; half the daemon's set-up time. */
const RING_LENGTH = 4 << 20;
/** MACs kept for one address. */
const MAX_MACS = 16;

interface Found {
  readonly macs: Mac[];
  readonly sources: Set<SightingSource>;
}

export const scan: Scan = async (request, onProgress) => {
  using interfaces = closing(watchInterfaces());
  const facts = interfaces.value.get(request.interfaceName);
  if (facts === undefined) {
    const known = interfaces.value.list().map(({ name }) => name);
    throw new FreeholdError('no-such-interface', `there is no interface ${request.interfaceName}`, {
      hint: `these exist: ${known.join(', ')}`,
      exitCode: 2,
    });
  }
  const range = rangeToScan(request, facts);
  const own = interfaces.value.list().flatMap(({ addresses }) => addresses.map(({ address }) => address));
  const ownMacs = interfaces.value.list().map(({ mac }) => mac);
  const plan = planScan(request, facts, range, own);
  const found = new Map<Ipv4, Found>();
  const counts = new FrameCounts();
  let fault: WireFault | null = facts.adminUp && facts.running ? null : 'link-down';
  let sweep: Sweep | null = null;
  const stopWatching = interfaces.value.onChange(() => {
    const now = interfaces.value.get(request.interfaceName);
    if (now === undefined) fault ??= 'interface-gone';
    else if (!now.adminUp || !now.running) fault ??= 'link-down';
  });
  using wire = closing(
    openPacketWire(
      request.interfaceName,
      {
        onFrame: (frame) =>
          readFrame(frame, { segment: request.interfaceName, range, ownMac: facts.mac, ownMacs, own }, counts, {
            onArp: (arp) => {
              if (sweep !== null && arp.operation === 'reply' && arp.targetMac === facts.mac) {
                noteReply(sweep, arp.senderAddress, arp.senderMac, systemClock.monotonicMs());
              }
            },
            onSighting: ({ address, mac, source }) => {
              if (mac !== null && !isIntent(source)) note(found, address, mac, source);
            },
            onLease: () => undefined,
          }),
        onError: (code) => {
          fault ??= faultOf(code);
        },
      },
      { ringLength: RING_LENGTH },
    ),
  );
  const startedMs = systemClock.nowMs();
  const startedAt = systemClock.monotonicMs();
  sweep = createSweep(plan, startedAt, Math.random);
  const running = sweep;
  const ticker = setInterval(() => onProgress(shown(running)), PROGRESS_INTERVAL_MS);
  try {
    const ended = await driveSweep(sweep, {
      wire: wire.value,
      ownMac: facts.mac,
      ownAddress: senderIn(range, facts),
      clock: systemClock,
      fault: () => fault,
    });
    const kernelDrops = wire.value.stats().kernelDrops;
    const result = finish(sweep, { fault: ended ?? fault, kernelDrops }, systemClock.monotonicMs());
    onProgress(shown(sweep));
    const standInMacs = new Set(result.standIns.map(({ mac }) => mac));
    return {
      interfaceName: facts.name,
      range,
      startedMs,
      durationMs: systemClock.monotonicMs() - startedAt,
      probesSent: result.probesSent,
      sendFailures: result.sendFailures,
      repliesReceived: result.repliesReceived,
      kernelDrops,
      valid: result.valid,
      invalidReason: result.invalidReason,
      hosts: hostsOf(found, standInMacs),
      standIns: result.standIns,
    } satisfies ScanReport;
  } finally {
    clearInterval(ticker);
    stopWatching();
  }
};

const shown = (sweep: Sweep) => {
  const { probesSent, probesPlanned, answered } = progress(sweep);
  return { probesSent, probesPlanned, hosts: answered };
};

function rangeToScan({ range }: ScanRequest, facts: InterfaceFacts): Ipv4Range {
  const network = ownNetwork(facts);
  const wanted = range ?? (network === null ? null : rangeOfCidr(network));
  if (wanted === null) {
    throw new FreeholdError('no-network', `${facts.name} has no IPv4 address, so there is no network of its own to scan`, {
      hint: 'say which: freehold scan 192.0.2.0/24 --interface ...',
      exitCode: 2,
    });
  }
  if (sizeOf(wanted) > MAX_SEGMENT_ADDRESSES) {
    throw new FreeholdError('range-too-large', `${formatRange(wanted)} has ${sizeOf(wanted)} addresses`, {
      hint: `scan at most ${MAX_SEGMENT_ADDRESSES} at once (a /16), like ${formatIpv4(wanted.first)}/16`,
      exitCode: 2,
    });
  }
  return wanted;
}

/** Our own address in the network that is scanned: hosts that answer only neighbours answer no other. */
function senderIn(range: Ipv4Range, facts: InterfaceFacts): Ipv4 | null {
  return facts.addresses.find(({ network }) => overlaps(rangeOfCidr(network), range))?.address ?? null;
}

function planScan(request: ScanRequest, facts: InterfaceFacts, range: Ipv4Range, own: readonly Ipv4[]): SweepPlan {
  const onLink = facts.addresses.map(({ network }) => network).find((network) => contains(rangeOfCidr(network), range.first));
  const network = onLink ?? cidrOfRange(range);
  const never = network === null ? [] : edges(network, facts).map(({ address }) => address);
  const asked = request.only === undefined ? rangeSet([range]) : intersectSets(request.only, rangeSet([range]));
  const targets = subtract(asked, rangeSetOfAddresses([...own, ...never]));
  return {
    method: 'arp',
    targets,
    recent: new Set(),
    // Nobody is known yet: whoever answers is the control.
    controls: new Set(),
    rate: request.rate,
    retryPatienceMs: RETRY_PATIENCE_MS,
    askSilent: request.passes === 2 && senderIn(range, facts) !== null,
    settleMs: request.settleMs,
  };
}

function note(found: Map<Ipv4, Found>, address: Ipv4, mac: Mac, source: SightingSource): void {
  const entry = found.get(address) ?? { macs: [], sources: new Set() };
  if (!entry.macs.includes(mac) && entry.macs.length < MAX_MACS) entry.macs.push(mac);
  entry.sources.add(source);
  found.set(address, entry);
}

function hostsOf(found: ReadonlyMap<Ipv4, Found>, standIns: ReadonlySet<Mac>): ScanHost[] {
  return [...found]
    .sort(([a], [b]) => a - b)
    .map(([address, { macs, sources }]) => ({
      address,
      macs,
      sources: [...sources],
      verdict: macs.every((mac) => standIns.has(mac)) ? 'stand-in' : 'occupied',
    }));
}

const closing = <T extends { close(): void }>(value: T) => ({ value, [Symbol.dispose]: () => value.close() });
