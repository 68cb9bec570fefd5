/**
 * Table `cluster_view`: what was last known of the cluster, so that the guard goes on with it after a restart while the cluster is away.
 * One row. What is read back is believed as little as anything else that somebody may have written to the file: a row that is not
 * whole is none.
 */
import type Database from 'better-sqlite3';
import { type Ipv4, LIMITED_BROADCAST } from '../core/address/ipv4.ts';
import { type Mac, parseMac } from '../core/address/mac.ts';
import { type RangeSet, rangeSet } from '../core/address/range-set.ts';
import type { ClusterKnowledge, ClusterNodeFacts } from '../core/conflict/cluster-knowledge.ts';
import type { Assignment, Pool, RequestedAddress } from '../core/conflict/cluster-view.ts';
import type { NodeMacRecord } from '../core/conflict/node-macs.ts';
import { wholeMs } from './encoding.ts';

export interface StoredClusterView {
  /** URL of the API server that it was read from. */
  readonly server: string;
  /** MetalLB's. */
  readonly namespace: string;
  /** Epoch ms: when it was last known to be true. */
  readonly asOfMs: number;
  readonly knowledge: ClusterKnowledge;
  readonly macs: readonly NodeMacRecord[];
}

/** Of the form below; grows with every change of it. */
const FORM = 1;
/** Larger than any view within the bounds of what is read. */
const MAX_BYTES = 32 * 1024 * 1024;

export class ClusterViewTable {
  readonly #put;
  readonly #touch;
  readonly #get;
  readonly #disk: <T>(work: () => T) => T;

  /** @param disk runs a piece of work, and says in words for people what the disk had against it */
  constructor(database: Database.Database, disk: <T>(work: () => T) => T) {
    this.#disk = disk;
    this.#put = database.prepare<[string, number, string]>(
      'INSERT OR REPLACE INTO cluster_view (id, server, as_of, view) VALUES (1, ?, ?, ?)',
    );
    this.#touch = database.prepare<[number, string]>('UPDATE cluster_view SET as_of = ? WHERE id = 1 AND server = ?');
    this.#get = database
      .prepare<[number], [string, number, string]>(
        'SELECT server, as_of, view FROM cluster_view WHERE id = 1 AND length(view) <= ?',
      )
      .raw();
  }

  save(view: StoredClusterView): void {
    const { namespace, knowledge, macs } = view;
    const text = JSON.stringify({ form: FORM, namespace, ...writeKnowledge(knowledge), macs: macs.map(writeMac) });
    this.#disk(() => this.#put.run(view.server, wholeMs(view.asOfMs), text));
  }

  /** It is still as it was saved. */
  touch(server: string, asOfMs: number): void {
    this.#disk(() => this.#touch.run(wholeMs(asOfMs), server));
  }

  /** null where there is none, or none that can be read. */
  load(): StoredClusterView | null {
    const row = this.#disk(() => this.#get.get(MAX_BYTES));
    if (row === undefined) return null;
    const [server, asOfMs, text] = row;
    try {
      return readView(server, asOfMs, JSON.parse(text));
    } catch {
      return null;
    }
  }
}

const writeRanges = (set: RangeSet): readonly (readonly [number, number])[] => set.map(({ first, last }) => [first, last]);
const writeMac = ({ node, mac, firstMs, lastMs, suspect }: NodeMacRecord) => [
  node,
  mac,
  wholeMs(firstMs),
  wholeMs(lastMs),
  suspect,
];

const writeKnowledge = ({ pools, services, nodes }: ClusterKnowledge) => ({
  pools: pools?.map(({ name, addresses }) => [name, writeRanges(addresses)]) ?? null,
  assignments:
    services?.assignments.map(({ address, service, node, reportedNodes }) => [address, service, node, reportedNodes]) ?? null,
  requested: services?.requested.map(({ address, service }) => [address, service]) ?? null,
  nodes: nodes?.map(({ name, internal, external, ready }) => [name, internal, external, ready]) ?? null,
});

class NotWhole extends Error {}

const textOf = (value: unknown): string => {
  if (typeof value === 'string') return value;
  throw new NotWhole();
};
const numberOf = (value: unknown): number => {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw new NotWhole();
};
const addressOf = (value: unknown): Ipv4 => {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= LIMITED_BROADCAST) return value as Ipv4;
  throw new NotWhole();
};
const listOf = (value: unknown): readonly unknown[] => {
  if (Array.isArray(value)) return value as readonly unknown[];
  throw new NotWhole();
};
const macOf = (value: unknown): Mac => {
  const mac = parseMac(textOf(value));
  if (mac.ok) return mac.value;
  throw new NotWhole();
};
const orNull = <T>(value: unknown, read: (value: unknown) => T): T | null =>
  value === null || value === undefined ? null : read(value);

function readView(server: string, asOfMs: number, value: unknown): StoredClusterView | null {
  if (typeof value !== 'object' || value === null) return null;
  const view = value as Readonly<Record<string, unknown>>;
  if (view['form'] !== FORM) return null;
  const assignments = orNull(view['assignments'], (list) => listOf(list).map(readAssignment));
  return {
    server,
    namespace: textOf(view['namespace']),
    asOfMs,
    knowledge: {
      pools: orNull(view['pools'], (list) => listOf(list).map(readPool)),
      services: assignments === null ? null : { assignments, requested: listOf(view['requested']).map(readRequested) },
      nodes: orNull(view['nodes'], (list) => listOf(list).map(readNode)),
    },
    macs: listOf(view['macs']).map(readNodeMac),
  };
}

function readPool(value: unknown): Pool {
  const [name, ranges] = listOf(value);
  const read = listOf(ranges).map((one) => {
    const [first, last] = listOf(one);
    return { first: addressOf(first), last: addressOf(last) };
  });
  if (read.some(({ first, last }) => last < first)) throw new NotWhole();
  return { name: textOf(name), addresses: rangeSet(read) };
}

function readAssignment(value: unknown): Assignment {
  const [address, service, node, reported] = listOf(value);
  const reportedNodes = orNull(reported, (list) => listOf(list).map(textOf));
  return {
    address: addressOf(address),
    service: textOf(service),
    node: orNull(node, textOf),
    ...(reportedNodes === null ? {} : { reportedNodes }),
  };
}

function readRequested(value: unknown): RequestedAddress {
  const [address, service] = listOf(value);
  return { address: addressOf(address), service: textOf(service) };
}

function readNode(value: unknown): ClusterNodeFacts {
  const [name, internal, external, ready] = listOf(value);
  return {
    name: textOf(name),
    internal: listOf(internal).map(addressOf),
    external: listOf(external).map(addressOf),
    ready: ready === true,
  };
}

function readNodeMac(value: unknown): NodeMacRecord {
  const [node, mac, firstMs, lastMs, suspect] = listOf(value);
  return { node: textOf(node), mac: macOf(mac), firstMs: numberOf(firstMs), lastMs: numberOf(lastMs), suspect: suspect === true };
}
