/**
 * A conflict in words: who, what, since when, on which evidence. Pure. Whatever it is given, it returns one printable line.
 */
import { formatIpv4, type Ipv4 } from '../core/address/ipv4.ts';
import type { Mac } from '../core/address/mac.ts';
import { formatRange } from '../core/address/range.ts';
import type { CloseReason, Conflict, ConflictDetail } from '../core/conflict/types.ts';
import { type SightingSource, sourceBit, sourcesOf } from '../core/evidence/sighting.ts';
import { printable } from '../core/text.ts';

/** Of a name within a sentence; the fields of the message hold more of it. */
const NAME_LENGTH = 64;

/** Printable, bounded, and whole characters: a cut pair would be refused by strict readers of JSON. */
export const line = (text: string, maxLength: number): string => printable(text, maxLength).toWellFormed();

const LEASE_FILE = sourceBit('lease-file');

const name = (text: string): string => line(text, NAME_LENGTH);

export const timeText = (epochMs: number): string => new Date(epochMs).toISOString();

/** Up to here names are worth reading out. */
const NAMES_SHOWN = 4;

function listed(names: readonly string[]): string {
  const shown = names.slice(0, NAMES_SHOWN).map(name).join(', ');
  return names.length > NAMES_SHOWN ? `${shown} and ${names.length - NAMES_SHOWN} more` : shown;
}

/** `02:00:00:00:00:01 (printer, Cisco)`, as far as it is known. */
export function whoOf(conflict: Conflict, vendorOf: (mac: Mac) => string | null): string {
  const { stranger, hostname, detail } = conflict;
  if (stranger === null) {
    if (detail.strangers !== undefined) return `${detail.strangers} devices`;
    return hostname === null ? 'an unknown device' : `an unknown device (${name(hostname)})`;
  }
  const known = [hostname, vendorOf(stranger)].filter((text) => text !== null).map(name);
  return known.length === 0 ? stranger : `${stranger} (${known.join(', ')})`;
}

const serverName = (server: Ipv4 | 'lease-file' | undefined): string => {
  if (server === undefined) return 'a DHCP server';
  return server === 'lease-file' ? 'the DHCP server of the lease files' : `the DHCP server ${formatIpv4(server)}`;
};

const roleName = (role: ConflictDetail['role']): string => {
  switch (role) {
    case undefined:
      return 'infrastructure';
    case 'gateway':
      return 'the gateway';
    case 'network':
      return 'the network address';
    case 'broadcast':
      return 'the broadcast address';
    case 'node':
      return 'the address of a node';
    case 'own':
      return 'the address of this host';
  }
};

/** What is wrong, without a full stop: `02:… (printer) uses 192.0.2.201 of pool production-pool`. */
export function headlineOf(conflict: Conflict, who: string): string {
  const { detail } = conflict;
  const where = `${formatIpv4(conflict.address)} of pool ${name(conflict.pool)}`;
  const holder = conflict.service === null ? 'a Service' : `Service ${name(conflict.service)}`;
  if (detail.rule === 'too-many-conflicts' && conflict.kind === 'squatter')
    return `more strangers than can be told apart (at least ${detail.strangers ?? 1}) use or ask for addresses of pool ${name(conflict.pool)}, the first of them ${formatIpv4(conflict.address)}`;
  const use = conflict.stranger === null && detail.strangers !== undefined ? 'use' : 'uses';
  switch (conflict.kind) {
    case 'imminent':
      return `${who} ${use === 'use' ? 'are' : 'is'} about to use ${where}`;
    case 'squatter':
      return `${who} ${use} ${where}`;
    case 'contested':
      return `${who} ${use} ${where}, which ${conflict.service === null ? 'a node answers for' : `${holder} holds`}`;
    case 'split-brain':
      return `several nodes (${listed(detail.nodes ?? conflict.macs)}) answer for ${where}`;
    case 'scope-overlap': {
      const part = detail.overlap === undefined ? formatIpv4(conflict.address) : formatRange(detail.overlap);
      return `${serverName(detail.server)} hands out ${part} of pool ${name(conflict.pool)}`;
    }
    case 'infrastructure':
      return detail.role === 'node' && conflict.stranger !== null
        ? `node ${who} has, or is about to have, ${where} by DHCP, so no Service can use it`
        : `${where} is ${roleName(detail.role)}`;
    case 'unannounced':
      return `nobody answers for ${where}, which ${holder} holds`;
  }
}

/** @param rule the rule by which it was dismissed, if it was */
export function closedText(reason: CloseReason | null, rule: string | undefined): string {
  switch (reason) {
    case null:
      return 'it is over';
    case 'quiet':
      return 'it was not seen any more, although valid sweeps looked';
    case 'withdrawn':
      return 'the DHCP server refused the address, or the client gave it up';
    case 'dismissed':
      if (rule === 'too-many-conflicts') return 'it made room for more urgent ones';
      return rule === undefined ? 'it turned out to be no stranger' : `it turned out to be no stranger (${name(rule)})`;
    case 'not-in-pool':
      return 'the address is not guarded any more';
    case 'mended':
      return 'it was mended';
  }
}

function evidencePhrase(source: SightingSource): string {
  switch (source) {
    case 'arp-reply':
      return 'answered ARP for it';
    case 'arp-request':
      return 'sent ARP requests from it';
    case 'arp-announcement':
      return 'announced it by ARP';
    case 'arp-probe':
      return 'probed for it by ARP, as a device does before it uses an address';
    case 'dhcp-request':
      return 'sent a DHCPREQUEST for it';
    case 'dhcp-ack':
      return 'was given it by a DHCP server';
    case 'dhcp-offer':
      return 'was offered it by a DHCP server';
    case 'dhcp-decline':
      return 'was met by a DHCP client, which declined the address for that';
    case 'lease-file':
      return 'has a lease for it';
    case 'icmp-reply':
      return 'answered a ping to it';
    case 'neighbour':
      return "stands in this host's neighbour table";
  }
}

/** `Evidence (14 sightings): answered ARP for it; sent a DHCPREQUEST for it.`; empty where there is none. */
export function evidenceText({ kind, sources, sightings }: Conflict): string {
  // A server is no device that uses the address: what it was learned from is all that there is to say.
  if (kind === 'scope-overlap') return sources === LEASE_FILE ? 'Learned from lease files.' : 'Learned from what it handed out.';
  const phrases = sourcesOf(sources).map(evidencePhrase);
  const [only] = phrases;
  if (only === undefined) return '';
  if (phrases.length === 1) return `Evidence: ${only}${sightings > 1 ? ` (${sightings} times)` : ''}.`;
  return `Evidence (${sightings} sightings): ${phrases.join('; ')}.`;
}
