/**
 * A service that answers with small, whole answers and remembers what it was asked. An answer can be replaced by an error.
 */
import type { FreeholdService, ProofJson, SweepJson } from '../../src/http/service.ts';
import { fakeClaims } from './claim-fixtures.ts';
import { fakeGuard } from './guard-fixtures.ts';

export interface FakeService extends FreeholdService {
  /** Method and arguments, in order. */
  readonly calls: readonly (readonly [string, ...unknown[]])[];
  /** Every question throws this from now on. */
  failWith(error: unknown): void;
  setReady(ready: boolean): void;
  /** Questions that take time are answered when this settles. */
  holdUntil(gate: Promise<void>): void;
}

const AT = '2026-01-02T03:04:05.000Z';
const CRITERIA = { quietForSeconds: 259_200, minSweeps: 100, maxGapSeconds: 900, minCoverage: 0.95 };
const PROOF: ProofJson = {
  since: AT,
  quietForSeconds: 300_000,
  looks: 9000,
  coverage: 1,
  longestGapSeconds: 30,
  newestLookAt: AT,
  lastSeenAt: null,
  methods: ['arp'],
};
export const SWEEP: SweepJson = {
  id: 7,
  segment: 'lan',
  trigger: 'request',
  method: 'arp',
  startedAt: AT,
  durationMs: 1500,
  probesPlanned: 254,
  probesSent: 254,
  sendFailures: 0,
  repliesReceived: 3,
  answered: 3,
  kernelDrops: 0,
  controls: { asked: 1, answered: 1 },
  valid: true,
  invalidReason: null,
};
const SPAN = { start: '192.0.2.16', end: '192.0.2.31', size: 16 };
const WITHHELD = [
  { start: '192.0.2.1', end: '192.0.2.1', size: 1, verdict: 'reserved', reason: 'the gateway', reasonCode: 'gateway' },
] as const;

export function fakeService(): FakeService {
  const calls: (readonly [string, ...unknown[]])[] = [];
  let failure: { readonly error: unknown } | null = null;
  let ready = true;
  let gate: Promise<void> = Promise.resolve();
  const note = (...call: readonly [string, ...unknown[]]): void => {
    calls.push(call);
    if (failure !== null) throw failure.error;
  };
  return {
    calls,
    guard: fakeGuard(note),
    claims: fakeClaims(note),
    failWith(error) {
      failure = { error };
    },
    setReady(value) {
      ready = value;
    },
    holdUntil(promise) {
      gate = promise;
    },
    freeRanges(query) {
      note('freeRanges', query);
      return {
        segment: 'lan',
        generatedAt: AT,
        criteria: { ...CRITERIA, size: query.size, alignment: query.alignment, dhcpSpans: 'avoid', weakerThanConfigured: false },
        ranges: [{ ...SPAN, proof: PROOF }],
        withheld: WITHHELD,
        freeAddresses: 16,
        truncated: false,
        outages: [{ from: AT, until: AT, reason: 'not-running', sweeps: 0 }],
        notices: [],
      };
    },
    addresses(query) {
      note('addresses', query);
      return {
        segment: 'lan',
        generatedAt: AT,
        addresses: [
          {
            address: '192.0.2.1',
            verdict: 'occupied',
            reason: 'seen 3 s ago',
            macs: ['52:54:00:12:34:56'],
            vendor: null,
            hostname: 'router',
            lastSeenAt: AT,
          },
        ],
        counts: { occupied: 1, 'recently-used': 0, leased: 0, reserved: 0, unproven: 0, free: 253 },
        next: null,
      };
    },
    address(address, criteria) {
      note('address', address, criteria);
      return {
        address: '192.0.2.20',
        segment: 'lan',
        generatedAt: AT,
        verdict: 'free',
        use: 'unused',
        reasons: [{ code: 'proven-free', text: 'quiet for 83 h' }],
        proof: PROOF,
        criteria: CRITERIA,
        lease: null,
        history: [],
        outages: [],
      };
    },
    segments() {
      note('segments');
      return {
        segments: [
          {
            name: 'lan',
            interface: 'eth0',
            cidr: '192.0.2.0/24',
            method: 'arp',
            schedule: '*/30 * * * * *',
            rate: 500,
            state: 'idle',
            waitingFor: null,
            gateway: '192.0.2.1',
            ownAddresses: ['192.0.2.2'],
            standIns: [],
            lastSweep: SWEEP,
            lastValidSweepAt: AT,
            framesReceived: 4,
            kernelDrops: 0,
            ignored: { 'not-arp': 2 },
          },
        ],
      };
    },
    sweeps(query) {
      note('sweeps', query);
      return { sweeps: [SWEEP], next: null };
    },
    async sweepNow(segment, wait) {
      note('sweepNow', segment, wait);
      await gate;
      return wait ? SWEEP : null;
    },
    async verify(query) {
      note('verify', query);
      await gate;
      return {
        segment: 'lan',
        range: SPAN,
        startedAt: AT,
        durationMs: 5000,
        free: true,
        live: {
          valid: true,
          invalidReason: null,
          probesSent: 48,
          conflicts: [],
          scanners: [],
          heardSince: AT,
          heard: [],
          heardTruncated: false,
          notAsked: [],
        },
        proof: PROOF,
        withheld: [],
        criteria: { ...CRITERIA, dhcpSpans: 'avoid', weakerThanConfigured: false },
      };
    },
    readiness() {
      note('readiness');
      return { ready, checks: [{ name: 'ledger', ok: ready, detail: 'writable' }] };
    },
  };
}
