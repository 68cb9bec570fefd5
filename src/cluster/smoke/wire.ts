/**
 * Who answers ARP for the address of a smoke test, and what that means. Asks nothing itself: whoever has the wire is a parameter. Pure.
 */
import { formatIpv4, type Ipv4 } from '../../core/address/ipv4.ts';
import type { Mac } from '../../core/address/mac.ts';
import { failed, type Outcome, ok, skipped } from '../steps.ts';

/** One look at the wire: the MACs that answered for each address. Absent: nobody did. */
export interface WireLook {
  readonly answers: ReadonlyMap<Ipv4, readonly Mac[]>;
  /** Addresses that only a proxy-ARP router answered for. */
  readonly standIns: ReadonlySet<Ipv4>;
  /** Of this machine: what it holds itself is never asked on the wire. */
  readonly own: ReadonlySet<Ipv4>;
  /** null: what was heard counts. */
  readonly invalid: string | null;
  /** For people: `lan0`. */
  readonly from: string;
}

export interface Wire {
  /** @throws FreeholdError `not-permitted` where raw frames may not be sent, `wire-unavailable` where the addresses are not on a link of ours */
  ask(addresses: readonly Ipv4[], signal: AbortSignal): Promise<WireLook>;
}

export interface NodeAddresses {
  readonly name: string;
  readonly addresses: readonly Ipv4[];
}

export type WireVerdict =
  | { readonly final: Outcome }
  /** It may be otherwise in a moment; `atLast`: what it amounts to where it stays so. */
  | { readonly again: string; readonly atLast: 'failed' | 'skipped' };

/** @param speakers MACs that may answer beside the nodes', from the configuration */
export function judgeWire(
  address: Ipv4,
  look: WireLook,
  nodes: readonly NodeAddresses[],
  speakers: ReadonlySet<Mac>,
): WireVerdict {
  const macs = look.answers.get(address) ?? [];
  if (macs.length === 0) return nobody(address, look, nodes);
  const text = formatIpv4(address);
  if (look.standIns.has(address)) {
    const why = `only a proxy-ARP router (${macs.join(', ')}) answers for ${text} here: who is behind it cannot be told`;
    return { final: skipped(why) };
  }
  const owners = ownersOf(look, nodes);
  const strangers = macs.filter((mac) => !owners.has(mac) && !speakers.has(mac));
  if (strangers.length > 0) return { final: strangerOutcome(text, strangers, owners.size > 0, look, nodes) };
  const ownerOf = (mac: Mac): string => owners.get(mac) ?? `the speaker ${mac}`;
  const answering = [...new Set(macs.map(ownerOf))];
  if (answering.length > 1) {
    const who = macs.map((mac) => `${mac} of ${ownerOf(mac)}`).join(', ');
    const why = 'IPVS without strictARP (freehold strict-arp), or speakers that do not hear each other (port 7946)';
    return { final: failed(`several answer for ${text} at once (${who}): ${why}`) };
  }
  const [owner = ''] = answering;
  if (macs.length > 1) {
    const why = `from ${macs.length} network cards (${macs.join(', ')}): set "interfaces" in the L2Advertisement`;
    return { final: failed(`${owner} answers for ${text} ${why}`) };
  }
  // Another answer may have been lost: that there is only one is not shown.
  if (look.invalid !== null) {
    return { again: `the look from ${look.from} does not count: ${look.invalid}`, atLast: 'failed' };
  }
  return { final: ok(owners.has(macs[0] ?? ('' as Mac)) ? `${macs[0]} of the node ${owner}` : owner) };
}

function nobody(address: Ipv4, { from, invalid, own }: WireLook, nodes: readonly NodeAddresses[]): WireVerdict {
  const self = nodes.find(({ addresses }) => addresses.some((one) => own.has(one)));
  const text = `nobody answers ARP for ${formatIpv4(address)} on ${from}`;
  if (self !== undefined) {
    return { again: `${text}; this machine is the node ${self.name}, and would not hear itself`, atLast: 'skipped' };
  }
  return { again: invalid === null ? text : `${text}, and the look does not count: ${invalid}`, atLast: 'failed' };
}

/** MACs that answered for a node's own address, and whose it is. */
function ownersOf({ answers }: WireLook, nodes: readonly NodeAddresses[]): ReadonlyMap<Mac, string> {
  const owners = new Map<Mac, string>();
  for (const { name, addresses } of nodes) {
    for (const mac of addresses.flatMap((one) => answers.get(one) ?? [])) owners.set(mac, name);
  }
  return owners;
}

function strangerOutcome(
  text: string,
  strangers: readonly Mac[],
  nodesKnown: boolean,
  { answers, own }: WireLook,
  nodes: readonly NodeAddresses[],
): Outcome {
  const who = `${strangers.join(', ')} answers for ${text}`;
  if (!nodesKnown) {
    return skipped(
      `${who}, but no node answered ARP for its own address here, so whose it is cannot be told: name the MACs of the nodes under metallb.speakers`,
    );
  }
  const unheard = nodes.filter(({ addresses }) => !addresses.some((one) => answers.has(one) || own.has(one)));
  const silent = unheard.length === 0 ? '' : `; no MAC is known of ${unheard.map(({ name }) => name).join(', ')}`;
  return failed(`${who}, and is no node's${silent}`);
}
