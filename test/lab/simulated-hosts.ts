/**
 * A test's handle on simulated hosts: starts the simulator's process in a namespace of its own on a LAN, and talks to it.
 */
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { hasBroadcast, parseCidr, rangeOfCidr } from '../../src/core/address/cidr.ts';
import { formatIpv4 } from '../../src/core/address/ipv4.ts';
import { FreeholdError } from '../../src/core/error.ts';
import type { Lan } from './lan.ts';
import type { SimulatorReport } from './observed.ts';
import { type Announcement, RFC5227_ANNOUNCEMENT, type SimulatedHost } from './simulated-host.ts';
import type { SimulatorAnswer, SimulatorOrder } from './simulator-protocol.ts';
import type { Temper } from './temper.ts';

export interface SimulatedHosts {
  /** Rejects with the host and the fault where one cannot be read; then none is added. */
  add(...hosts: readonly SimulatedHost[]): Promise<void>;
  remove(id: string): Promise<void>;
  setTemper(id: string, temper: Temper): Promise<void>;
  /** Gives a sleeper the prompt temper. */
  wake(id: string): Promise<void>;
  announce(id: string, announcement?: Announcement): Promise<void>;
  /** @param addresses which to list one by one; none by default. */
  report(addresses?: readonly string[] | 'all'): Promise<SimulatorReport>;
  forget(): Promise<void>;
  close(): Promise<void>;
}

export interface SimulatedHostsOptions {
  /** For delays; default 1. */
  readonly seed?: number;
}

const START_TIMEOUT_MS = 20_000;
// The same file as source and as built.
const MAIN = fileURLToPath(import.meta.url).replace(/simulated-hosts\.(ts|js)$/, 'simulator-main.$1');

interface Waiting {
  readonly resolve: (report: SimulatorReport | null) => void;
  readonly reject: (error: Error) => void;
}

function whenReady(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => reject(new FreeholdError('lab-simulator-failed', `The simulator did not start: ${why}`));
    const timer = setTimeout(() => fail('no word from it within 20 s'), START_TIMEOUT_MS);
    const ended = (status: number | null): void => fail(`it ended with status ${status}`);
    child.once('error', (error) => fail(error.message));
    child.once('exit', ended);
    child.once('message', (message: SimulatorAnswer) => {
      clearTimeout(timer);
      child.off('exit', ended);
      if (message.kind === 'ready') resolve();
      else fail(message.kind === 'failed' ? message.error : `an answer of kind ${message.kind}`);
    });
  });
}

function networkEnds(lan: Lan): readonly string[] {
  const cidr = parseCidr(lan.cidr);
  if (!cidr.ok || !hasBroadcast(cidr.value)) return [];
  const range = rangeOfCidr(cidr.value);
  return [formatIpv4(range.first), formatIpv4(range.last)];
}

export async function startSimulatedHosts(
  lan: Lan,
  hosts: readonly SimulatedHost[] = [],
  options: SimulatedHostsOptions = {},
): Promise<SimulatedHosts> {
  const namespace = await lan.attach('sim', { promiscuous: true });
  const child = namespace.spawn([process.execPath, MAIN, 'eth0', String(options.seed ?? 1), ...networkEnds(lan)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  try {
    await whenReady(child);
  } catch (error) {
    await namespace.close();
    throw error;
  }

  const waiting = new Map<number, Waiting>();
  let next = 0;
  child.on('message', (message: SimulatorAnswer) => {
    if (message.kind !== 'done' && message.kind !== 'refused') return;
    const order = waiting.get(message.number);
    waiting.delete(message.number);
    if (message.kind === 'done') order?.resolve(message.report);
    else order?.reject(new FreeholdError('lab-simulator-refused', message.error));
  });
  const gone = (): FreeholdError => new FreeholdError('lab-simulator-gone', 'The simulator has ended');
  child.on('exit', () => {
    for (const order of waiting.values()) order.reject(gone());
    waiting.clear();
  });

  function tell(order: SimulatorOrder): Promise<SimulatorReport | null> {
    if (!child.connected) return Promise.reject(gone());
    const number = next++;
    return new Promise((resolve, reject) => {
      waiting.set(number, { resolve, reject });
      child.send({ number, order }, (error) => {
        if (error === null || !waiting.delete(number)) return;
        reject(error);
      });
    });
  }
  const order = async (given: SimulatorOrder): Promise<void> => {
    await tell(given);
  };

  const simulated: SimulatedHosts = {
    add: (...added) => order({ kind: 'add', hosts: added }),
    remove: (id) => order({ kind: 'remove', id }),
    setTemper: (id, temper) => order({ kind: 'temper', id, temper }),
    wake: (id) => order({ kind: 'temper', id, temper: { kind: 'prompt' } }),
    announce: (id, announcement = RFC5227_ANNOUNCEMENT) => order({ kind: 'announce', id, announcement }),
    report: async (addresses = []) => {
      const report = await tell({ kind: 'report', addresses });
      if (report === null) throw gone();
      return report;
    },
    forget: () => order({ kind: 'forget' }),
    close: () => namespace.close(),
  };
  try {
    if (hosts.length > 0) await simulated.add(...hosts);
  } catch (error) {
    await simulated.close();
    throw error;
  }
  return simulated;
}
