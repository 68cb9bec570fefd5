/**
 * The wire and the way to a Service, for `freehold smoke-test`: who answers ARP for some addresses (by `scan`, asking just these), and
 * whether TCP connects. From an interface that was named, or that a configured segment names; never guesses one.
 */
import { connect as openSocket } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { Connect } from '../cluster/smoke/checks.ts';
import type { Wire, WireLook } from '../cluster/smoke/wire.ts';
import { type Cidr, networkOf, rangeOfCidr } from '../core/address/cidr.ts';
import { formatIpv4, type Ipv4, parseIpv4 } from '../core/address/ipv4.ts';
import type { Mac } from '../core/address/mac.ts';
import { contains, formatRange, type Ipv4Range, sizeOf } from '../core/address/range.ts';
import { rangeSetOfAddresses } from '../core/address/range-set.ts';
import { EXIT, FreeholdError } from '../core/error.ts';
import type { Scan } from '../watch/scan-types.ts';
import { DEFAULT_RATE } from './options.ts';

/** An interface that may be asked from, with the networks that are looked at on it. */
export interface WireInterface {
  readonly name: string;
  readonly networks: readonly Cidr[];
  /** It was named for this: asked from also where the address lies in none of its networks. */
  readonly named: boolean;
}

const SETTLE_MS = 700;
const MOST_AT_ONCE = 65_536;
const CONNECT_TIMEOUT_MS = 3000;

const realScan: Scan = async (request, onProgress) => (await import('../watch/scan.ts')).scan(request, onProgress);

type SystemInterfaces = ReturnType<typeof networkInterfaces>;

/** IPv4 networks of this machine's interface. */
export function networksOf(name: string, system: SystemInterfaces = networkInterfaces()): readonly Cidr[] {
  return (system[name] ?? []).flatMap(({ address, cidr, family }) => {
    const parsed = parseIpv4(address);
    const length = Number(cidr?.split('/')[1] ?? Number.NaN);
    return family === 'IPv4' && parsed.ok && Number.isInteger(length) ? [networkOf(parsed.value, length)] : [];
  });
}

/** @param interfaces in order of preference */
export function createWire(
  interfaces: readonly WireInterface[],
  scan: Scan = realScan,
  system: () => SystemInterfaces = networkInterfaces,
): Wire {
  return {
    async ask(addresses, signal) {
      const [address] = addresses;
      const from = address === undefined ? undefined : interfaceFor(address, interfaces);
      if (address === undefined || from === undefined) throw unavailable(address, interfaces);
      const own = new Set(ownAddresses(system()));
      const asked = addresses.filter((one) => !own.has(one));
      const look = emptyLook(from.name, own);
      for (const { range, members } of groups(asked, address, from)) {
        signal.throwIfAborted();
        const report = await scan(
          {
            interfaceName: from.name,
            range,
            only: rangeSetOfAddresses(members),
            rate: DEFAULT_RATE,
            passes: 2,
            settleMs: SETTLE_MS,
          },
          () => undefined,
        );
        for (const host of report.hosts) {
          look.answers.set(host.address, host.macs);
          if (host.verdict === 'stand-in') look.standIns.add(host.address);
        }
        if (contains(range, address) && !report.valid) look.invalid = report.invalidReason ?? 'for no reason that was given';
      }
      return look;
    },
  };
}

function emptyLook(from: string, own: ReadonlySet<Ipv4>) {
  const look = { answers: new Map<Ipv4, readonly Mac[]>(), standIns: new Set<Ipv4>(), own, invalid: null as string | null, from };
  return look satisfies WireLook;
}

const interfaceFor = (address: Ipv4, interfaces: readonly WireInterface[]): WireInterface | undefined =>
  interfaces.find(({ networks }) => networks.some((network) => contains(rangeOfCidr(network), address))) ??
  interfaces.find(({ named }) => named);

/** The addresses that are asked for, by the network that they lie in; what is in none of the interface's is not asked. */
function groups(
  asked: readonly Ipv4[],
  address: Ipv4,
  { networks }: WireInterface,
): readonly { readonly range: Ipv4Range; readonly members: readonly Ipv4[] }[] {
  const found = new Map<string, { readonly range: Ipv4Range; readonly members: Ipv4[] }>();
  for (const one of asked) {
    const holding = networks.map(rangeOfCidr).find((range) => contains(range, one));
    const around = rangeOfCidr(networkOf(one, 16));
    // In a network of its own on the same wire, the address is asked for alone.
    const range =
      holding === undefined
        ? one === address
          ? { first: one, last: one }
          : null
        : sizeOf(holding) > MOST_AT_ONCE
          ? around
          : holding;
    if (range === null) continue;
    const group = found.get(formatRange(range)) ?? { range, members: [] };
    group.members.push(one);
    found.set(formatRange(range), group);
  }
  return [...found.values()];
}

const ownAddresses = (system: SystemInterfaces): readonly Ipv4[] =>
  Object.values(system).flatMap((addresses) =>
    (addresses ?? []).flatMap(({ address, family }) => {
      const parsed = parseIpv4(address);
      return family === 'IPv4' && parsed.ok ? [parsed.value] : [];
    }),
  );

function unavailable(address: Ipv4 | undefined, interfaces: readonly WireInterface[]): FreeholdError {
  const known = interfaces.map(({ name }) => name).join(', ');
  return new FreeholdError(
    'wire-unavailable',
    `${address === undefined ? 'The address' : formatIpv4(address)} lies in no network of ${known === '' ? 'an interface that is named' : known}.`,
    { hint: 'Name the interface that is on its network: --interface IF.', exitCode: EXIT.no },
  );
}

/** Connects and hangs up. Rejects with why not, within 3 s. */
export const connectTcp: Connect = (address, port, signal) =>
  new Promise((resolve, reject) => {
    const socket = openSocket({ host: formatIpv4(address), port });
    const stop = (): void => void socket.destroy(new Error('interrupted'));
    const end = (error: Error | null): void => {
      signal.removeEventListener('abort', stop);
      socket.destroy();
      if (error === null) resolve();
      else reject(error);
    };
    signal.addEventListener('abort', stop, { once: true });
    socket.setTimeout(CONNECT_TIMEOUT_MS, () => end(new Error(`no answer within ${CONNECT_TIMEOUT_MS / 1000} s`)));
    socket.once('connect', () => end(null));
    socket.once('error', end);
  });
