/**
 * A simulated LAN: a bridge in a namespace of its own, the jump host's interface in the current namespace (or a named one),
 * and as many other machines as a test attaches. Faults of the jump host's link are methods. Made inside an enclosure only.
 */
import { formatCidr, parseCidr } from '../../src/core/address/cidr.ts';
import { formatIpv4, parseIpv4 } from '../../src/core/address/ipv4.ts';
import { FreeholdError } from '../../src/core/error.ts';
import type { Result } from '../../src/core/result.ts';
import { run } from './command.ts';
import { assertEnclosed } from './guard.ts';
import { createNamespace, type Namespace, uniqueName } from './namespace.ts';

export interface LanOptions {
  /** The network, like `192.0.2.0/24`. */
  readonly cidr: string;
  /** The jump host's interface; default `lan0`. At most 15 bytes. */
  readonly interfaceName?: string;
  /** The jump host's address in it; null for an interface without one. */
  readonly ownAddress: string | null;
  /** The jump host's MAC; the kernel picks one by default. */
  readonly ownMac?: string;
  /** Next hop of the jump host's default route; none by default. */
  readonly gateway?: string;
  /** Where the jump host lives; default the current namespace. */
  readonly namespace?: Namespace;
}

export interface AttachOptions {
  /** Default `eth0`. */
  readonly interfaceName?: string;
  readonly mac?: string;
  /** With prefix length, like `192.0.2.7/24`; none by default. */
  readonly addresses?: readonly string[];
  /** Whether the interface hears frames for other MACs too. */
  readonly promiscuous?: boolean;
}

export interface Lan {
  readonly cidr: string;
  readonly prefixLength: number;
  readonly interfaceName: string;
  readonly bridge: Namespace;
  /** Another machine on this LAN: a namespace with one interface into the bridge. */
  attach(stem: string, options?: AttachOptions): Promise<Namespace>;
  /** `ip` where the jump host lives. */
  ip(...args: readonly string[]): Promise<string>;
  linkDown(): Promise<void>;
  /** The default route, which the kernel drops with the link, comes back too. */
  linkUp(): Promise<void>;
  /** Pulls or plugs the cable: the interface stays up but loses or gets its carrier. */
  setCable(plugged: boolean): Promise<void>;
  deleteInterface(): Promise<void>;
  /** After `deleteInterface`: a new interface of the same name, address and route. */
  restoreInterface(): Promise<void>;
  addAddress(address: string): Promise<void>;
  removeAddress(address: string): Promise<void>;
  addRoute(cidr: string, via: string): Promise<void>;
  /** Removes the interface and everything attached. Idempotent. */
  close(): Promise<void>;
}

/** Long enough that no lab's burst overruns it. */
const QUEUE = ['txqueuelen', '10000'];

function must<T>(result: Result<T>): T {
  if (result.ok) return result.value;
  throw new FreeholdError('lab-bad-argument', result.error);
}

export async function createLan(options: LanOptions): Promise<Lan> {
  assertEnclosed();
  const network = must(parseCidr(options.cidr));
  const interfaceName = options.interfaceName ?? 'lan0';
  const home = options.namespace === undefined ? [] : ['-netns', options.namespace.name];
  const ip = (...args: readonly string[]): Promise<string> => run(['ip', ...home, ...args]);
  const withLength = (address: string): string => `${formatIpv4(must(parseIpv4(address)))}/${network.prefixLength}`;
  const bridge = await createNamespace('br');
  const attached: Namespace[] = [];
  let port = '';
  let present = false;
  let closing: Promise<void> | null = null;

  async function addDefaultRoute(): Promise<void> {
    if (options.gateway !== undefined) await ip('route', 'replace', 'default', 'via', options.gateway, 'dev', interfaceName);
  }

  async function plugIn(portName: string): Promise<void> {
    await bridge.batch([`link set dev ${portName} master br0`, `link set dev ${portName} up`]);
  }

  async function makeInterface(): Promise<void> {
    port = uniqueName('p');
    const peer = ['peer', 'name', port, ...QUEUE, 'netns', bridge.name];
    const mac = options.ownMac === undefined ? [] : ['address', options.ownMac];
    await ip('link', 'add', 'name', interfaceName, ...mac, ...QUEUE, 'type', 'veth', ...peer);
    present = true;
    if (options.ownAddress !== null) {
      await ip('address', 'add', withLength(options.ownAddress), 'broadcast', '+', 'dev', interfaceName);
    }
    await plugIn(port);
    await ip('link', 'set', 'dev', interfaceName, 'up');
    await addDefaultRoute();
  }

  async function attach(stem: string, given: AttachOptions = {}): Promise<Namespace> {
    const namespace = await createNamespace(stem);
    attached.push(namespace);
    const name = given.interfaceName ?? 'eth0';
    const theirPort = uniqueName('p');
    const mac = given.mac === undefined ? [] : ['address', given.mac];
    const peer = ['peer', 'name', theirPort, ...QUEUE, 'netns', bridge.name];
    await run(['ip', '-netns', namespace.name, 'link', 'add', 'name', name, ...mac, ...QUEUE, 'type', 'veth', ...peer]);
    await plugIn(theirPort);
    await namespace.batch([
      ...(given.addresses ?? []).map((address) => `address add ${address} broadcast + dev ${name}`),
      ...(given.promiscuous === true ? [`link set dev ${name} promisc on`] : []),
      `link set dev ${name} up`,
    ]);
    return namespace;
  }

  async function deleteInterface(): Promise<void> {
    if (!present) return;
    await ip('link', 'del', 'dev', interfaceName);
    present = false;
  }

  async function remove(): Promise<void> {
    const ends = await Promise.allSettled([deleteInterface(), ...attached.map((namespace) => namespace.close())]);
    await bridge.close();
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  }

  const lan: Lan = {
    cidr: formatCidr(network),
    prefixLength: network.prefixLength,
    interfaceName,
    bridge,
    attach,
    ip,
    linkDown: async () => void (await ip('link', 'set', 'dev', interfaceName, 'down')),
    linkUp: async () => {
      await ip('link', 'set', 'dev', interfaceName, 'up');
      await addDefaultRoute();
    },
    setCable: (plugged) => bridge.batch([`link set dev ${port} ${plugged ? 'up' : 'down'}`]),
    deleteInterface,
    restoreInterface: makeInterface,
    addAddress: async (address) => void (await ip('address', 'add', withLength(address), 'broadcast', '+', 'dev', interfaceName)),
    removeAddress: async (address) => void (await ip('address', 'del', withLength(address), 'dev', interfaceName)),
    addRoute: async (cidr, via) => void (await ip('route', 'add', cidr, 'via', via, 'dev', interfaceName)),
    close: () => {
      closing ??= remove();
      return closing;
    },
  };
  try {
    const snooping = 'mcast_snooping 0 stp_state 0 forward_delay 0';
    await bridge.batch([`link add name br0 txqueuelen 10000 type bridge ${snooping}`, 'link set dev br0 up']);
    await makeInterface();
  } catch (error) {
    await lan.close();
    throw error;
  }
  return lan;
}
