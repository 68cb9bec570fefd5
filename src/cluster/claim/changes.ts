/**
 * The difference that a claim makes, for the person who says yes: the objects as they are beside the objects as the server's own dry run
 * would leave them, without what nobody wrote.
 */
import { type DiffColors, yamlDiff } from '../diff-text.ts';
import { at, type JsonObject, type KubeObject } from '../kube/objects.ts';
import type { ClaimManifests, Current } from './manifests.ts';

/** Lines; empty where nothing changes. */
export function claimChanges(current: Current, after: ClaimManifests, colors?: DiffColors): readonly string[] {
  return [
    ...one('IPAddressPool', current.pool, after.pool, colors),
    ...one('L2Advertisement', current.advertisement, after.advertisement, colors),
  ];
}

function one(kind: string, before: KubeObject | null, after: KubeObject, colors: DiffColors | undefined): readonly string[] {
  const name = `${kind} ${after.metadata.name}`;
  return yamlDiff(
    before === null ? null : written(before),
    written(after),
    { from: `${name} as it is`, to: `${name} as it will be`, context: 20 },
    colors,
  );
}

/** What people write: no status, and no bookkeeping of the server. */
function written(object: KubeObject): JsonObject {
  const { name, namespace, labels, annotations } = object.metadata;
  return {
    kind: object.kind,
    metadata: {
      name,
      namespace,
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
    },
    spec: at(object, 'spec'),
  };
}
