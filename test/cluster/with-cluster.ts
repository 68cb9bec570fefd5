/**
 * A cluster that behaves: the double, or the real one that FREEHOLD_TEST_KUBECONFIG names. What is asked of it here is asked in a
 * namespace of its own, or under names of its own, and taken away at the end.
 */
import { randomUUID } from 'node:crypto';
import { HttpMethod, IsomorphicFetchHttpLibrary, KubeConfig, KubernetesObjectApi, RequestContext } from '@kubernetes/client-node';
import { type ClusterDouble, type ClusterOptions, startCluster } from './double.ts';
import { kubeadmCluster, namespace, withMetallb } from './fixtures.ts';
import { type JsonObject, type KubeJson, objectAt, textAt } from './json.ts';

export const REAL_CLUSTER_VARIABLE = 'FREEHOLD_TEST_KUBECONFIG';

export interface AnyCluster {
  readonly isReal: boolean;
  /** A kubeconfig file of somebody who may do everything. */
  readonly kubeconfig: string;
  readonly config: KubeConfig;
  readonly objects: KubernetesObjectApi;
  /** Its own, gone at the end. */
  readonly namespace: string;
  /** A name that nobody else uses, for what does not lie in that namespace; gone at the end where it is a MetalLB object. */
  unique(name: string): string;
  close(): Promise<void>;
}

/** With MetalLB, which has to be installed in a real cluster beforehand. */
export async function anyCluster(): Promise<AnyCluster> {
  const real = process.env[REAL_CLUSTER_VARIABLE] ?? '';
  const double = real === '' ? await startCluster({ objects: [...kubeadmCluster(), ...withMetallb()] }) : null;
  const kubeconfig = double?.kubeconfig() ?? real;
  const config = configOf(kubeconfig);
  const objects = KubernetesObjectApi.makeApiClient(config);
  const tag = randomUUID().slice(0, 8);
  const own = `freehold-test-${tag}`;
  await ask(config, 'POST', '/api/v1/namespaces', { body: namespace(own) });
  if (real !== '' && (await ask(config, 'GET', POOLS)).status === 404)
    throw new Error(`MetalLB is not installed in the cluster of ${real}.`);
  const close = async (): Promise<void> => {
    for (const path of [POOLS, ADVERTISEMENTS]) {
      const { body } = await ask(config, 'GET', path);
      for (const { metadata } of (objectAt(body) as { readonly items?: readonly KubeJson[] }).items ?? []) {
        if (metadata.name?.endsWith(tag) === true) await ask(config, 'DELETE', `${path}/${metadata.name}`);
      }
    }
    await ask(config, 'DELETE', `/api/v1/namespaces/${own}`);
    await double?.close();
  };
  return { isReal: double === null, kubeconfig, config, objects, namespace: own, unique: (name) => `${name}-${tag}`, close };
}

const POOLS = '/apis/metallb.io/v1beta1/namespaces/metallb-system/ipaddresspools';
const ADVERTISEMENTS = '/apis/metallb.io/v1beta1/namespaces/metallb-system/l2advertisements';

/** The double, also where a real cluster is named. @param _because what a real one cannot be asked to do, or should not */
export const doubleOnly = (_because: string, options?: ClusterOptions): Promise<ClusterDouble> => startCluster(options);

export function configOf(kubeconfig: string): KubeConfig {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  return config;
}

export interface Answered {
  readonly status: number;
  /** Parsed JSON, or the text where it is none. */
  readonly body: unknown;
  /** Of the Status; empty where it is none. */
  readonly message: string;
  readonly warnings: string;
}

export interface Asking {
  readonly query?: Readonly<Record<string, string>>;
  readonly contentType?: string;
  readonly body?: unknown;
}

/** One request as it is, by the client library's own means of getting through. */
export async function ask(
  config: KubeConfig,
  method: keyof typeof HttpMethod,
  path: string,
  asking: Asking = {},
): Promise<Answered> {
  const context = new RequestContext((config.getCurrentCluster()?.server ?? '') + path, HttpMethod[method]);
  for (const [name, value] of Object.entries(asking.query ?? {})) context.setQueryParam(name, value);
  context.setHeaderParam('User-Agent', 'test/1');
  if (asking.body !== undefined) {
    context.setHeaderParam('Content-Type', asking.contentType ?? 'application/json');
    context.setBody(typeof asking.body === 'string' ? asking.body : JSON.stringify(asking.body));
  }
  await config.applySecurityAuthentication(context);
  const answer = await new IsomorphicFetchHttpLibrary().send(context).toPromise();
  const text = await answer.body.text();
  await context.getDispatcher()?.close();
  const body = parsed(text);
  return {
    status: answer.httpStatusCode,
    body,
    message: textAt(body, 'message') ?? '',
    warnings: answer.headers['warning'] ?? '',
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Server-side apply of an object at its path. */
export const apply = (
  config: KubeConfig,
  path: string,
  manager: string,
  body: JsonObject,
  query: Readonly<Record<string, string>> = {},
): Promise<Answered> =>
  ask(config, 'PATCH', path, { body, contentType: 'application/apply-patch+yaml', query: { fieldManager: manager, ...query } });
