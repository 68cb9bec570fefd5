/** Temporary ledgers and short ways to say what goes into them. */
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type Ipv4, parseIpv4 } from '../../src/core/address/ipv4.ts';
import { type Mac, parseMac } from '../../src/core/address/mac.ts';
import { type Ipv4Range, parseRange } from '../../src/core/address/range.ts';
import { type RangeSet, rangeSet } from '../../src/core/address/range-set.ts';
import { FreeholdError } from '../../src/core/error.ts';
import { sourceBit } from '../../src/core/evidence/sighting.ts';
import type { Result } from '../../src/core/result.ts';
import { type Ledger, openLedger } from '../../src/ledger/ledger.ts';
import type { FoldedSighting, LedgerBatch, SegmentId, SegmentRow, SegmentSetting, SweepRecord } from '../../src/ledger/types.ts';

const must = <T>(result: Result<T>): T => {
  if (!result.ok) throw new Error(result.error);
  return result.value;
};
export const ip = (text: string): Ipv4 => must(parseIpv4(text));
export const mac = (text: string): Mac => must(parseMac(text));
export const range = (text: string): Ipv4Range => must(parseRange(text));
export const set = (...texts: string[]): RangeSet => rangeSet(texts.map(range));
/** Locally administered MACs, numbered. */
export const macNumber = (n: number): Mac => mac(`02${n.toString(16).padStart(10, '0').replace(/../g, ':$&')}`);

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
/** The beginning of a UTC day. */
export const T0 = Date.UTC(2026, 0, 5);

export const LAN = range('192.0.2.0/24');
export const WIRE = 'arp:lan0';
export const LAN_SETTING: SegmentSetting = { name: 'lan', range: LAN, wire: WIRE, nowMs: T0 };
export const REPLY = sourceBit('arp-reply');

/** @param fast in memory where the system offers that: for tests that write for simulated months, the files are the same */
export function temporaryFolder(fast = false): string {
  const folder = mkdtempSync(join(fast && existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'freehold-ledger-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export const temporaryPath = (fast = false): string => join(temporaryFolder(fast), 'freehold.db');

export function openAt(path: string, nowMs = T0, migrations?: string): Ledger {
  const ledger = openLedger(migrations === undefined ? { path, nowMs } : { path, nowMs, migrations });
  onTestFinished(() => ledger.close());
  return ledger;
}

export function newLedger(fast = false): { readonly ledger: Ledger; readonly path: string; readonly lan: SegmentRow } {
  const path = temporaryPath(fast);
  const ledger = openAt(path);
  return { ledger, path, lan: ledger.ensureSegment(LAN_SETTING) };
}

export const batch = (atMs: number, parts: Partial<LedgerBatch>): LedgerBatch => ({
  atMs,
  sightings: [],
  sweeps: [],
  leases: [],
  ...parts,
});

/** A reply by `who` from `firstMs` to `lastMs`. */
export const seen = (
  segment: SegmentId,
  address: string,
  who: Mac | null,
  firstMs: number,
  more: Partial<FoldedSighting> = {},
): FoldedSighting => ({
  segment,
  address: ip(address),
  mac: who,
  firstMs,
  lastMs: firstMs,
  sources: REPLY,
  intent: false,
  hostname: null,
  ...more,
});

export const sweepOf = (segment: SegmentId, startedMs: number, more: Partial<SweepRecord> = {}): SweepRecord => ({
  segment,
  trigger: 'schedule',
  method: 'arp',
  startedMs,
  endedMs: startedMs + 1500,
  probesPlanned: 253,
  probesSent: 253,
  sendFailures: 0,
  repliesReceived: 100,
  answered: 100,
  kernelDrops: 0,
  controlsAsked: 8,
  controlsAnswered: 8,
  valid: true,
  invalidReason: null,
  looked: [{ first: (LAN.first + 1) as Ipv4, last: (LAN.last - 1) as Ipv4 }],
  standIns: [],
  ...more,
});

export const invalidSweep = (
  segment: SegmentId,
  startedMs: number,
  invalidReason: NonNullable<SweepRecord['invalidReason']>,
): SweepRecord => sweepOf(segment, startedMs, { valid: false, invalidReason, looked: [] });

export const hashOf = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

/** The code of the FreeholdError that `action` throws; also checks that it says what to do. */
export function refusal(action: () => unknown): { readonly code: string; readonly message: string; readonly hint: string } {
  try {
    action();
  } catch (error) {
    if (!(error instanceof FreeholdError)) throw error;
    if (error.hint === undefined) throw new Error(`${error.code} has no hint`);
    return { code: error.code, message: error.message, hint: error.hint };
  }
  throw new Error('nothing was refused');
}
