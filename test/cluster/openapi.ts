/**
 * As much of the OpenAPI documents as tells a client which parameters a patch takes: kubectl looks there before it lets the server
 * check fields. Holds no schemas.
 */
import type { JsonObject } from './json.ts';
import { groupVersionOf, type Resource, type Resources } from './resources.ts';

const baseOf = (resource: Resource): string => `${resource.group === '' ? 'api' : 'apis'}/${groupVersionOf(resource)}`;

/** @param below what follows `/openapi/v3`; empty: the index. @returns undefined for a group that is not there */
export function openApi(below: string, resources: Resources): JsonObject | undefined {
  const bases = Map.groupBy(resources.all(), baseOf);
  if (below === '') {
    return { paths: Object.fromEntries([...bases.keys()].map((base) => [base, { serverRelativeURL: `/openapi/v3/${base}` }])) };
  }
  const found = bases.get(below);
  if (found === undefined) return undefined;
  const paths = Object.fromEntries(found.map((one) => [`/${below}/${one.plural}/{name}`, { patch: patchOf(one) }]));
  return { openapi: '3.0.0', info: { title: 'Kubernetes', version: 'unversioned' }, paths };
}

const patchOf = ({ group, version, kind }: Resource): JsonObject => ({
  parameters: ['dryRun', 'fieldManager', 'fieldValidation', 'force'].map((name) => ({
    name,
    in: 'query',
    schema: { type: 'string' },
  })),
  responses: {},
  'x-kubernetes-action': 'patch',
  'x-kubernetes-group-version-kind': { group, version, kind },
});
