/**
 * What a smoke test makes in a cluster: a namespace of its own, a Deployment that passes Pod Security's strictest level, and a Service of
 * type LoadBalancer. Pure.
 */
import type { JsonObject, KubeObject } from '../kube/objects.ts';

/** Listens on 8080 as `netexec`, on amd64 and arm64, without being root; of the Kubernetes project. */
export const DEFAULT_IMAGE = 'registry.k8s.io/e2e-test-images/agnhost:2.53';
const DEFAULT_ARGS = (port: number): readonly string[] => ['netexec', `--http-port=${port}`];

export const NAMESPACE_PREFIX = 'freehold-smoke-';
export const APP = 'freehold-smoke';
const MANAGED_BY = 'app.kubernetes.io/managed-by';
export const OURS = `${MANAGED_BY}=freehold`;
/** Tells one run from another, where an answer was lost on the way. */
export const RUN_ANNOTATION = 'freehold.dev/smoke-test';
const LABELS = { [MANAGED_BY]: 'freehold', 'app.kubernetes.io/name': APP };
/** nobody */
const USER = 65_534;

export interface SmokeWanted {
  /** An IPAddressPool to ask for; null: any. */
  readonly pool: string | null;
  /** null: the default image, which is told to listen. */
  readonly image: string | null;
  readonly replicas: number;
  /** Of the Service. */
  readonly port: number;
  /** That the image listens on. */
  readonly targetPort: number;
}

const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

/** As the API server itself makes names: five characters that spell nothing. @param random 0 .. 1 */
export const namespaceName = (random: () => number): string =>
  NAMESPACE_PREFIX + Array.from({ length: 5 }, () => ALPHABET[Math.floor(random() * ALPHABET.length)] ?? ALPHABET[0]).join('');

export const namespaceObject = (name: string, run: string): KubeObject => ({
  metadata: {
    name,
    labels: { ...LABELS, 'pod-security.kubernetes.io/enforce': 'restricted' },
    annotations: { [RUN_ANNOTATION]: run },
  },
});

export function deploymentObject(namespace: string, { image, replicas, targetPort }: SmokeWanted): KubeObject {
  const container: JsonObject = {
    name: 'server',
    image: image ?? DEFAULT_IMAGE,
    ...(image === null ? { args: DEFAULT_ARGS(targetPort) } : {}),
    ports: [{ name: 'tcp', containerPort: targetPort, protocol: 'TCP' }],
    readinessProbe: { tcpSocket: { port: targetPort }, periodSeconds: 1, failureThreshold: 30 },
    resources: { requests: { cpu: '10m', memory: '16Mi' }, limits: { memory: '128Mi' } },
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
  };
  return {
    metadata: { name: APP, namespace, labels: LABELS },
    spec: {
      replicas,
      selector: { matchLabels: { 'app.kubernetes.io/name': APP } },
      template: {
        metadata: { labels: LABELS },
        spec: {
          automountServiceAccountToken: false,
          terminationGracePeriodSeconds: 1,
          securityContext: { runAsNonRoot: true, runAsUser: USER, seccompProfile: { type: 'RuntimeDefault' } },
          containers: [container],
        },
      },
    },
  };
}

export const serviceObject = (namespace: string, { pool, port, targetPort }: SmokeWanted): KubeObject => ({
  metadata: {
    name: APP,
    namespace,
    labels: LABELS,
    ...(pool === null ? {} : { annotations: { 'metallb.io/address-pool': pool } }),
  },
  spec: {
    type: 'LoadBalancer',
    ipFamilyPolicy: 'SingleStack',
    ipFamilies: ['IPv4'],
    selector: { 'app.kubernetes.io/name': APP },
    ports: [{ name: 'tcp', port, targetPort, protocol: 'TCP' }],
  },
});
