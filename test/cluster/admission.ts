/**
 * The last look before an object is stored: validating webhooks. Of those that a cluster may have only MetalLB's are known, by their
 * names; whether they can be reached follows from the objects of the cluster, and from what a test says of it.
 */
import { type KubeJson, listAt, textAt, textsAt } from './json.ts';
import { METALLB_NAMESPACE, whyDenied } from './metallb-webhook.ts';
import type { Resource } from './resources.ts';
import { webhookDenied, webhookFailed } from './status.ts';
import type { Store } from './store.ts';

/** `ready`: as the objects of the cluster have it. */
export type WebhookState = 'ready' | 'no-endpoints' | 'refused' | 'timeout';

/** The real server waits the ten seconds of the webhook. */
const TIMEOUT_MS = 200;

export interface Admission {
  readonly resource: Resource;
  readonly operation: 'CREATE' | 'UPDATE';
  readonly object: KubeJson;
}

export class Webhooks {
  state: WebhookState = 'ready';
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** @throws ApiError 403 where a webhook says no, 500 where one cannot be asked */
  async admit({ resource, operation, object }: Admission): Promise<void> {
    const configurations = this.#store.list('admissionregistration.k8s.io/validatingwebhookconfigurations');
    const webhooks = configurations.flatMap((one) => listAt(one, 'webhooks')).filter((one) => isFor(one, resource, operation));
    for (const webhook of webhooks) {
      const name = textAt(webhook, 'name') ?? '';
      const trouble = await this.#trouble(webhook);
      if (trouble !== null && textAt(webhook, 'failurePolicy') === 'Ignore') continue;
      if (trouble !== null) throw webhookFailed(name, trouble);
      const existing = this.#store.list(`${resource.group}/${resource.plural}`, METALLB_NAMESPACE);
      const why = whyDenied(resource, operation, object, existing);
      if (why !== null) throw webhookDenied(name, why);
    }
  }

  /** Why it cannot be asked; null where it can. */
  async #trouble(webhook: unknown): Promise<string | null> {
    const path = ['clientConfig', 'service'] as const;
    const service = textAt(webhook, ...path, 'name') ?? '';
    const namespace = textAt(webhook, ...path, 'namespace') ?? '';
    const url = `Post "https://${service}.${namespace}.svc:443${textAt(webhook, ...path, 'path') ?? ''}?timeout=10s"`;
    const found = this.#store.get('/services', namespace, service);
    const state = this.state === 'ready' ? this.#stateOf(webhook, found, namespace) : this.state;
    switch (state) {
      case 'ready':
        return null;
      case 'no-service':
        return `${url}: service "${service}" not found`;
      case 'no-endpoints':
        return `${url}: no endpoints available for service "${service}"`;
      case 'untrusted':
        return `${url}: tls: failed to verify certificate: x509: certificate signed by unknown authority`;
      case 'refused':
        return `${url}: dial tcp ${textAt(found, 'spec', 'clusterIP') ?? ''}:443: connect: connection refused`;
      case 'timeout':
        await new Promise((resolve) => setTimeout(resolve, TIMEOUT_MS));
        return `${url}: context deadline exceeded`;
      default:
        return state satisfies never;
    }
  }

  #stateOf(webhook: unknown, service: KubeJson | undefined, namespace: string): WebhookState | 'no-service' | 'untrusted' {
    if (service === undefined) return 'no-service';
    const slices = this.#store.list('discovery.k8s.io/endpointslices', namespace);
    const isReady = slices
      .filter((slice) => slice.metadata.labels?.['kubernetes.io/service-name'] === service.metadata.name)
      .some((slice) =>
        listAt(slice, 'endpoints').some((one) => (one as { conditions?: { ready?: boolean } }).conditions?.ready === true),
      );
    if (!isReady) return 'no-endpoints';
    return (textAt(webhook, 'clientConfig', 'caBundle') ?? '') === '' ? 'untrusted' : 'ready';
  }
}

const isFor = (webhook: unknown, { group, version, plural }: Resource, operation: string): boolean =>
  listAt(webhook, 'rules').some(
    (rule) =>
      textsAt(rule, 'apiGroups').includes(group) &&
      textsAt(rule, 'apiVersions').includes(version) &&
      textsAt(rule, 'resources').includes(plural) &&
      textsAt(rule, 'operations').includes(operation),
  );
