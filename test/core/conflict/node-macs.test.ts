import { describe, expect, it } from 'vitest';
import type { Mac } from '../../../src/core/address/mac.ts';
import type { ClusterNodeFacts } from '../../../src/core/conflict/cluster-knowledge.ts';
import {
  createNodeMacs,
  type Doubts,
  FORGET_MS,
  forgetGone,
  forgetOld,
  GONE_GRACE_MS,
  hearNode,
  learnedSpeakers,
  MAX_MACS_PER_NODE,
  type NodeMacBook,
  recall,
  recordsOf,
  setNodes,
} from '../../../src/core/conflict/node-macs.ts';
import { HOUR, lan, MINUTE, mac, SECOND, T } from './scene.ts';

const A = mac(0xa1);
const A2 = mac(0xa2);
const B = mac(0xb1);
const ROUTER = mac(0x01);
const THIEF = mac(0x66);

const facts = (name: string, last: number, more: Partial<ClusterNodeFacts> = {}): ClusterNodeFacts => ({
  name,
  internal: [lan(last)],
  external: [],
  ready: true,
  ...more,
});
const NODES = [facts('node-a', 11), facts('node-b', 12)];
/** At the end of the last time to answer, after all that is heard here; and of a node that was never asked. */
const ASKED = () => T + 30 * FORGET_MS;
const NEVER = () => Number.NEGATIVE_INFINITY;
const NO_DOUBT: Doubts = { strangers: new Set(), standIns: new Set() };
const strangers = (...macs: readonly Mac[]): Doubts => ({ ...NO_DOUBT, strangers: new Set(macs) });

function bookOf(nodes: readonly ClusterNodeFacts[] = NODES): NodeMacBook {
  const book = createNodeMacs();
  setNodes(book, nodes, 0);
  return book;
}

const speakers = (book: NodeMacBook, doubts = NO_DOUBT, asked = ASKED): readonly string[] =>
  learnedSpeakers(book, doubts, asked).speakers.map((one) => `${one.node} ${one.mac}`);
const heldBack = (book: NodeMacBook, doubts = NO_DOUBT, asked = ASKED): readonly string[] =>
  learnedSpeakers(book, doubts, asked).heldBack.map((one) => `${one.node} ${one.mac} ${one.why}`);

describe('MACs of nodes', () => {
  it('are all that answer for an InternalIP, and nothing else', () => {
    const book = bookOf([facts('node-a', 11, { external: [lan(1)] }), facts('node-b', 12)]);
    expect(hearNode(book, lan(11), A, T)).toBe(true);
    expect(hearNode(book, lan(11), A2, T)).toBe(true);
    expect(hearNode(book, lan(11), A, T + 1)).toBe(false);
    expect(hearNode(book, lan(12), B, T)).toBe(true);
    expect(hearNode(book, lan(1), ROUTER, T)).toBe(false);
    expect(hearNode(book, lan(99), THIEF, T)).toBe(false);
    expect(speakers(book)).toEqual([`node-a ${A}`, `node-a ${A2}`, `node-b ${B}`]);
  });

  it('go with the node a while later, and stay while only its addresses change', () => {
    const book = bookOf();
    hearNode(book, lan(11), A, T);
    hearNode(book, lan(12), B, T);
    expect(setNodes(book, NODES, 0)).toBe(false);
    expect(setNodes(book, [facts('node-a', 21), facts('node-b', 12)], 0)).toBe(true);
    expect(hearNode(book, lan(11), THIEF, T)).toBe(false);
    expect(speakers(book)).toEqual([`node-a ${A}`, `node-b ${B}`]);
    expect(setNodes(book, [facts('node-b', 12)], 0)).toBe(true);
    forgetGone(book, GONE_GRACE_MS);
    expect(speakers(book)).toEqual([`node-b ${B}`]);
    expect(setNodes(book, NODES, GONE_GRACE_MS)).toBe(true);
    expect(speakers(book)).toEqual([`node-b ${B}`]);
  });

  describe('of a node that was removed', () => {
    function removed(): NodeMacBook {
      const book = bookOf();
      hearNode(book, lan(11), A, T);
      hearNode(book, lan(12), B, T);
      setNodes(book, [facts('node-b', 12)], 1000);
      return book;
    }

    it('are its own for two minutes, but not kept nor heard', () => {
      const book = removed();
      expect(speakers(book)).toEqual([`node-b ${B}`, `node-a ${A}`]);
      expect(hearNode(book, lan(11), THIEF, T)).toBe(false);
      expect(recordsOf(book).map(({ node }) => node)).toEqual(['node-b']);
      forgetGone(book, 1000 + GONE_GRACE_MS - 1);
      expect(speakers(book)).toContain(`node-a ${A}`);
      forgetGone(book, 1000 + GONE_GRACE_MS);
      expect(speakers(book)).toEqual([`node-b ${B}`]);
    });

    it('are its own where it comes back meanwhile, and those of whoever has them then', () => {
      const back = removed();
      setNodes(back, NODES, 2000);
      forgetGone(back, 10 * GONE_GRACE_MS);
      expect(speakers(back)).toEqual([`node-a ${A}`, `node-b ${B}`]);
      const book = removed();
      setNodes(book, [facts('node-b', 12), facts('node-c', 11)], 2000);
      hearNode(book, lan(11), A, T + 1);
      expect(speakers(book)).toEqual([`node-b ${B}`, `node-c ${A}`]);
      expect(heldBack(book)).toEqual([]);
    });

    it('are not believed where they were not before', () => {
      const book = bookOf();
      hearNode(book, lan(11), A, T);
      hearNode(book, lan(11), THIEF, T);
      hearNode(book, lan(12), B, T);
      speakers(book, strangers(THIEF));
      setNodes(book, [facts('node-b', 12)], 0);
      expect(speakers(book)).toEqual([`node-b ${B}`, `node-a ${A}`]);
    });

    it('are forgotten at once where no node is left: that is another cluster', () => {
      const book = bookOf();
      hearNode(book, lan(11), A, T);
      setNodes(book, [facts('other', 13)], 0);
      expect(speakers(book)).toEqual([]);
    });

    it('are bounded', () => {
      const many = Array.from({ length: 500 }, (_, i) => facts(`n${i}`, 20));
      const book = bookOf([facts('node-b', 12), ...many]);
      setNodes(book, [facts('node-b', 12)], 0);
      expect(book.gone.size).toBe(256);
    });
  });

  it('come back with no stamp from the future', () => {
    const book = bookOf();
    recall(book, [{ node: 'node-a', mac: A, firstMs: T + HOUR, lastMs: T + 2 * HOUR, suspect: false }], T);
    expect(recordsOf(book)).toEqual([{ node: 'node-a', mac: A, firstMs: T, lastMs: T, suspect: false }]);
  });

  it('are bounded: who comes when there is no room pushes nobody out', () => {
    const book = bookOf();
    hearNode(book, lan(11), A, T);
    for (let i = 0; i < 100; i++) hearNode(book, lan(11), mac(0x1000 + i), T + i);
    expect(speakers(book)).toHaveLength(MAX_MACS_PER_NODE);
    expect(speakers(book)).toContain(`node-a ${A}`);
    expect(book.nodes.get('node-a')?.refused).toBe(101 - MAX_MACS_PER_NODE);
  });

  it('are forgotten a day after another MAC has taken over, and never while the node is silent', () => {
    const book = bookOf();
    hearNode(book, lan(11), A, T);
    hearNode(book, lan(12), B, T);
    expect(forgetOld(book)).toBe(false);
    hearNode(book, lan(11), A2, T + FORGET_MS - 1);
    expect(forgetOld(book)).toBe(false);
    hearNode(book, lan(11), A2, T + FORGET_MS);
    expect(forgetOld(book)).toBe(true);
    expect(speakers(book)).toEqual([`node-a ${A2}`, `node-b ${B}`]);
  });

  it('come back as they were kept, of nodes that are there still', () => {
    const book = bookOf();
    hearNode(book, lan(11), A, T);
    hearNode(book, lan(12), B, T + 5);
    learnedSpeakers(book, strangers(B), ASKED);
    const records = recordsOf(book);
    const later = bookOf([facts('node-a', 11)]);
    recall(later, records, T + 2 * FORGET_MS);
    expect(recordsOf(later)).toEqual([{ node: 'node-a', mac: A, firstMs: T, lastMs: T, suspect: false }]);
    // What was heard since is newer.
    hearNode(later, lan(11), A, T + HOUR);
    recall(later, records, T + 2 * FORGET_MS);
    expect(recordsOf(later)).toEqual([{ node: 'node-a', mac: A, firstMs: T, lastMs: T + HOUR, suspect: false }]);
  });
});

describe('a MAC that answers for a node is not believed', () => {
  it('where it is the stranger of an open conflict, and the node has a MAC of its own', () => {
    const book = bookOf();
    hearNode(book, lan(11), A, T);
    hearNode(book, lan(11), THIEF, T + SECOND);
    expect(speakers(book, strangers(THIEF))).toEqual([`node-a ${A}`]);
    expect(heldBack(book, strangers(THIEF))).toEqual([`node-a ${THIEF} stranger`]);
  });

  it('nor once it has been silent until its conflict was closed', () => {
    const book = bookOf();
    hearNode(book, lan(11), A, T);
    hearNode(book, lan(11), THIEF, T + SECOND);
    heldBack(book, strangers(THIEF));
    expect(heldBack(book)).toEqual([`node-a ${THIEF} stranger`]);
    const later = bookOf();
    recall(later, recordsOf(book), T + 2 * FORGET_MS);
    expect(heldBack(later)).toEqual([`node-a ${THIEF} stranger`]);
    hearNode(book, lan(11), A, T + SECOND + FORGET_MS);
    forgetOld(book);
    expect(heldBack(book)).toEqual([]);
    hearNode(book, lan(11), THIEF, T + SECOND + FORGET_MS);
    expect(heldBack(book)).toEqual([]);
  });

  it('where two strangers answer for one node', () => {
    const book = bookOf();
    hearNode(book, lan(11), A, T);
    hearNode(book, lan(11), THIEF, T);
    expect(heldBack(book, strangers(A, THIEF))).toEqual([`node-a ${A} stranger`, `node-a ${THIEF} stranger`]);
  });

  it('where the cluster does not hear from the node', () => {
    const book = bookOf([facts('node-a', 11, { ready: false })]);
    hearNode(book, lan(11), THIEF, T);
    expect(heldBack(book, strangers(THIEF))).toEqual([`node-a ${THIEF} stranger`]);
    expect(speakers(bookOf([facts('node-a', 11, { ready: false })]))).toEqual([]);
  });

  it('but is where it can be nobody else: the only one, of a node that the cluster hears from', () => {
    const book = bookOf();
    hearNode(book, lan(11), A, T);
    expect(speakers(book, strangers(A))).toEqual([`node-a ${A}`]);
    setNodes(book, [facts('node-a', 11, { ready: false })], 0);
    expect(speakers(book)).toEqual([`node-a ${A}`]);
  });

  it('and is doubted again where another one answers after all', () => {
    const book = bookOf();
    hearNode(book, lan(11), THIEF, T);
    expect(speakers(book, strangers(THIEF))).toEqual([`node-a ${THIEF}`]);
    hearNode(book, lan(11), A, T + MINUTE);
    expect(speakers(book)).toEqual([`node-a ${A}`]);
    expect(heldBack(book)).toEqual([`node-a ${THIEF} stranger`]);
  });

  it.each([
    ['was never asked', NEVER],
    ['was not asked since', () => T - 1],
  ])('before the node had its time to answer: it %s', (_, asked) => {
    const book = bookOf();
    hearNode(book, lan(11), THIEF, T);
    expect(heldBack(book, strangers(THIEF), asked)).toEqual([`node-a ${THIEF} stranger`]);
    expect(speakers(book, strangers(THIEF), () => T)).toEqual([`node-a ${THIEF}`]);
  });

  it('where it stands in for addresses all over the segment', () => {
    const book = bookOf();
    hearNode(book, lan(11), A, T);
    hearNode(book, lan(11), ROUTER, T);
    const doubts = { ...NO_DOUBT, standIns: new Set([ROUTER]) };
    expect(speakers(book, doubts)).toEqual([`node-a ${A}`]);
    expect(heldBack(book, doubts)).toEqual([`node-a ${ROUTER} stands-in`]);
  });

  it('where it answers for several nodes', () => {
    const book = bookOf();
    for (const last of [11, 12]) hearNode(book, lan(last), ROUTER, T);
    hearNode(book, lan(11), A, T);
    expect(speakers(book)).toEqual([`node-a ${A}`]);
    expect(heldBack(book)).toEqual([`node-a ${ROUTER} several-nodes`, `node-b ${ROUTER} several-nodes`]);
  });

  it('but stays the MAC of a node that had it for a day, whoever says otherwise now', () => {
    const book = bookOf();
    hearNode(book, lan(11), A, T);
    hearNode(book, lan(11), A, T + FORGET_MS);
    hearNode(book, lan(12), A, T + FORGET_MS);
    expect(speakers(book)).toEqual([`node-a ${A}`]);
    expect(heldBack(book)).toEqual([`node-b ${A} several-nodes`]);
  });

  it('but moves with its machine to another node', () => {
    const book = bookOf();
    hearNode(book, lan(11), A, T);
    hearNode(book, lan(12), A, T + MINUTE);
    expect(heldBack(book)).toHaveLength(2);
    hearNode(book, lan(12), A, T + 11 * MINUTE);
    expect(speakers(book)).toEqual([`node-b ${A}`]);
    expect(heldBack(book)).toEqual([]);
  });
});
