/** Whether the cluster answers, MetalLB is there, in which version, and whether it took its configuration. Pure. */
import { compareVersions } from '../../read/workloads.ts';
import type { Workload } from '../../types.ts';
import { clusterCheck, failed, type Judgement, makeCheck, metallbInstalled, ok, skipped, warning } from '../judge.ts';
import type { Check } from '../types.ts';
import { all, count, quoted, some } from '../words.ts';

const GROUP = 'MetalLB';
const INSTALL = 'Install it: freehold metallb install';

export const clusterReachable: Check = makeCheck(
  {
    name: 'cluster-reachable',
    title: 'The API server answers, and lets us in',
    group: GROUP,
    why: 'Without the cluster nothing about MetalLB can be looked at, and no pool can be pushed.',
  },
  ['cluster'],
  ({ cluster }) => {
    if (!cluster.known) return cluster.unasked ? skipped(cluster.why, cluster.needs) : failed(cluster.why, cluster.needs);
    const { facts, details } = cluster.value;
    const where = `Kubernetes ${facts.version} answers at ${facts.server} (context ${facts.context})`;
    const unread = [...new Set([...facts.unread, ...details.unread].map(({ what }) => what))];
    return unread.length === 0
      ? ok(`${where}.`)
      : warning(
          `${where}, but does not let this user read all: ${some(unread)}.`,
          'Checks that need these are skipped. systemd/rbac-doctor.yaml has the rights; or use the kubeconfig of an administrator.',
          'What may not be read cannot be looked at.',
        );
  },
);

export const installed: Check = clusterCheck(
  {
    name: 'metallb-installed',
    title: "The cluster knows MetalLB's kinds",
    group: GROUP,
    why: 'Without its CustomResourceDefinitions there is no pool, and Services of type LoadBalancer wait for ever.',
  },
  (reading) => {
    const { facts, details } = reading;
    const there = metallbInstalled(reading);
    if (there === null)
      return skipped('Whether MetalLB is installed cannot be told.', 'The right to list ipaddresspools.metallb.io.');
    if (!there) {
      const other = details.served !== null && details.served.size > 0 ? ' Some of its kinds are there, but not these.' : '';
      return failed(`The API server knows no IPAddressPool or L2Advertisement (metallb.io/v1beta1).${other}`, INSTALL);
    }
    if (details.elsewhere.length > 0) {
      return warning(
        `There are objects of MetalLB outside of ${facts.namespace}: ${some(details.elsewhere)}.`,
        `Move them to ${facts.namespace}; or, where MetalLB runs in another namespace, name it: --namespace NAME`,
        'MetalLB reads pools and advertisements of its own namespace only, and says nothing about others.',
      );
    }
    return ok(`IPAddressPool and L2Advertisement are known; looked at in ${facts.namespace}.`);
  },
);

interface Flaw {
  readonly concerns: (version: string) => boolean;
  readonly text: string;
}

const before =
  (limit: string) =>
  (version: string): boolean =>
    compareVersions(version, limit) < 0;

/** What an administrator should know of a version. */
const FLAWS: readonly Flaw[] = [
  { concerns: before('0.13.0'), text: 'has no IPAddressPool yet: it is configured by a ConfigMap' },
  {
    concerns: (version) => compareVersions(version, '0.15.0') === 0,
    text: 'refuses pools that hold no node address at all, by a check of node addresses that was taken back in 0.15.1 (metallb issue 2779)',
  },
  {
    concerns: before('0.16.0'),
    text: 'leaves ServiceL2Status stale after the leader changed (metallb issue 2930, mended in 0.16.0)',
  },
];

export const version: Check = clusterCheck(
  {
    name: 'metallb-version',
    title: 'MetalLB has a version without known flaws',
    group: GROUP,
    why: 'What its status objects say can be wrong, and a pool can be refused for no reason.',
    reads: ['deployment controller', 'daemonset speaker'],
    needsMetallb: true,
  },
  ({ facts: { metallb } }) => {
    const parts = [metallb.controller, metallb.speaker].filter((one): one is Workload => one !== null);
    const versions = [...new Set(parts.flatMap(({ version: one }) => one ?? []))].sort(compareVersions);
    const [oldest] = versions;
    if (oldest === undefined) {
      const images = parts.map(({ image }) => image).filter((image) => image !== '');
      return skipped(
        images.length === 0 ? 'Neither controller nor speaker is there.' : `The version cannot be told from ${some(images)}.`,
        'An image whose tag is a version.',
      );
    }
    if (versions.length > 1) {
      const list = parts.map(({ name, version: one, image }) => `${name} ${one ?? image}`);
      return warning(
        `Controller and speaker are not of one version: ${list.join(', ')}.`,
        'Apply the manifest of one version again: freehold metallb install --version vX.Y.Z',
      );
    }
    const flaws = FLAWS.filter(({ concerns }) => concerns(oldest)).map(({ text }) => text);
    if (flaws.length > 0) {
      return warning(
        `MetalLB ${oldest} ${flaws.join('; it ')}.`,
        `Upgrade to 0.16.1 or newer. From 0.16 on metrics are served by HTTPS at port 9120 and no longer at 7472: change what scrapes them.`,
      );
    }
    return ok(`MetalLB ${oldest}. Metrics are served by HTTPS at port 9120 (7472 before 0.16).`);
  },
);

export const configurationStates: Check = clusterCheck(
  {
    name: 'configuration-states',
    title: 'Controller and speakers took the configuration',
    group: GROUP,
    why: 'A component that cannot make sense of the configuration goes on with the old one, and no error shows at the pools.',
    reads: ['configurationStates'],
    needsMetallb: true,
  },
  ({ facts, details }): Judgement => {
    const kind = details.served?.has('configurationstates') ?? facts.metallb.kinds.configurationStates;
    if (!kind) return skipped('This MetalLB does not tell.', 'MetalLB 0.15.3 or newer, which has ConfigurationState.');
    const states = facts.configurationStates;
    const invalid = states.filter(({ result }) => result === 'Invalid');
    if (invalid.length > 0) {
      const list = some(
        invalid.map(({ name, errorSummary }) => `${name}: ${quoted(errorSummary) || 'no reason given'}`),
        3,
      );
      return failed(
        `${count(invalid.length, 'component')} refused the configuration: ${list}.`,
        `Mend what it names: kubectl -n ${facts.namespace} get ipaddresspools,l2advertisements,configurationstates -o yaml`,
      );
    }
    const unknown = states.filter(({ result }) => result === 'Unknown');
    if (states.length === 0 || unknown.length > 0) {
      return warning(
        states.length === 0 ? 'No component has told yet.' : `Not told yet: ${some(unknown.map(({ name }) => name))}.`,
        `Wait a moment; then look at the logs: kubectl -n ${facts.namespace} logs deployment/controller`,
      );
    }
    return ok(`It is valid by the word of ${all(states.length, 'component')}.`);
  },
);
