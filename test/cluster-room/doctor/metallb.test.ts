/** The checks of MetalLB itself and of what else in the cluster has a say. */
import { expect, it } from 'vitest';
import { CHECKS } from '../../../src/cluster/doctor/checks.ts';
import { advertisement, checkTable, contextOf, denied, metallb, missing, NODES, node, type Row, workload } from './scene.ts';

const NOT_INSTALLED: Row[1] = { details: { served: new Set() } };
const notInstalled: Row = [
  'MetalLB is not installed',
  NOT_INSTALLED,
  'skipped',
  /MetalLB is not installed/,
  /freehold metallb install/,
];
const noCluster: Row = ['the cluster is unknown', { without: ['cluster'] }, 'skipped', /There is no cluster/];
const speakers = (ready: number, more = {}) => workload('speaker', { desired: 3, ready, ...more });

checkTable('cluster-reachable', [
  ['it answers', {}, 'ok', /^Kubernetes v1\.34\.1 answers at https:\/\/192\.0\.2\.10:6443 \(context lab\)\.$/],
  [
    'it does not let us read all',
    { facts: { unread: denied('nodes') }, details: { unread: denied('bgp advertisements') } },
    'warning',
    /read all: nodes, bgp advertisements/,
  ],
  ['it does not answer', { without: ['cluster'] }, 'failed', /There is no cluster/],
]);

checkTable('metallb-installed', [
  ['it is', {}, 'ok', /looked at in metallb-system/],
  ['it is not', NOT_INSTALLED, 'failed', /knows no IPAddressPool/, /freehold metallb install/],
  ['half of it is', { details: { served: new Set(['ipaddresspools']) } }, 'failed', /Some of its kinds are there/],
  ['discovery tells nothing, the lists do', { details: { served: null } }, 'ok', /known/],
  [
    'discovery tells nothing, and the kinds are absent',
    {
      details: { served: null },
      facts: {
        metallb: metallb({ kinds: { pools: false, advertisements: true, layer2Statuses: true, configurationStates: true } }),
      },
    },
    'failed',
    /knows no IPAddressPool/,
  ],
  ['nothing may be read', { details: { served: null }, facts: { unread: denied('pools') } }, 'skipped', /cannot be told/],
  [
    'objects in another namespace',
    { details: { elsewhere: ['IPAddressPool metallb/first'] } },
    'warning',
    /outside of metallb-system: IPAddressPool metallb\/first/,
    /--namespace/,
  ],
  noCluster,
]);

it('cluster-reachable: without any kubeconfig it is not asked for', () => {
  const cluster = missing('No kubeconfig is named.', true);
  const [result] = CHECKS.filter(({ name }) => name === 'cluster-reachable').map((check) =>
    check.run({ ...contextOf({}), cluster }),
  );
  expect(result).toMatchObject({ status: 'skipped', seen: 'No kubeconfig is named.' });
});

const versions = (controller: string | null, speaker = controller) => ({
  facts: {
    metallb: metallb({
      controller: workload('controller', { version: controller, image: `quay.io/metallb/controller:${controller ?? 'main'}` }),
      speaker: workload('speaker', { version: speaker, image: `quay.io/metallb/speaker:${speaker ?? 'main'}` }),
    }),
  },
});
checkTable('metallb-version', [
  ['0.16.1', {}, 'ok', /MetalLB 0\.16\.1\. Metrics are served by HTTPS at port 9120 \(7472 before 0\.16\)/],
  ['0.16.0 has it mended', versions('0.16.0'), 'ok', /0\.16\.0/],
  [
    '0.15.3 leaves its status stale',
    versions('0.15.3'),
    'warning',
    /^MetalLB 0\.15\.3 leaves ServiceL2Status stale.*2930/,
    /0\.16.*9120/,
  ],
  ['0.15.0 refuses good pools', versions('0.15.0'), 'warning', /0\.15\.0 refuses pools .*2779.*; it leaves/],
  ['0.12.1 has no pools', versions('0.12.1'), 'warning', /has no IPAddressPool yet/],
  ['two versions', versions('0.16.1', '0.15.3'), 'warning', /not of one version: controller 0\.16\.1, speaker 0\.15\.3/],
  ['no version', versions(null), 'skipped', /cannot be told from quay\.io\/metallb\/controller:main/],
  [
    'neither is there',
    { facts: { metallb: metallb({ controller: null, speaker: null }) } },
    'skipped',
    /Neither controller nor speaker/,
  ],
  ['not readable', { facts: { unread: denied('daemonset speaker') } }, 'skipped', /forbidden/, /right to list daemonsets/],
  notInstalled,
]);

checkTable('controller-ready', [
  ['it runs', {}, 'ok', /^1 of 1 is ready\.$/],
  [
    'it does not',
    {
      facts: { metallb: metallb({ controller: workload('controller', { ready: 0 }) }) },
      details: { troubles: { controller: ['pod controller-1: ImagePullBackOff: no such image'], speaker: [] } },
    },
    'failed',
    /^0 of 1 is ready\. Kubernetes says: pod controller-1: ImagePullBackOff: no such image\.$/,
    /describe deployment controller/,
  ],
  [
    'scaled to nothing',
    { facts: { metallb: metallb({ controller: workload('controller', { desired: 0, ready: 0 }) }) } },
    'failed',
    /scaled to 0/,
    /--replicas 1/,
  ],
  [
    'not there',
    { facts: { metallb: metallb({ controller: null }) } },
    'failed',
    /no Deployment controller in the namespace metallb-system/,
    /--namespace NAME/,
  ],
  [
    'not there, but elsewhere',
    { facts: { metallb: metallb({ controller: null }) }, details: { elsewhere: ['IPAddressPool lb/one'] } },
    'failed',
    /no Deployment/,
    /--namespace lb$/,
  ],
  ['not readable', { facts: { unread: denied('deployment controller') } }, 'skipped', /forbidden/],
  notInstalled,
  noCluster,
]);

checkTable('speakers-ready', [
  ['all run', {}, 'ok', /^3 of 3 are ready\.$/],
  [
    'one does not',
    {
      facts: { metallb: metallb({ speaker: speakers(2) }) },
      details: { troubles: { controller: [], speaker: ['pod speaker-x has no node'] } },
    },
    'failed',
    /^Only 2 of 3 are ready\. Kubernetes says: pod speaker-x has no node\.$/,
  ],
  ['none does', { facts: { metallb: metallb({ speaker: speakers(0) }) } }, 'failed', /^0 of 3 are ready\.$/],
  [
    'none is wanted',
    { facts: { metallb: metallb({ speaker: speakers(0, { desired: 0 }) }) } },
    'failed',
    /wants no pod on any of 3 nodes/,
    /nodeSelector/,
  ],
  ['not there', { facts: { metallb: metallb({ speaker: null }) } }, 'failed', /no DaemonSet speaker/],
  ['not readable', { facts: { unread: denied('daemonset speaker') } }, 'skipped', /forbidden/],
  notInstalled,
]);

checkTable('memberlist-secret', [
  ['it is there', {}, 'ok', /is there/],
  ['of another name', { facts: { metallb: metallb({ memberlist: false }) } }, 'ok', /All speakers run/],
  ['not readable, and the speakers run', { facts: { metallb: metallb({ memberlist: null }) } }, 'ok', /All speakers run/],
  [
    'not there, and speakers wait for it',
    { facts: { metallb: metallb({ memberlist: false, speaker: speakers(0) }) } },
    'failed',
    /no secret memberlist in metallb-system/,
    /logs deployment\/controller/,
  ],
  [
    'no speaker wants it',
    { facts: { metallb: metallb({ memberlist: false, speaker: speakers(0, { desired: 0 }) }) } },
    'failed',
    /no secret memberlist/,
  ],
  [
    'not readable',
    { facts: { metallb: metallb({ memberlist: null, speaker: speakers(1) }), unread: denied('secret memberlist') } },
    'skipped',
    /secret memberlist is forbidden/,
  ],
  notInstalled,
]);

checkTable('memberlist-port', [
  ['one node', { facts: { nodes: [node('solo', '192.0.2.11')] } }, 'ok', /one node: nobody to reach/],
  ['several: it says how to look', {}, 'skipped', /cannot be looked at from here/, /nc -zv NODE 7946/],
  ['not readable', { facts: { unread: denied('nodes') } }, 'skipped', /forbidden/],
  notInstalled,
]);

const webhook = (more: object) => ({
  facts: { metallb: metallb({ webhook: { configured: true, hasCertificate: true, readyEndpoints: 1, ...more } }) },
});
checkTable('webhook-ready', [
  ['it is set up', {}, 'ok', /endpoints ready: 1\. Whether it answers is another check/],
  ['endpoints not readable', webhook({ readyEndpoints: null }), 'ok', /may not be read/],
  ['no configuration', webhook({ configured: false, hasCertificate: null }), 'warning', /no ValidatingWebhookConfiguration/],
  [
    'no certificate',
    webhook({ hasCertificate: false }),
    'failed',
    /no certificate \(caBundle\)/,
    /Leave the webhook configuration/,
  ],
  ['no endpoint', webhook({ readyEndpoints: 0 }), 'failed', /no ready endpoint/],
  ['not readable', { facts: { unread: denied('webhook configuration') } }, 'skipped', /forbidden/],
  notInstalled,
]);

checkTable('webhook-answers', [
  ['a pool passes', {}, 'ok', /passed the dry run.*nothing was stored/],
  [
    'it cannot be asked',
    { details: { gate: { kind: 'unready', words: 'failed calling webhook "x": no endpoints available for service' } } },
    'failed',
    /could not ask it: failed calling webhook "x": no endpoints available/,
    /9443/,
  ],
  [
    'it says no',
    { details: { gate: { kind: 'denied', words: 'admission webhook "x" denied the request: overlaps' } } },
    'failed',
    /refuses any pool now: admission webhook "x" denied/,
  ],
  [
    'not tried',
    { details: { gate: { kind: 'not-tried', why: 'It is forbidden.', needs: 'A right.' } } },
    'skipped',
    /^Not tried: It is forbidden\.$/,
    /A right/,
  ],
  notInstalled,
]);

checkTable('webhook-failure-policy', [
  ['Fail', {}, 'ok', /failurePolicy is Fail for the only webhook/],
  [
    'Ignore',
    {
      details: {
        webhooks: [
          { name: 'a', failurePolicy: 'Fail' },
          { name: 'b', failurePolicy: 'Ignore' },
        ],
      },
    },
    'warning',
    /Ignore for b\.$/,
    /Put Fail back/,
  ],
  ['no configuration', { details: { webhooks: [] } }, 'skipped', /no webhook configuration/],
  ['not readable', { details: { webhooks: null, unread: denied('webhook configuration') } }, 'skipped', /forbidden/],
  notInstalled,
]);

const state = (name: string, result: 'Valid' | 'Invalid' | 'Unknown', errorSummary = '') => ({ name, result, errorSummary });
checkTable('configuration-states', [
  ['all valid', {}, 'ok', /valid by the word of all 2 components/],
  [
    'one refused',
    { facts: { configurationStates: [state('controller', 'Valid'), state('speaker-a', 'Invalid', 'CIDR "x" overlaps.')] } },
    'failed',
    /^1 component refused the configuration: speaker-a: CIDR "x" overlaps\.$/,
  ],
  [
    'one says nothing yet',
    { facts: { configurationStates: [state('controller', 'Valid'), state('speaker-a', 'Unknown')] } },
    'warning',
    /Not told yet: speaker-a/,
  ],
  ['none says anything', { facts: { configurationStates: [] } }, 'warning', /No component has told yet/],
  [
    'an old MetalLB',
    { details: { served: new Set(['ipaddresspools', 'l2advertisements']) } },
    'skipped',
    /does not tell/,
    /0\.15\.3/,
  ],
  ['not readable', { facts: { unread: denied('configurationStates') } }, 'skipped', /forbidden/],
  notInstalled,
]);

const proxy = (mode: string, strictArp: boolean, version = 'v1.34.1') => ({
  facts: { version, kubeProxy: { kind: 'configured', mode, strictArp, daemonSet: true } as const },
});
const UNREADABLE = { facts: { kubeProxy: { kind: 'unreadable', why: 'its config.conf is no YAML' } as const } };
checkTable('kube-proxy-mode', [
  ['iptables', {}, 'ok', /iptables mode/],
  ['the default', proxy('', false), 'ok', /the default mode \(iptables\)/],
  ['nftables, of a new Kubernetes', proxy('nftables', false, 'v1.36.0'), 'ok', /nftables mode/],
  ['ipvs, before 1.35', proxy('ipvs', true), 'ok', /ipvs mode/],
  [
    'ipvs, deprecated',
    proxy('ipvs', true, 'v1.35.0-rc.1+k3s1'),
    'warning',
    /ipvs mode, and this is Kubernetes v1\.35\.0/,
    /nftables/,
  ],
  ['ipvs, of a next major', proxy('ipvs', true, 'v2.1.0'), 'warning', /v2\.1\.0/],
  ['none', { facts: { kubeProxy: { kind: 'none' } } }, 'ok', /no ConfigMap kube-proxy/],
  ['no YAML', UNREADABLE, 'skipped', /no YAML/],
  ['not readable', { facts: { unread: denied('configmap kube-proxy') } }, 'skipped', /forbidden/],
]);

checkTable('strict-arp', [
  ['iptables', {}, 'ok', /Nothing to do in iptables mode/],
  ['ipvs with it', proxy('ipvs', true), 'ok', /strictARP is true/],
  ['ipvs without it', proxy('ipvs', false), 'failed', /ipvs mode, and strictARP is not true/, /freehold strict-arp --enable/],
  ['none', { facts: { kubeProxy: { kind: 'none' } } }, 'ok', /Nothing to do/],
  ['no YAML', UNREADABLE, 'skipped', /cannot be told/, /--interface IF/],
  ['not readable', { facts: { unread: denied('configmap kube-proxy') } }, 'skipped', /forbidden/],
]);

const SVCLB = { serviceLbDaemonSets: ['kube-system/svclb-traefik'] };
checkTable('k3s-servicelb', [
  ['not there', {}, 'ok', /No DaemonSet svclb/],
  [
    'there, beside MetalLB',
    { facts: SVCLB },
    'failed',
    /1 DaemonSet of it is there: kube-system\/svclb-traefik/,
    /--disable servicelb/,
  ],
  ['there, before MetalLB', { facts: SVCLB, ...NOT_INSTALLED }, 'warning', /svclb-traefik/],
  ['not readable', { facts: { unread: denied('daemonsets') } }, 'skipped', /forbidden/, /list daemonsets/],
]);

checkTable('cilium-l2', [
  ['not there', {}, 'ok', /There is no Cilium/],
  ['there', { facts: { ciliumL2: ['CiliumL2AnnouncementPolicy'] } }, 'warning', /objects of CiliumL2AnnouncementPolicy/],
  ['not readable', { facts: { unread: denied('ciliuml2announcementpolicies') } }, 'skipped', /forbidden/],
]);

const [one, two, three] = NODES;
const excluded = NODES.map((each) => ({ ...each, excluded: true }));
const role = (name: string) => ({ matchLabels: { 'kubernetes.io/hostname': name }, matchExpressions: [] });
checkTable('excluded-nodes', [
  ['none', {}, 'ok', /None of 3 nodes has the label/],
  [
    'a control plane',
    { facts: { nodes: [{ ...one, excluded: true }, two, three] } },
    'ok',
    /2 of 3 may announce; node-1 has the label/,
  ],
  [
    'all',
    { facts: { nodes: excluded } },
    'failed',
    /Every node has the label: node-1, node-2, node-3/,
    /kubectl label node node-1 \S+-\)/,
  ],
  [
    'all, and the speakers ignore it',
    { facts: { nodes: excluded, metallb: metallb({ speaker: speakers(3, { args: ['--port=7472', '--ignore-exclude-lb'] }) }) } },
    'ok',
    /speakers ignore it/,
  ],
  [
    'all that an advertisement selects',
    {
      facts: {
        nodes: [{ ...one, excluded: true }, two, three],
        advertisements: [advertisement('front', { nodeSelectors: [role('node-1')] })],
      },
    },
    'failed',
    /Every node that the L2Advertisement front selects has the label/,
  ],
  ['not readable', { facts: { unread: denied('nodes') } }, 'skipped', /forbidden/],
  notInstalled,
]);
