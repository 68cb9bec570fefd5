/**
 * The JSON document of `freehold scan`: a contract (docs/architecture.md). Pure.
 */
import { cidrOfRange, formatCidr } from '../core/address/cidr.ts';
import { formatIpv4 } from '../core/address/ipv4.ts';
import type { Mac } from '../core/address/mac.ts';
import type { SightingSource } from '../core/evidence/sighting.ts';
import type { InvalidReason } from '../core/probe/types.ts';
import type { ScanHost, ScanReport } from '../watch/scan-types.ts';

export interface ScanDocument {
  /** Without a daemon a segment has no name but its interface's. */
  readonly segment: string;
  readonly interface: string;
  /** null where the range is no CIDR block. */
  readonly cidr: string | null;
  readonly range: { readonly start: string; readonly end: string };
  readonly startedAt: string;
  readonly durationMs: number;
  readonly probesSent: number;
  readonly sendFailures: number;
  readonly repliesReceived: number;
  readonly kernelDrops: number;
  readonly valid: boolean;
  readonly invalidReason?: InvalidReason;
  readonly hosts: readonly ScanDocumentHost[];
  readonly standIns: readonly { readonly mac: Mac; readonly vendor?: string; readonly addresses: number }[];
}

export interface ScanDocumentHost {
  readonly address: string;
  readonly macs: readonly Mac[];
  /** The maker of the first MAC. */
  readonly vendor?: string;
  readonly verdict: ScanHost['verdict'];
  readonly sources: readonly SightingSource[];
}

/** @param vendorOf the maker of a MAC, null where unknown. */
export function scanDocument(report: ScanReport, vendorOf: (mac: Mac) => string | null): ScanDocument {
  const cidr = cidrOfRange(report.range);
  const vendor = (mac: Mac | undefined): { readonly vendor?: string } => {
    const name = mac === undefined ? null : vendorOf(mac);
    return name === null ? {} : { vendor: name };
  };
  return {
    segment: report.interfaceName,
    interface: report.interfaceName,
    cidr: cidr === null ? null : formatCidr(cidr),
    range: { start: formatIpv4(report.range.first), end: formatIpv4(report.range.last) },
    startedAt: new Date(report.startedMs).toISOString(),
    durationMs: Math.round(report.durationMs),
    probesSent: report.probesSent,
    sendFailures: report.sendFailures,
    repliesReceived: report.repliesReceived,
    kernelDrops: report.kernelDrops,
    valid: report.valid,
    ...(report.invalidReason === null ? {} : { invalidReason: report.invalidReason }),
    hosts: report.hosts.map(({ address, macs, verdict, sources }) => ({
      address: formatIpv4(address),
      macs,
      ...vendor(macs[0]),
      verdict,
      sources,
    })),
    standIns: report.standIns.map(({ mac, addresses }) => ({ mac, ...vendor(mac), addresses })),
  };
}
