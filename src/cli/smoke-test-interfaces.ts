/**
 * From which interfaces `freehold smoke-test` may look at the wire: the one that is named, else those of the configured segments, else
 * those of the daemon on this machine. None of them: then the wire is not looked at.
 */
import { networkInterfaces } from 'node:os';
import { type Cidr, parseCidr } from '../core/address/cidr.ts';
import type { Mac } from '../core/address/mac.ts';
import { FreeholdError } from '../core/error.ts';
import { createClient } from '../http/client.ts';
import type { SegmentJson } from '../http/service.ts';
import { loadConfig } from '../system/config.ts';
import type { Config } from '../system/config-types.ts';
import { type ConnectOptions, clientOptions } from './connect.ts';
import { usageError } from './exit.ts';
import { networksOf, type WireInterface } from './smoke-test-wire.ts';

export interface WireOptions extends ConnectOptions {
  readonly interface?: string | undefined;
  readonly config?: string | undefined;
}

export interface WireSurroundings {
  readonly interfaces: readonly WireInterface[];
  /** Configured under metallb.speakers. */
  readonly speakers: ReadonlySet<Mac>;
}

const DAEMON_TIMEOUT_MS = 3000;

/** @throws FreeholdError where the interface, or the configuration that is named, is not there */
export async function wireSurroundings(options: WireOptions): Promise<WireSurroundings> {
  const config = configOf(options.config ?? null);
  const speakers = new Set((config?.metallb.speakers ?? []).map(({ mac }) => mac));
  if (options.interface !== undefined) {
    const known = Object.keys(networkInterfaces());
    if (!known.includes(options.interface)) {
      throw usageError(`there is no interface ${options.interface} that is up`, `These are: ${known.join(', ')}`);
    }
    return { interfaces: [{ name: options.interface, networks: networksOf(options.interface), named: true }], speakers };
  }
  const configured = (config?.segments ?? []).flatMap(({ interface: name, cidr }) => (name === null ? [] : [place(name, cidr)]));
  return { interfaces: configured.length > 0 ? configured : await daemonInterfaces(options), speakers };
}

/** The networks that the interface has, and the one that the segment is about. */
const place = (name: string, cidr: Cidr | null): WireInterface => ({
  name,
  networks: [...networksOf(name), ...(cidr === null ? [] : [cidr])],
  named: false,
});

/** A default file that is missing or may not be read says nothing; one that is named has to be right. */
function configOf(path: string | null): Config | null {
  try {
    return loadConfig(path).config;
  } catch (error) {
    if (path !== null || !(error instanceof FreeholdError)) throw error;
    return null;
  }
}

/** Only of a daemon on this machine: names of another machine's interfaces mean nothing here. */
async function daemonInterfaces(options: ConnectOptions): Promise<readonly WireInterface[]> {
  try {
    const target = clientOptions(options, process.env);
    const isHere =
      (target.socketPath ?? null) !== null || /^(unix:|https?:\/\/(127\.|localhost[:/]|localhost$|\[::1\]))/.test(target.url);
    if (!isHere) return [];
    const client = createClient({ ...target, timeoutMs: DAEMON_TIMEOUT_MS });
    const { segments } = await client.get<{ readonly segments: readonly SegmentJson[] }>('/segments');
    return segments.flatMap(({ interface: name, cidr, method }) => {
      const network = parseCidr(cidr);
      return name === null || method !== 'arp' ? [] : [place(name, network.ok ? network.value : null)];
    });
  } catch (error) {
    // No daemon, or one that does not let us in: then it names no interface.
    if (error instanceof FreeholdError) return [];
    throw error;
  }
}
