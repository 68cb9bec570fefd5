/**
 * How a check is made: a judgement about facts that are there. What is not there skips it, with the reason and what it would need; and
 * everything that a check says passes printable() here, since much of it is what others wrote. Pure.
 */
import { printable } from '../../core/text.ts';
import type {
  Check,
  CheckResult,
  CheckStatus,
  ClusterReading,
  DaemonFacts,
  DoctorContext,
  Group,
  Known,
  MachineFacts,
  Source,
  WireFacts,
} from './types.ts';

/** Of everything that is said in one place. */
const LONGEST = 1500;

export interface Judgement {
  readonly status: CheckStatus;
  readonly seen: string;
  readonly fix: string;
  /** Where it matters for another reason than usual. */
  readonly why?: string;
}

export const ok = (seen: string): Judgement => ({ status: 'ok', seen, fix: '' });
export const warning = (seen: string, fix: string, why?: string): Judgement => withWhy({ status: 'warning', seen, fix }, why);
export const failed = (seen: string, fix: string, why?: string): Judgement => withWhy({ status: 'failed', seen, fix }, why);
/** @param needs what it would take to look */
export const skipped = (seen: string, needs: string): Judgement => ({ status: 'skipped', seen, fix: needs });

const withWhy = (judgement: Judgement, why: string | undefined): Judgement =>
  why === undefined ? judgement : { ...judgement, why };

export interface Definition {
  readonly name: string;
  readonly title: string;
  readonly group: Group;
  readonly why: string;
}

export interface ClusterDefinition extends Definition {
  /** What it cannot do without: names as in ClusterFacts.unread and ClusterDetails.unread. */
  readonly reads?: readonly string[];
  /** Means nothing before MetalLB is there. */
  readonly needsMetallb?: boolean;
}

type Judge<T> = (value: T, context: DoctorContext) => Judgement;

export function makeCheck(
  { name, title, group, why }: Definition,
  sources: readonly Source[],
  judge: (context: DoctorContext) => Judgement,
): Check {
  const resultOf = (judgement: Judgement): CheckResult => ({
    name,
    status: judgement.status,
    seen: printable(judgement.seen, LONGEST),
    why: printable(judgement.why ?? why, LONGEST),
    fix: printable(judgement.fix, LONGEST),
  });
  return {
    name,
    title,
    group,
    sources,
    run(context) {
      try {
        return resultOf(judge(context));
      } catch (error) {
        // One check that cannot cope with what it was handed costs that check.
        const message = error instanceof Error ? error.message : String(error);
        return resultOf(skipped(`The check itself broke: ${message}.`, 'Report it, with the output of --json.'));
      }
    },
  };
}

/** Judges what is there; what is not skips the check. */
export const ifKnown = <T>(known: Known<T>, judge: (value: T) => Judgement): Judgement =>
  known.known ? judge(known.value) : skipped(known.why, known.needs);

export const machineCheck = (definition: Definition, judge: Judge<MachineFacts>, also: readonly Source[] = []): Check =>
  makeCheck(definition, ['machine', ...also], (context) => ifKnown(context.machine, (machine) => judge(machine, context)));

export const daemonCheck = (definition: Definition, judge: Judge<DaemonFacts>, also: readonly Source[] = []): Check =>
  makeCheck(definition, ['daemon', ...also], (context) => ifKnown(context.daemon, (daemon) => judge(daemon, context)));

export const clusterCheck = (definition: ClusterDefinition, judge: Judge<ClusterReading>, also: readonly Source[] = []): Check =>
  makeCheck(definition, ['cluster', ...also], (context) =>
    ifKnown(context.cluster, (reading) => notReadable(definition, reading) ?? judge(reading, context)),
  );

/** @param judge gets what was heard, and the cluster that it is compared with */
export const wireCheck = (
  definition: ClusterDefinition,
  judge: (wire: WireFacts, reading: ClusterReading, context: DoctorContext) => Judgement,
): Check =>
  makeCheck(definition, ['cluster', 'wire', 'daemon'], (context) =>
    ifKnown(context.cluster, (reading) => {
      const cannot = notReadable(definition, reading);
      return cannot ?? ifKnown(context.wire, (wire) => notHeard(wire) ?? judge(wire, reading, context));
    }),
  );

/** Whether the API server knows MetalLB's kinds; null where that cannot be told. */
export function metallbInstalled({ facts, details }: ClusterReading): boolean | null {
  if (details.served !== null) return details.served.has('ipaddresspools') && details.served.has('l2advertisements');
  if (facts.unread.some(({ what }) => what === 'pools' || what === 'advertisements')) return null;
  return facts.metallb.kinds.pools && facts.metallb.kinds.advertisements;
}

const RIGHTS: Readonly<Record<string, string>> = {
  pools: 'list ipaddresspools.metallb.io',
  advertisements: 'list l2advertisements.metallb.io',
  'bgp advertisements': 'list bgpadvertisements.metallb.io',
  services: 'list services',
  nodes: 'list nodes',
  layer2Statuses: 'list servicel2statuses.metallb.io',
  configurationStates: 'list configurationstates.metallb.io',
  endpointSlices: 'list endpointslices.discovery.k8s.io',
  'deployment controller': "list deployments.apps in MetalLB's namespace",
  'daemonset speaker': "list daemonsets.apps in MetalLB's namespace",
  'webhook configuration': 'get validatingwebhookconfigurations.admissionregistration.k8s.io',
  'secret memberlist': "get the secret memberlist in MetalLB's namespace",
  'configmap kube-proxy': 'get the configmap kube-proxy in kube-system',
  daemonsets: 'list daemonsets.apps',
};

function notReadable({ reads = [], needsMetallb = false }: ClusterDefinition, reading: ClusterReading): Judgement | null {
  if (needsMetallb && metallbInstalled(reading) === false) {
    return skipped('MetalLB is not installed.', 'Install it: freehold metallb install');
  }
  const unread = unreadOf(reading, ...reads);
  return unread === null ? null : skipped(unread.message, rightTo(unread.what));
}

export const unreadOf = ({ facts, details }: ClusterReading, ...what: readonly string[]) =>
  [...facts.unread, ...details.unread].find((one) => what.includes(one.what)) ?? null;

/** What it would need. */
export const rightTo = (what: string): string =>
  `The right to ${RIGHTS[what] ?? `read ${what}`} (RBAC; systemd/rbac-doctor.yaml has it).`;

function notHeard({ interfaces, failures }: WireFacts): Judgement | null {
  if (interfaces.length > 0) return null;
  const why = failures.map((failure) => `${failure.interface}: ${failure.why}`).join('; ');
  return skipped(
    `Asking on the wire proved nothing (${why === '' ? 'there was nobody to ask for' : why}).`,
    'An interface in the network of the nodes, on which somebody answers: --interface IF',
  );
}
