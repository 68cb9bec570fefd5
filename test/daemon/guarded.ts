/** A LAN with a pool on it and everything that is needed to see what the guard makes of it. For the lab tests of the guard. */
import type { Mac } from '../../src/core/address/mac.ts';
import type { HttpClient } from '../../src/http/client.ts';
import type { ConflictJson, ConflictsAnswer } from '../../src/http/guard-service.ts';
import { type Injector, startInjector } from '../lab/injector.ts';
import { createLan, type Lan } from '../lab/lan.ts';
import type { SimulatedHost } from '../lab/simulated-host.ts';
import { type SimulatedHosts, startSimulatedHosts } from '../lab/simulated-hosts.ts';
import { type DaemonProcess, startDaemonProcess } from './daemon-process.ts';
import { NEVER, type RunningDaemon, runDaemon, until } from './running.ts';
import { type Received, startWebhook, type Webhook } from './webhook.ts';

export const OWN = '192.0.2.5';
export const GATEWAY = '192.0.2.1';
export const POOL = '192.0.2.200-192.0.2.239';

/** A MAC of its own for each number. */
export function macOf(number: number): Mac {
  const digits = (0x5254_0000_0000 + number).toString(16);
  return (digits.match(/../g) ?? []).join(':') as Mac;
}

export const OWN_MAC = macOf(5);
export const NODE_A = macOf(0xa1);
export const NODE_A2 = macOf(0xa2);
export const NODE_B = macOf(0xb1);

/** Two nodes, one of which has two MACs; patience as short as the configuration lets it be. */
export const metallb = (pool = POOL): string => `metallb:
  pools: [{ name: production-pool, addresses: [${pool}] }]
  speakers:
    - { mac: "${NODE_A}", node: worker-1 }
    - { mac: "${NODE_A2}", node: worker-1 }
    - { mac: "${NODE_B}", node: worker-2 }
guard: { closeAfter: 10s, splitBrainGrace: 2s }
`;

/** @param more of the segment's settings, as YAML */
export const segmentsOn = (lan: Lan, more = 'rate: max'): string =>
  `segments: [{ name: lan, interface: ${lan.interfaceName}, schedule: "${NEVER}", ${more} }]
`;
export const alertsTo = (webhook: Webhook): string => `alerts: { channels: [{ type: webhook, url: "${webhook.url}" }] }\n`;

export interface GuardedOptions {
  /** Beside the gateway. */
  readonly hosts?: readonly SimulatedHost[];
  /** In place of a plain one. */
  readonly gateway?: SimulatedHost;
  /** The pool's addresses, where they are others. */
  readonly pool?: string;
  /** Further settings of the segment, as YAML; by default it is swept as fast as the link carries. */
  readonly segment?: string;
  /** Further configuration, as YAML. */
  readonly config?: string;
}

/** All but the daemon. */
export interface Ground {
  readonly lan: Lan;
  readonly hosts: SimulatedHosts;
  readonly injector: Injector;
  readonly webhook: Webhook;
  /** For the daemon, as YAML. */
  readonly config: string;
  /** As they arrived at the webhook; of who is at one address, or all. A scope-overlap is about a server, whatever its address. */
  alerts(address?: string): readonly Received[];
  /** Waits for an alert about the address. */
  alerted(address: string): Promise<Received>;
  close(): Promise<void>;
}

export interface Asked {
  /** Open and closed, newest first; of who is at one address, or all. */
  conflicts(address?: string): Promise<readonly ConflictJson[]>;
  /** How often each rule let somebody pass. */
  dismissed(rule: string): Promise<number>;
}

export interface Guarded extends Ground, Asked {
  readonly daemon: RunningDaemon;
}

export interface GuardedProcess extends Ground, Asked {
  readonly daemon: DaemonProcess;
}

/** Whatever was started is closed again where it fails. */
async function startGround(options: GuardedOptions = {}): Promise<Ground> {
  const open: { close(): Promise<void> }[] = [];
  const close = async (): Promise<void> => {
    for (const one of open.splice(0).reverse()) await one.close();
  };
  const opened = <T extends { close(): Promise<void> }>(one: T): T => {
    open.push(one);
    return one;
  };
  try {
    const lan = opened(await createLan({ cidr: '192.0.2.0/24', ownAddress: OWN, ownMac: OWN_MAC, gateway: GATEWAY }));
    const gateway = options.gateway ?? { id: 'gateway', addresses: [GATEWAY], macs: [macOf(1)] };
    const hosts = opened(await startSimulatedHosts(lan, [gateway, ...(options.hosts ?? [])]));
    const injector = opened(await startInjector(lan));
    const webhook = opened(await startWebhook());
    const alerts = (address?: string) =>
      webhook.received.filter(
        ({ message: { conflict } }) =>
          address === undefined || (conflict?.kind !== 'scope-overlap' && conflict?.address === address),
      );
    const alerted = async (address: string): Promise<Received> => {
      await until(`an alert about ${address}`, () => alerts(address).length > 0, 30_000);
      const [first] = alerts(address);
      if (first === undefined) throw new Error(`no alert about ${address}`);
      return first;
    };
    const config = `${segmentsOn(lan, options.segment)}${metallb(options.pool)}${alertsTo(webhook)}${options.config ?? ''}`;
    return { lan, hosts, injector, webhook, config, alerts, alerted, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function asked(client: HttpClient): Asked {
  const answer = () => client.get<ConflictsAnswer>('/conflicts', { state: 'all', limit: 1000 });
  return {
    conflicts: async (address) =>
      (await answer()).conflicts.filter(
        (one) => address === undefined || (one.kind !== 'scope-overlap' && one.address === address),
      ),
    dismissed: async (rule) => (await answer()).dismissed[rule] ?? 0,
  };
}

/** A daemon in this process, which has not been told to sweep yet. */
export async function startGuarded(options: GuardedOptions = {}): Promise<Guarded> {
  const ground = await startGround(options);
  try {
    const daemon = await runDaemon(ground.config);
    const close = () => daemon.stop().finally(ground.close);
    return { ...ground, ...asked(daemon.client), daemon, close };
  } catch (error) {
    await ground.close();
    throw error;
  }
}

/** A daemon in a process of its own. */
export async function startGuardedProcess(options: GuardedOptions = {}): Promise<GuardedProcess> {
  const ground = await startGround(options);
  try {
    const daemon = await startDaemonProcess(ground.config);
    const close = () => daemon.close().finally(ground.close);
    return { ...ground, ...asked(daemon.client), daemon, close };
  } catch (error) {
    await ground.close();
    throw error;
  }
}
