/**
 * The MACs of nodes, as the wire tells them: whoever answers for a node's address, or speaks from it, is kept for that node, and
 * `learnedSpeakers` says whom of them to believe. Transient and mutable; every moment is passed in, in epoch ms. Asks nobody.
 */
import type { Ipv4 } from '../address/ipv4.ts';
import type { Mac } from '../address/mac.ts';
import type { ClusterNodeFacts } from './cluster-knowledge.ts';
import type { Speaker } from './cluster-view.ts';

/** Of one node. Whoever comes when there is no room is counted, not kept: a flood of invented MACs must not push out the true ones. */
export const MAX_MACS_PER_NODE = 16;
/** A MAC that was not heard for so long, while another of its node was, is forgotten; it is no rival any more either. */
export const FORGET_MS = 24 * 3_600_000;
/** A MAC that is heard for one node, and was not for another for so long, has moved. */
const MOVED_MS = 10 * 60_000;
/** Who was removed from the cluster goes on answering for a while: its speaker has to hear of it first. */
export const GONE_GRACE_MS = 2 * 60_000;
/** Of nodes that are gone so many are kept; of those beyond them nothing. */
const MAX_GONE = 256;

export interface NodeMac {
  readonly mac: Mac;
  firstMs: number;
  lastMs: number;
  /** It was the stranger of a conflict, and nothing has shown since that it is the node. */
  suspect: boolean;
}

export interface BookedNode {
  readonly name: string;
  facts: ClusterNodeFacts;
  readonly macs: Map<Mac, NodeMac>;
  /** MACs for which there was no room. */
  refused: number;
  /** A suspect that is believed as long as it is the only one. */
  excused: Mac | null;
}

interface GoneNode {
  readonly node: BookedNode;
  /** Monotonic ms. */
  readonly untilMs: number;
}

export interface NodeMacBook {
  nodes: Map<string, BookedNode>;
  /** InternalIPs only: an ExternalIP may be that of a router. */
  byAddress: Map<Ipv4, BookedNode>;
  /** By name: who was a node until a moment ago. */
  readonly gone: Map<string, GoneNode>;
}

/** As the ledger keeps it. */
export interface NodeMacRecord {
  readonly node: string;
  readonly mac: Mac;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly suspect: boolean;
}

export const createNodeMacs = (): NodeMacBook => ({ nodes: new Map(), byAddress: new Map(), gone: new Map() });

/**
 * The nodes as they are from now on. Who is gone is forgotten, with its MACs, after GONE_GRACE_MS; at once where none is left, since
 * that is another cluster. @param monotonicMs now. @returns whether a node is new, or has other addresses
 */
export function setNodes(book: NodeMacBook, nodes: readonly ClusterNodeFacts[], monotonicMs: number): boolean {
  const before = book.nodes;
  forgetGone(book, monotonicMs);
  const names = new Set(nodes.map(({ name }) => name));
  if (before.size > 0 && ![...before.keys()].some((name) => names.has(name))) book.gone.clear();
  else {
    for (const [name, node] of before) {
      if (!names.has(name) && book.gone.size < MAX_GONE) book.gone.set(name, { node, untilMs: monotonicMs + GONE_GRACE_MS });
    }
  }
  book.nodes = new Map();
  book.byAddress = new Map();
  let news = nodes.length !== before.size;
  for (const facts of nodes) {
    const known = before.get(facts.name);
    if (known === undefined || known.facts.internal.join() !== facts.internal.join()) news = true;
    const node = known ??
      book.gone.get(facts.name)?.node ?? { name: facts.name, facts, macs: new Map(), refused: 0, excused: null };
    book.gone.delete(facts.name);
    node.facts = facts;
    book.nodes.set(facts.name, node);
    // Two nodes with one address: the first of them has it, and the other one is silent.
    for (const address of facts.internal) if (!book.byAddress.has(address)) book.byAddress.set(address, node);
  }
  return news;
}

/** @param monotonicMs now */
export function forgetGone({ gone }: NodeMacBook, monotonicMs: number): void {
  for (const [name, { untilMs }] of gone) if (monotonicMs >= untilMs) gone.delete(name);
}

/** @returns whether a MAC is new to its node */
export function hearNode(book: NodeMacBook, address: Ipv4, mac: Mac, atMs: number): boolean {
  const node = book.byAddress.get(address);
  return node !== undefined && note(node, { mac, firstMs: atMs, lastMs: atMs, suspect: false });
}

function note(node: BookedNode, heard: NodeMac): boolean {
  const known = node.macs.get(heard.mac);
  if (known !== undefined) {
    known.firstMs = Math.min(known.firstMs, heard.firstMs);
    known.lastMs = Math.max(known.lastMs, heard.lastMs);
    known.suspect ||= heard.suspect;
    return false;
  }
  if (node.macs.size >= MAX_MACS_PER_NODE) {
    node.refused++;
    return false;
  }
  node.macs.set(heard.mac, heard);
  return true;
}

/** What an earlier run knew, for nodes that are there still; the clock may have been ahead then. @param nowMs epoch ms */
export function recall(book: NodeMacBook, records: readonly NodeMacRecord[], nowMs: number): void {
  for (const { node: name, ...heard } of records) {
    const node = book.nodes.get(name);
    if (node === undefined) continue;
    note(node, { ...heard, firstMs: Math.min(heard.firstMs, nowMs), lastMs: Math.min(heard.lastMs, nowMs) });
  }
}

export const recordsOf = (book: NodeMacBook): readonly NodeMacRecord[] =>
  [...book.nodes.values()].flatMap(({ name, macs }) => [...macs.values()].map((known) => ({ node: name, ...known })));

const newestMs = ({ macs }: BookedNode): number =>
  Math.max(Number.NEGATIVE_INFINITY, ...[...macs.values()].map(({ lastMs }) => lastMs));

/** Of a node that is silent altogether nothing is forgotten. @returns whether anything was */
export function forgetOld(book: NodeMacBook): boolean {
  let forgot = false;
  for (const node of book.nodes.values()) {
    const newest = newestMs(node);
    for (const { mac, lastMs } of node.macs.values()) {
      if (newest - lastMs < FORGET_MS) continue;
      node.macs.delete(mac);
      node.refused = 0;
      forgot = true;
    }
  }
  return forgot;
}

/**
 * Why a MAC that answers for a node is not taken for one of its own.
 * - `stranger`: an open conflict names it as the stranger, and nothing shows that it is the node after all.
 * - `several-nodes`: it answers for other nodes as well: a router, a bridge, or somebody who wants their frames.
 * - `stands-in`: it answers for addresses all over the segment.
 */
export type HeldBackReason = 'stranger' | 'several-nodes' | 'stands-in';

export interface HeldBack {
  readonly node: string;
  readonly mac: Mac;
  readonly why: HeldBackReason;
}

export interface Doubts {
  /** Strangers of open conflicts. */
  readonly strangers: ReadonlySet<Mac>;
  readonly standIns: ReadonlySet<Mac>;
}

export interface LearnedSpeakers {
  /** One entry for each MAC. */
  readonly speakers: readonly Speaker[];
  readonly heldBack: readonly HeldBack[];
}

/**
 * Whom to believe. A stranger of an open conflict does not become a speaker by answering for a node's address, nor by falling silent until
 * its conflict is closed: that would be the way to silence the guard. It stays a suspect (noted here) until it was not heard for the node
 * for a day. It is believed all the same while it can be nobody else: the cluster hears from the node (it is Ready), and no other MAC
 * has answered for it within a day, though it was asked, and had its time to answer, since the suspect first did. Where another one
 * answers after all it is doubted again.
 * @param askedMs epoch ms at which the time to answer was last over for an address of a node; -Infinity: never
 */
export function learnedSpeakers(
  book: NodeMacBook,
  { strangers, standIns }: Doubts,
  askedMs: (addresses: readonly Ipv4[]) => number,
): LearnedSpeakers {
  const speakers: Speaker[] = [];
  const heldBack: HeldBack[] = [];
  const byMac = claimsByMac(book.nodes.values());
  for (const [mac, claims] of byMac) {
    const current = currentOf(claims);
    const owner = ownerOf(current);
    for (const { node, known } of current) {
      known.suspect ||= strangers.has(mac);
      const why = standIns.has(mac)
        ? 'stands-in'
        : node !== owner
          ? 'several-nodes'
          : isDoubtful(node, known, askedMs)
            ? 'stranger'
            : null;
      if (why !== null) {
        heldBack.push({ node: node.name, mac, why });
        continue;
      }
      speakers.push({ mac, node: node.name });
    }
  }
  // Who is gone has no say against who is there, and is not heard any more: only what was believed of it goes on.
  for (const [mac, claims] of claimsByMac([...book.gone.values()].map(({ node }) => node))) {
    const [only] = claims;
    if (only === undefined || claims.length > 1 || byMac.has(mac) || standIns.has(mac) || strangers.has(mac)) continue;
    if (!only.known.suspect || only.node.excused === mac) speakers.push({ mac, node: only.node.name });
  }
  return { speakers, heldBack };
}

function isDoubtful(
  node: BookedNode,
  { mac, firstMs, suspect }: NodeMac,
  askedMs: (addresses: readonly Ipv4[]) => number,
): boolean {
  if (!suspect) return false;
  const { facts, macs, refused } = node;
  if (macs.size > 1 || refused > 0) node.excused = null;
  // Once it is, a node that is not Ready for a moment is not doubted anew.
  else if (facts.ready && askedMs(facts.internal) >= firstMs) node.excused = mac;
  return node.excused !== mac;
}

interface Claim {
  readonly node: BookedNode;
  readonly known: NodeMac;
}

function claimsByMac(nodes: Iterable<BookedNode>): ReadonlyMap<Mac, readonly Claim[]> {
  const claims = new Map<Mac, Claim[]>();
  for (const node of nodes) {
    for (const known of node.macs.values()) {
      const others = claims.get(known.mac);
      if (others === undefined) claims.set(known.mac, [{ node, known }]);
      else others.push({ node, known });
    }
  }
  return claims;
}

/** Where a machine gets another node's name or address its MAC moves with it: what it was before does not count for long. */
function currentOf(claims: readonly Claim[]): readonly Claim[] {
  const newest = Math.max(...claims.map(({ known }) => known.lastMs));
  return claims.filter(({ known }) => newest - known.lastMs < MOVED_MS);
}

/** Of several nodes the one that had it a day before all others: a few spoofed frames must not take a node's MAC away from it. */
function ownerOf(claims: readonly Claim[]): BookedNode | null {
  const [first, second] = [...claims].sort((a, b) => a.known.firstMs - b.known.firstMs);
  if (first === undefined) return null;
  return second === undefined || second.known.firstMs - first.known.firstMs >= FORGET_MS ? first.node : null;
}
