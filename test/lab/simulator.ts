/**
 * Many simulated hosts behind one wire: takes ARP requests as values, decides who answers, when and how. Sends and waits only
 * through the ports it is given, so that a test can drive it without a socket or a clock.
 */
import { networkOf } from '../../src/core/address/cidr.ts';
import { ANY_ADDRESS, type Ipv4 } from '../../src/core/address/ipv4.ts';
import { BROADCAST_MAC, type Mac, ZERO_MAC } from '../../src/core/address/mac.ts';
import { addressesOf, setContains, setSize } from '../../src/core/address/range-set.ts';
import { FreeholdError } from '../../src/core/error.ts';
import { type Announcement, type ReadHost, readHost, type SimulatedHost } from './simulated-host.ts';
import { answerDelay, freshMemory, seededSequence, type Temper, type TemperMemory } from './temper.ts';

export interface ArpRequest {
  readonly senderMac: Mac;
  readonly senderAddress: Ipv4;
  readonly targetAddress: Ipv4;
}

export interface ArpToSend {
  readonly operation: 'request' | 'reply';
  /** Ethernet destination. */
  readonly destination: Mac;
  /** Ethernet source and ARP sender. */
  readonly senderMac: Mac;
  readonly senderAddress: Ipv4;
  readonly targetMac: Mac;
  readonly targetAddress: Ipv4;
}

export interface SimulatorPorts {
  readonly sendArp: (frame: ArpToSend) => void;
  /** Calls back after `ms`; returns the way to call it off. */
  readonly after: (ms: number, act: () => void) => () => void;
}

export interface Simulator {
  /** Throws a FreeholdError where a host cannot be read or its id is taken; then none is added. */
  add(hosts: readonly SimulatedHost[]): void;
  /** Whether such a host was there. What it was about to send is called off. */
  remove(id: string): boolean;
  setTemper(id: string, temper: Temper): boolean;
  /** Sends the announcement now, as if the host had just taken its first address. */
  announce(id: string, announcement: Announcement): boolean;
  handleRequest(request: ArpRequest, atMs: number): void;
  close(): void;
}

/** A host with more addresses than this is looked up by range instead of by address. */
const INDEXED_ADDRESSES = 1024;

interface Host {
  readonly read: ReadHost;
  temper: Temper;
  /** False before it appears, and while it probes for its address. */
  present: boolean;
  readonly memory: Map<Ipv4, TemperMemory>;
  readonly waiting: Set<() => void>;
}

export function createSimulator(ports: SimulatorPorts, seed = 1): Simulator {
  const random = seededSequence(seed);
  const hosts = new Map<string, Host>();
  const byAddress = new Map<Ipv4, Host[]>();
  const wide = new Set<Host>();

  function later(host: Host, ms: number, act: () => void): void {
    const cancel = ports.after(ms, () => {
      host.waiting.delete(cancel);
      act();
    });
    host.waiting.add(cancel);
  }

  const isWide = (host: Host): boolean => setSize(host.read.addresses) > INDEXED_ADDRESSES;

  function index(host: Host): void {
    if (isWide(host)) {
      wide.add(host);
      return;
    }
    for (const address of addressesOf(host.read.addresses)) byAddress.set(address, [...(byAddress.get(address) ?? []), host]);
  }

  function unindex(host: Host): void {
    if (wide.delete(host)) return;
    for (const address of addressesOf(host.read.addresses)) {
      const others = (byAddress.get(address) ?? []).filter((other) => other !== host);
      if (others.length === 0) byAddress.delete(address);
      else byAddress.set(address, others);
    }
  }

  function announce(host: Host, given: Announcement, done: () => void): void {
    const [mac = ZERO_MAC] = host.read.macs;
    const address = host.read.primary;
    const frame = (senderAddress: Ipv4): ArpToSend => ({
      operation: 'request',
      destination: BROADCAST_MAC,
      senderMac: mac,
      senderAddress,
      targetMac: ZERO_MAC,
      targetAddress: address,
    });
    for (let i = 0; i < given.probes; i++) later(host, i * given.probeIntervalMs, () => ports.sendArp(frame(ANY_ADDRESS)));
    const firstMs = given.probes === 0 ? 0 : (given.probes - 1) * given.probeIntervalMs + given.waitMs;
    later(host, firstMs, done);
    for (let i = 0; i < given.announcements; i++) {
      later(host, firstMs + i * given.announceIntervalMs, () => ports.sendArp(frame(address)));
    }
  }

  function chat(host: Host, everyMs: number, turn: number): void {
    const targets = host.read.chatterTargets;
    const target = targets[turn % targets.length];
    const [mac] = host.read.macs;
    if (target === undefined || mac === undefined) return;
    later(host, everyMs, () => {
      const frame = { operation: 'request', destination: BROADCAST_MAC, senderMac: mac, targetMac: ZERO_MAC } as const;
      ports.sendArp({ ...frame, senderAddress: host.read.primary, targetAddress: target });
      chat(host, everyMs, turn + 1);
    });
  }

  function appear(host: Host): void {
    const { announces, chatter } = host.read.given;
    const settle = (): void => {
      host.present = true;
      if (chatter !== undefined) chat(host, chatter.everyMs, 0);
    };
    if (announces === undefined) settle();
    else announce(host, announces, settle);
  }

  function remove(id: string): boolean {
    const host = hosts.get(id);
    if (host === undefined) return false;
    hosts.delete(id);
    unindex(host);
    for (const cancel of host.waiting) cancel();
    host.waiting.clear();
    return true;
  }

  function reply(host: Host, request: ArpRequest, atMs: number): void {
    const address = request.targetAddress;
    let memory = host.memory.get(address);
    if (memory === undefined) {
      memory = freshMemory();
      host.memory.set(address, memory);
    }
    const delayMs = answerDelay(host.temper, memory, atMs, random);
    if (delayMs === null) return;
    const destination = host.read.given.broadcastReplies === true ? BROADCAST_MAC : request.senderMac;
    const send = (): void => {
      for (const senderMac of host.read.macs) {
        const to = { targetMac: request.senderMac, targetAddress: request.senderAddress };
        ports.sendArp({ operation: 'reply', destination, senderMac, senderAddress: address, ...to });
      }
    };
    if (delayMs === 0) send();
    else later(host, delayMs, send);
  }

  function hears(host: Host, request: ArpRequest, others: readonly Host[]): boolean {
    if (!host.present || host.read.macs.includes(request.senderMac)) return false;
    const network = host.read.neighboursOnly;
    if (network !== null && networkOf(request.senderAddress, network.prefixLength).network !== network.network) return false;
    if (host.read.given.yieldsToOthers === true) return !others.some((other) => other !== host && other.present);
    return true;
  }

  return {
    add: (given) => {
      const read = given.map(readHost);
      const ids = new Set(hosts.keys());
      for (const { id } of read) {
        if (ids.has(id)) throw new FreeholdError('lab-bad-host', `There is already a simulated host "${id}"`);
        ids.add(id);
      }
      for (const one of read) {
        const temper = one.given.temper ?? { kind: 'prompt' };
        const host: Host = { read: one, temper, present: false, memory: new Map(), waiting: new Set() };
        hosts.set(one.id, host);
        index(host);
        const { appearsAfterMs, leavesAfterMs } = one.given;
        if (appearsAfterMs === undefined) appear(host);
        else later(host, appearsAfterMs, () => appear(host));
        if (leavesAfterMs !== undefined) later(host, leavesAfterMs, () => void remove(one.id));
      }
    },
    remove,
    setTemper: (id, temper) => {
      const host = hosts.get(id);
      if (host === undefined) return false;
      host.temper = temper;
      host.memory.clear();
      return true;
    },
    announce: (id, announcement) => {
      const host = hosts.get(id);
      if (host === undefined) return false;
      announce(host, announcement, () => {});
      return true;
    },
    handleRequest: (request, atMs) => {
      // An announcement asks for its sender's own address: no host answers that.
      if (request.senderAddress === request.targetAddress) return;
      const near = byAddress.get(request.targetAddress) ?? [];
      for (const host of near) if (hears(host, request, near)) reply(host, request, atMs);
      for (const host of wide) {
        if (setContains(host.read.addresses, request.targetAddress) && hears(host, request, near)) reply(host, request, atMs);
      }
    },
    close: () => {
      for (const id of [...hosts.keys()]) remove(id);
    },
  };
}
