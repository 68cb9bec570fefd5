/**
 * Gathers what the chosen checks look at, each source once: the configuration, this machine, the daemon, the cluster, and then the wire,
 * where an interface is named. What cannot be read comes as the reason why.
 */
import type {
  ClusterReading,
  DaemonFacts,
  DoctorContext,
  Known,
  MachineFacts,
  Source,
  WireFacts,
} from '../../cluster/doctor/types.ts';
import type { KubeApi } from '../../cluster/kube/api.ts';
import { EXIT, FreeholdError } from '../../core/error.ts';
import { systemClock } from '../../system/clock.ts';
import { type LoadedConfig, loadConfig } from '../../system/config.ts';
import type { Config } from '../../system/config-types.ts';
import type { Scan } from '../../watch/scan-types.ts';
import { clusterOf, METALLB_NAMESPACE } from '../cluster-options.ts';
import { connect } from '../connect.ts';
import type { DoctorOptions } from '../doctor.ts';
import type { Output } from '../output.ts';
import { progressBar, withElapsed } from '../progress.ts';
import { readDaemon } from './daemon.ts';
import { type ReadMachine, readMachine } from './machine.ts';
import { known, unknown, unknownOf } from './unknown.ts';
import { readWire, type WireAsk } from './wire.ts';

/** What a test replaces. */
export interface GatherPorts {
  readonly readMachine: ReadMachine;
  readonly scan: Scan;
  readonly nowMs: () => number;
}

export const realPorts: GatherPorts = {
  readMachine,
  scan: async (request, onProgress) => (await import('../../watch/scan.ts')).scan(request, onProgress),
  nowMs: systemClock.nowMs,
};

export interface Gathered {
  readonly context: DoctorContext;
  /** MetalLB's namespace. */
  readonly namespace: string;
}

/** Who may read none of these may read nothing that is looked at. */
const NEEDED = ['pools', 'services', 'nodes'];
const RIGHTS_NEEDED = 'Rights for it (RBAC: systemd/rbac-doctor.yaml), or the kubeconfig of an administrator: --kubeconfig FILE';

const NOT_NEEDED = unknown('Not asked for.', 'A check that needs it.', { unasked: true });

/** @throws FreeholdError where what was named cannot be used: configuration, kubeconfig, token file, interface */
export async function gather(
  options: DoctorOptions,
  sources: ReadonlySet<Source>,
  output: Output,
  ports: GatherPorts,
): Promise<Gathered> {
  const { config, problem } = readConfig(options.config);
  const asks = asksOf(options, config);
  const metallb = config?.metallb ?? null;
  const isDefault = options.namespace === METALLB_NAMESPACE;
  const namespace = isDefault ? (metallb?.namespace ?? METALLB_NAMESPACE) : options.namespace;
  const reading = Promise.all([
    // The wire needs to know the networks of its interface.
    sources.has('machine') || sources.has('wire') ? machineFacts(ports, asks, config, problem) : NOT_NEEDED,
    sources.has('daemon') ? daemonFacts(options, ports) : NOT_NEEDED,
    sources.has('cluster') ? clusterReading(options, metallb, namespace) : NOT_NEEDED,
  ]);
  const [machine, daemon, cluster] = await withElapsed(output, 'Reading cluster, daemon and machine:', reading);
  const wire = sources.has('wire') ? await wireFacts({ asks, machine, cluster, output, ports }) : NOT_NEEDED;
  return { namespace, context: { machine, daemon, cluster, wire } };
}

/** What is not named and cannot be read is said by a check; what is named must be right. */
function readConfig(path: string | undefined): { readonly config: Config | null; readonly problem: string | null } {
  let loaded: LoadedConfig;
  try {
    loaded = loadConfig(path ?? null);
  } catch (error) {
    if (path !== undefined || !(error instanceof FreeholdError)) throw error;
    return { config: null, problem: error.message.split('\n').join(' ') };
  }
  return { config: loaded.config, problem: null };
}

/** --interface, else the configured segments that are looked at by ARP. */
function asksOf({ interface: named }: DoctorOptions, config: Config | null): readonly WireAsk[] {
  const segments = (config?.segments ?? []).flatMap(({ interface: name, cidr, method }) =>
    name === null || method === 'icmp' ? [] : [{ interfaceName: name, network: cidr }],
  );
  if (named === undefined) return segments;
  const configured = segments.filter(({ interfaceName }) => interfaceName === named);
  return configured.length > 0 ? configured : [{ interfaceName: named, network: null }];
}

async function machineFacts(
  { readMachine: read }: GatherPorts,
  asks: readonly WireAsk[],
  config: Config | null,
  configProblem: string | null,
): Promise<Known<MachineFacts>> {
  try {
    return known({
      ...(await read()),
      wantedInterfaces: [...new Set(asks.map(({ interfaceName }) => interfaceName))],
      configProblem,
      reserved: (config?.segments ?? []).flatMap(({ name, reserved }) =>
        reserved.length === 0 ? [] : [{ segment: name, ranges: reserved }],
      ),
    });
  } catch (error) {
    return unknownOf(error);
  }
}

async function daemonFacts(options: DoctorOptions, { nowMs }: GatherPorts): Promise<Known<DaemonFacts>> {
  const where = options.socket ?? options.url ?? process.env['FREEHOLD_URL'] ?? 'http://127.0.0.1:5227';
  return readDaemon(connect(options), where, nowMs());
}

async function clusterReading(
  { kubeconfig, context }: DoctorOptions,
  metallb: Config['metallb'] | null,
  namespace: string,
): Promise<Known<ClusterReading>> {
  let api: KubeApi;
  try {
    const path = kubeconfig ?? metallb?.kubeconfig ?? undefined;
    api = await clusterOf({ kubeconfig: path, context: context ?? metallb?.context ?? undefined, namespace });
  } catch (error) {
    if (!(error instanceof FreeholdError)) throw error;
    // None anywhere is no mistake: a machine may stand beside the cluster only.
    if (error.code === 'kubeconfig-missing') {
      return unknown(error.message, error.hint ?? 'Name a kubeconfig: --kubeconfig FILE', {
        exitCode: EXIT.unreachable,
        unasked: true,
      });
    }
    if (kubeconfig !== undefined || context !== undefined) throw error;
    return unknownOf(error);
  }
  const [{ readClusterFacts }, { readDetails }, { readOnce }] = await Promise.all([
    import('../../cluster/facts.ts'),
    import('../../cluster/doctor/read-details.ts'),
    import('../../cluster/doctor/read-once.ts'),
  ]);
  try {
    const once = readOnce(api);
    const facts = await readClusterFacts(once, namespace);
    const refused = NEEDED.map((kind) => facts.unread.find(({ what }) => what === kind));
    const [first] = refused;
    if (first !== undefined && !refused.includes(undefined)) {
      return unknown(`The API server lets this user read nothing: ${first.message}`, RIGHTS_NEEDED, {
        exitCode: EXIT.notPermitted,
      });
    }
    return known({ facts, details: await readDetails(once, facts) });
  } catch (error) {
    return unknownOf(error);
  }
}

interface WireParts {
  readonly asks: readonly WireAsk[];
  readonly machine: Known<MachineFacts>;
  readonly cluster: Known<ClusterReading>;
  readonly output: Output;
  readonly ports: GatherPorts;
}

async function wireFacts({ asks, machine, cluster, output, ports }: WireParts): Promise<Known<WireFacts>> {
  if (!cluster.known) return cluster;
  const { vendorOf } = await import('../../system/vendors.ts');
  const bar = await progressBar(output, 'Asking on the wire');
  const facts = cluster.value.facts;
  return readWire({
    asks,
    machine,
    facts,
    scan: ports.scan,
    vendorOf,
    onProgress: (interfaceName, { probesSent, probesPlanned, hosts }) =>
      bar.update(probesSent, probesPlanned, `probes from ${interfaceName}, ${hosts} alive`),
  }).finally(() => bar.stop());
}
