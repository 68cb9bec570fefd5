/**
 * Learns on the wire which MACs the nodes have: asks each node's InternalIP who has it, at the start, when nodes change, and every few
 * minutes; and listens to everything else that comes from those addresses. What a MAC is worth is decided in core/conflict/node-macs.ts.
 * Asks through the watches of the segments, within what may be probed, and records nothing.
 */
import { formatIpv4, type Ipv4 } from '../core/address/ipv4.ts';
import type { Mac } from '../core/address/mac.ts';
import { contains } from '../core/address/range.ts';
import { rangeSetOfAddresses, setContains } from '../core/address/range-set.ts';
import type { ClusterNodeFacts } from '../core/conflict/cluster-knowledge.ts';
import {
  createNodeMacs,
  type Doubts,
  forgetGone,
  forgetOld,
  hearNode,
  type LearnedSpeakers,
  learnedSpeakers,
  type NodeMacRecord,
  recall,
  recordsOf,
  setNodes,
} from '../core/conflict/node-macs.ts';
import type { WireEvent } from '../core/conflict/wire-event.ts';
import type { Clock } from '../system/clock.ts';
import type { Logger } from '../system/logger.ts';
import type { SegmentWatch } from './segment-watch.ts';

/** Give or take a quarter. */
const ASK_EVERY_MS = 4 * 60_000;
/** While a node that could be asked has not answered. */
const ASK_AGAIN_MS = 30_000;
/** Several changes at once are one question. */
const ASK_SOON_MS = 50;
/** The gate of the guard waits no longer than this for silent nodes. */
export const FIRST_ASK_MS = 3_000;

/** A segment, as far as it is needed to ask. */
export type AskedSegment = Pick<SegmentWatch, 'config' | 'place' | 'ask'>;

/**
 * Where a node stands on the wire.
 * - `known`: a MAC of it is.
 * - `silent`: asked, and nobody answered.
 * - `excluded`: its address is in `exclude` of its segment, so it is not asked.
 * - `unwatched`: no segment that hears ARP holds an address of it.
 * - `unasked`: not asked yet.
 */
export type NodeSight = 'known' | 'silent' | 'excluded' | 'unwatched' | 'unasked';

export interface NodeReport {
  readonly name: string;
  readonly addresses: readonly Ipv4[];
  readonly sight: NodeSight;
}

export interface NodeMacsOptions {
  readonly segments: () => readonly AskedSegment[];
  readonly clock: Clock;
  readonly logger: Logger;
  /** 0 .. 1 */
  readonly random: () => number;
  /** Whom to doubt, as it stands now. */
  readonly doubts: () => Doubts;
  /** Another MAC is a speaker, or one is no more. */
  readonly onChange: () => void;
}

export class NodeMacs {
  readonly #options: NodeMacsOptions;
  readonly #book = createNodeMacs();
  #learned: LearnedSpeakers = { speakers: [], heldBack: [] };
  /** Addresses that were asked since they are a node's, and when their time to answer was last over, epoch ms. */
  readonly #asked = new Map<Ipv4, number>();
  #asking: Promise<void> | null = null;
  #again = false;
  #timer: NodeJS.Timeout | null = null;
  /** To the end of the grace of a node that is gone. */
  #forgetting: NodeJS.Timeout | null = null;
  #stopped = false;

  constructor(options: NodeMacsOptions) {
    this.#options = options;
  }

  /** The nodes as they are from now on; where one is new it is asked. @param remembered what an earlier run knew of them */
  setNodes(nodes: readonly ClusterNodeFacts[], remembered: readonly NodeMacRecord[] = []): void {
    const { clock } = this.#options;
    const news = setNodes(this.#book, nodes, clock.monotonicMs());
    recall(this.#book, remembered, clock.nowMs());
    for (const address of this.#asked.keys()) if (!this.#book.byAddress.has(address)) this.#asked.delete(address);
    this.#judge();
    this.#forgetLater();
    if (news) this.#askIn(ASK_SOON_MS);
  }

  /** For every frame: cheap for what is of no node. */
  onEvent(event: WireEvent): void {
    if (event.kind !== 'sighting' || event.mac === null || !this.#book.byAddress.has(event.address)) return;
    if (event.source !== 'arp-reply' && event.source !== 'arp-request' && event.source !== 'arp-announcement') return;
    // A stamp from the future would keep its MAC for ever.
    const atMs = Math.min(event.atMs, this.#options.clock.nowMs());
    if (hearNode(this.#book, event.address, event.mac, atMs)) this.#judgeAndAsk();
  }

  /** A segment has come, or has moved. */
  onPlace(): void {
    if (this.#book.nodes.size > 0) this.#askIn(ASK_SOON_MS);
  }

  /** Whom to doubt has changed. */
  judgeAgain(): void {
    this.#judgeAndAsk();
  }

  /** Asks all nodes now. Resolves when every one that can be asked was, and had its time to answer; or after FIRST_ASK_MS. */
  askOnce(): Promise<void> {
    return new Promise((resolve) => {
      const late = setTimeout(resolve, FIRST_ASK_MS);
      // A question under way may have been asked before somebody came.
      const asked = this.#asking === null ? this.#ask() : this.#asking.then(() => this.#ask());
      void asked.then(() => {
        clearTimeout(late);
        resolve();
      });
    });
  }

  get learned(): LearnedSpeakers {
    return this.#learned;
  }

  records(): readonly NodeMacRecord[] {
    return recordsOf(this.#book);
  }

  report(): readonly NodeReport[] {
    return [...this.#book.nodes.values()].map(({ name, facts, macs }) => ({
      name,
      addresses: facts.internal,
      sight: macs.size > 0 ? 'known' : this.#sight(facts.internal),
    }));
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of [this.#timer, this.#forgetting]) if (timer !== null) clearTimeout(timer);
    this.#timer = null;
    this.#forgetting = null;
  }

  #sight(addresses: readonly Ipv4[]): NodeSight {
    const segments = this.#heard();
    const watched = addresses.flatMap((address) => {
      const segment = segments.find(({ place }) => contains(place.range, address));
      return segment === undefined ? [] : [{ address, excluded: setContains(segment.config.exclude, address) }];
    });
    if (watched.length === 0) return 'unwatched';
    const askable = watched.filter(({ excluded }) => !excluded);
    if (askable.length === 0) return 'excluded';
    return askable.some(({ address }) => this.#asked.has(address)) ? 'silent' : 'unasked';
  }

  /** Segments on which who answers can be heard. */
  #heard() {
    return this.#options.segments().flatMap((segment) => {
      const { config, place } = segment;
      return place === null || place.method !== 'arp' ? [] : [{ segment, config, place }];
    });
  }

  /** @returns whether anything is otherwise than before */
  #judge(): boolean {
    const { clock, doubts, onChange } = this.#options;
    const before = JSON.stringify(this.#learned);
    forgetGone(this.#book, clock.monotonicMs());
    this.#learned = learnedSpeakers(this.#book, doubts(), (addresses) =>
      Math.max(Number.NEGATIVE_INFINITY, ...addresses.map((address) => this.#asked.get(address) ?? Number.NEGATIVE_INFINITY)),
    );
    const changed = JSON.stringify(this.#learned) !== before;
    if (changed) onChange();
    return changed;
  }

  /** Of a suspect the node itself has the next word: it is asked without delay. */
  #judgeAndAsk(): void {
    if (this.#judge() && this.#learned.heldBack.some(({ why }) => why === 'stranger')) this.#askIn(ASK_SOON_MS);
  }

  #forgetLater(): void {
    if (this.#stopped || this.#forgetting !== null || this.#book.gone.size === 0) return;
    const firstMs = Math.min(...[...this.#book.gone.values()].map(({ untilMs }) => untilMs));
    this.#forgetting = setTimeout(() => {
      this.#forgetting = null;
      this.#judge();
      this.#forgetLater();
    }, firstMs - this.#options.clock.monotonicMs()).unref();
  }

  #askIn(ms: number): void {
    if (this.#stopped) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#ask(), ms).unref();
  }

  /** One at a time; who comes meanwhile has the next one. Never rejects. */
  #ask(): Promise<void> {
    if (this.#asking !== null) {
      this.#again = true;
      return this.#asking;
    }
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#asking = this.#askAll().finally(() => {
      this.#asking = null;
      const { random } = this.#options;
      const soon = this.#again;
      this.#again = false;
      const silent = this.report().some(({ sight }) => sight === 'silent' || sight === 'unasked');
      this.#askIn(soon ? ASK_SOON_MS : silent ? ASK_AGAIN_MS : ASK_EVERY_MS * (0.75 + random() / 2));
    });
    return this.#asking;
  }

  async #askAll(): Promise<void> {
    // This machine is a node: nobody else answers for its addresses, and it hears itself not.
    for (const { place } of this.#heard()) for (const address of place.own) this.#hearOwn(address, place.facts?.mac);
    await Promise.all(
      this.#heard().map(async ({ segment, config, place }) => {
        const asked = [...this.#book.byAddress.keys()].filter(
          (address) => contains(place.range, address) && !place.own.includes(address) && !setContains(config.exclude, address),
        );
        if (asked.length === 0) return;
        try {
          if (!(await segment.ask(rangeSetOfAddresses(asked)))) return;
          for (const address of asked)
            if (this.#book.byAddress.has(address)) this.#asked.set(address, this.#options.clock.nowMs());
        } catch (error) {
          const { logger } = this.#options;
          logger.warn(
            { err: error, segment: config.name, first: asked.slice(0, 1).map(formatIpv4) },
            'the nodes could not be asked',
          );
        }
      }),
    );
    forgetOld(this.#book);
    // Who was the only one to answer may be excused now.
    this.#judge();
  }

  #hearOwn(address: Ipv4, mac: Mac | undefined): void {
    if (mac === undefined || !this.#book.byAddress.has(address)) return;
    const nowMs = this.#options.clock.nowMs();
    this.#asked.set(address, nowMs);
    if (hearNode(this.#book, address, mac, nowMs)) this.#judge();
  }
}
