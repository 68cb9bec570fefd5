/**
 * MetalLB's manifest as objects: read from YAML, checked to be MetalLB's and nothing else, and put into the order in which it is applied.
 * Pure. Objects stay as they are written, but for what belongs to the cluster: status, creation times and the certificate of the webhook.
 */
import { parseAllDocuments } from 'yaml';
import { EXIT, FreeholdError } from '../../core/error.ts';
import { printable } from '../../core/text.ts';
import { at, isKubeObject, isObject, type KubeObject, listAt, textAt } from '../kube/objects.ts';
import { apiVersionOf, type Resource } from '../kube/resources.ts';
import { versionOf } from '../read/workloads.ts';
import { isMetallbImage, strangeObjects } from './identity.ts';
import { MANIFEST_KINDS, type ManifestObject, nameOf } from './kinds.ts';

export interface Manifest {
  readonly source: string;
  /** MetalLB's own. */
  readonly namespace: string;
  /** From the tags of its images: `0.15.3`; null where they are no versions. */
  readonly version: string | null;
  readonly images: readonly string[];
  readonly objects: readonly ManifestObject[];
}

/** The real one has 26 objects. */
const MOST_OBJECTS = 200;

/** @throws FreeholdError `manifest-bad`, `manifest-not-metallb` */
export function readManifestObjects(text: string, source: string): Manifest {
  const objects = parse(text, source).map((object) => ({ resource: resourceOf(object), object }));
  const known = objects.flatMap(({ resource, object }) =>
    resource === null ? [] : [{ resource, object: withoutClusters(object) }],
  );
  const namespaces = known.filter(({ resource }) => resource.kind === 'Namespace').map(({ object }) => object.metadata.name);
  const [namespace = '', ...others] = namespaces;
  const strange = [
    ...objects.filter(({ resource }) => resource === null).map(({ object }) => `${nameOf(object)}: MetalLB has no such kind`),
    ...(namespace === '' ? ['it makes no namespace'] : []),
    ...others.map((name) => `Namespace ${name}: a second namespace`),
    ...strangeObjects(known, namespace),
  ];
  if (strange.length > 0) throw notMetallb(source, strange);
  const images = imagesOf(known);
  const versions = new Set(images.filter(isMetallbImage).map(versionOf));
  const [version = null] = versions;
  if (versions.size > 1) throw notMetallb(source, [`its images are of different versions: ${images.join(', ')}`]);
  return { source, namespace, version, images, objects: inOrder(known) };
}

function parse(text: string, source: string): readonly KubeObject[] {
  // As Kubernetes reads it (YAML 1.1: `0644` is octal), but without times and numbers to the base of 60, which it does not know.
  const documents = parseAllDocuments(text, {
    version: '1.1',
    customTags: (tags) =>
      tags.filter((tag) => typeof tag === 'string' || (tag.format !== 'TIME' && !tag.tag.endsWith(':timestamp'))),
  });
  const found: KubeObject[] = [];
  for (const [index, document] of (Array.isArray(documents) ? documents : []).entries()) {
    const [error] = document.errors;
    if (error !== undefined) throw bad(source, `it is no YAML: ${error.message.split('\n')[0] ?? ''}`);
    let value: unknown;
    try {
      value = document.toJS();
    } catch (problem) {
      throw bad(source, `it is no YAML: ${problem instanceof Error ? problem.message : String(problem)}`);
    }
    if (value === null || value === undefined) continue;
    if (!isKubeObject(value) || textAt(value, 'kind') === null)
      throw bad(source, `document ${index + 1} is no Kubernetes object`);
    found.push(value);
    if (found.length > MOST_OBJECTS) throw bad(source, `it has more than ${MOST_OBJECTS} objects`);
  }
  if (found.length === 0) throw bad(source, 'it holds no object');
  return found;
}

const resourceOf = (object: KubeObject): Resource | null =>
  MANIFEST_KINDS.find((one) => one.kind === object.kind && apiVersionOf(one) === object.apiVersion) ?? null;

/**
 * The controller of MetalLB writes the certificate of its webhooks into them: whoever applied one too, even an empty one, would blank it,
 * or be at odds with the controller for ever.
 */
function withoutClusters(object: KubeObject): KubeObject {
  const { status: _status, ...rest } = object;
  const { creationTimestamp: _made, managedFields: _managed, resourceVersion: _version, ...metadata } = object.metadata;
  const webhooks = listAt(rest, 'webhooks').map((webhook) =>
    isObject(webhook) ? { ...webhook, clientConfig: withoutBundle(webhook['clientConfig']) } : webhook,
  );
  const conversion = at(rest, 'spec', 'conversion', 'webhook', 'clientConfig');
  return {
    ...rest,
    metadata: { ...metadata, name: object.metadata.name },
    ...(webhooks.length > 0 ? { webhooks } : {}),
    ...(isObject(conversion) ? { spec: withConversion(rest, withoutBundle(conversion)) } : {}),
  };
}

function withoutBundle(clientConfig: unknown): unknown {
  if (!isObject(clientConfig)) return clientConfig;
  const { caBundle: _bundle, ...rest } = clientConfig;
  return rest;
}

function withConversion(object: unknown, clientConfig: unknown): unknown {
  const [spec, conversion, webhook] = [['spec'], ['spec', 'conversion'], ['spec', 'conversion', 'webhook']].map((path) => {
    const found = at(object, ...path);
    return isObject(found) ? found : {};
  });
  return { ...spec, conversion: { ...conversion, webhook: { ...webhook, clientConfig } } };
}

function imagesOf(objects: readonly ManifestObject[]): readonly string[] {
  const images = objects.flatMap(({ object }) =>
    listAt(object, 'spec', 'template', 'spec', 'containers').flatMap((one) => textAt(one, 'image') ?? []),
  );
  return [...new Set(images)].map((image) => printable(image, 200));
}

const inOrder = (objects: readonly ManifestObject[]): readonly ManifestObject[] =>
  [...objects].sort((a, b) => MANIFEST_KINDS.indexOf(a.resource) - MANIFEST_KINDS.indexOf(b.resource));

const bad = (source: string, why: string): FreeholdError =>
  new FreeholdError('manifest-bad', `${printable(source, 200)} cannot be used: ${printable(why, 300)}.`, {
    hint: 'Name the manifest metallb-native.yaml of a release of MetalLB. Nothing was changed.',
    exitCode: EXIT.usage,
  });

const MOST_SHOWN = 20;
function notMetallb(source: string, strange: readonly string[]): FreeholdError {
  const shown = strange.slice(0, MOST_SHOWN).map((line) => `  ${line}`);
  const more = strange.length > MOST_SHOWN ? [`  and ${strange.length - MOST_SHOWN} more`] : [];
  return new FreeholdError(
    'manifest-not-metallb',
    [`${printable(source, 200)} is not MetalLB's manifest alone:`, ...shown, ...more].join('\n'),
    {
      hint: 'Nothing was changed. Name the manifest of a release as it is, and apply the rest by other means.',
      exitCode: EXIT.no,
    },
  );
}
