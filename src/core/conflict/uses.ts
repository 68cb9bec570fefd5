/**
 * Which speakers were heard using a pool address, and when. Only speakers make an entry, so strangers cannot make it grow; a
 * stranger who borrows a speaker's MAC meets the bound.
 */
import type { Ipv4 } from '../address/ipv4.ts';
import type { Mac } from '../address/mac.ts';

/** Pool addresses whose use is remembered; the one that was used longest ago is forgotten first. */
export const MAX_ADDRESSES_IN_USE = 16_384;
/** Nodes kept apart at one address. */
const MAX_NODES_PER_ADDRESS = 4;

/** One node's use of one address. */
export interface NodeUse {
  /** Its name, or a key made of the MAC where it has none. */
  readonly node: string;
  mac: Mac;
  useMs: number;
  /** Of its last answer (an ARP reply that is no announcement); -Infinity for none. */
  replyMs: number;
  /** Of its last answer to a question of ours. */
  answerMs: number;
}

export interface AddressUse {
  /** Of the last use by any speaker. */
  lastMs: number;
  /** Who that was. */
  lastMac: Mac;
  lastNode: string;
  nodes: NodeUse[];
  /** Several nodes at once, as split-brain.ts keeps it: the first and last time of the present stretch, how often. */
  atOnceFromMs: number | null;
  atOnceLastMs: number;
  atOnce: number;
  /** When two nodes last answered one question of ours; -Infinity: never. */
  bothAnsweredMs: number;
  /** An answer to a look of ours that no other node has given as well so far. */
  alone: { readonly node: string; readonly atMs: number } | null;
}

export type Uses = Map<Ipv4, AddressUse>;

export function useOf(uses: Uses, address: Ipv4, mac: Mac, node: string, atMs: number): AddressUse {
  const known = uses.get(address);
  // Taken out and put in again: the map's order is that of the last use.
  uses.delete(address);
  const use = known ?? {
    lastMs: atMs,
    lastMac: mac,
    lastNode: node,
    nodes: [],
    atOnceFromMs: null,
    atOnceLastMs: 0,
    atOnce: 0,
    bothAnsweredMs: Number.NEGATIVE_INFINITY,
    alone: null,
  };
  uses.set(address, use);
  if (uses.size > MAX_ADDRESSES_IN_USE) {
    for (const oldest of uses.keys()) {
      uses.delete(oldest);
      break;
    }
  }
  return use;
}

/** Writes a use down; the last step, after split-brain.ts compared it with the ones before. */
export function noteUse(
  use: AddressUse,
  mac: Mac,
  node: string,
  { isReply, solicited, atMs }: { readonly isReply: boolean; readonly solicited: boolean; readonly atMs: number },
): void {
  const replyMs = isReply ? atMs : Number.NEGATIVE_INFINITY;
  const answerMs = isReply && solicited ? atMs : Number.NEGATIVE_INFINITY;
  use.lastMs = atMs;
  use.lastMac = mac;
  use.lastNode = node;
  const known = use.nodes.find((other) => other.node === node);
  if (known === undefined) {
    if (use.nodes.length >= MAX_NODES_PER_ADDRESS) {
      const oldest = use.nodes.reduce((least, other) => (other.useMs < least.useMs ? other : least));
      use.nodes.splice(use.nodes.indexOf(oldest), 1);
    }
    use.nodes.push({ node, mac, useMs: atMs, replyMs, answerMs });
    return;
  }
  known.mac = mac;
  known.useMs = atMs;
  if (isReply) known.replyMs = atMs;
  if (isReply && solicited) known.answerMs = atMs;
}

/** Who is no speaker any more has used nothing: the addresses only it used are nobody's. */
export function forgetOthers(uses: Uses, speakers: ReadonlyMap<Mac, unknown>): void {
  for (const [address, use] of uses) {
    if (use.nodes.every(({ mac }) => speakers.has(mac)) && speakers.has(use.lastMac)) continue;
    use.nodes = use.nodes.filter(({ mac }) => speakers.has(mac));
    const [first, ...others] = use.nodes;
    if (first === undefined) {
      uses.delete(address);
      continue;
    }
    const last = others.reduce((newest, other) => (other.useMs > newest.useMs ? other : newest), first);
    use.lastMs = last.useMs;
    use.lastMac = last.mac;
    use.lastNode = last.node;
    use.atOnceFromMs = null;
    use.alone = null;
  }
}
