/** What the server says of itself: versions, groups, resources. The unaggregated form, which every client falls back to. */
import type { JsonObject } from './json.ts';
import { openApi } from './openapi.ts';
import { groupVersionOf, type Resource, type Resources } from './resources.ts';

const VERSION = {
  major: '1',
  minor: '34',
  gitVersion: 'v1.34.1',
  gitCommit: '0000000000000000000000000000000000000000',
  gitTreeState: 'clean',
  buildDate: '2025-09-09T00:00:00Z',
  goVersion: 'go1.24.6',
  compiler: 'gc',
  platform: 'linux/amd64',
};

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const STATUS_VERBS = ['get', 'patch', 'update'];

/** Groups that answer questions and store nothing. */
const REVIEWS: readonly JsonObject[] = [
  {
    name: 'selfsubjectaccessreviews',
    singularName: 'selfsubjectaccessreview',
    namespaced: false,
    kind: 'SelfSubjectAccessReview',
    verbs: ['create'],
  },
];

/** @returns a document, a text, or undefined for a path that is none of these */
export function discover(path: string, resources: Resources): JsonObject | string | undefined {
  if (path.startsWith('/openapi/v3')) return openApi(path.slice('/openapi/v3/'.length), resources);
  const [root, group, version, ...more] = path.split('/').filter((part) => part !== '');
  if (more.length > 0) return undefined;
  switch (root) {
    case 'version':
      return group === undefined ? VERSION : undefined;
    case 'healthz':
    case 'livez':
    case 'readyz':
      return group === undefined ? 'ok' : undefined;
    case 'api':
      if (group === undefined) return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] };
      return version === undefined ? resourceList('', group, resources) : undefined;
    case 'apis':
      if (group === undefined) return { kind: 'APIGroupList', apiVersion: 'v1', groups: groupsOf(resources) };
      if (version === undefined) return groupOf(group, resources);
      return group === 'authorization.k8s.io'
        ? listWith(`${group}/${version}`, REVIEWS)
        : resourceList(group, version, resources);
    default:
      return undefined;
  }
}

function groupsOf(resources: Resources): readonly JsonObject[] {
  const versions = Map.groupBy(
    resources.all().filter(({ group }) => group !== ''),
    ({ group }) => group,
  );
  const stored = [...versions].map(([name, of]) => describe(name, [...new Set(of.map(({ version }) => version))]));
  return [...stored, describe('authorization.k8s.io', ['v1'])];
}

function describe(name: string, versions: readonly string[]): JsonObject {
  const all = versions.map((version) => ({ groupVersion: `${name}/${version}`, version }));
  return { name, versions: all, preferredVersion: all[0] };
}

function groupOf(name: string, resources: Resources): JsonObject | undefined {
  const found = groupsOf(resources).find((group) => group['name'] === name);
  return found === undefined ? undefined : { kind: 'APIGroup', apiVersion: 'v1', ...found };
}

function resourceList(group: string, version: string, resources: Resources): JsonObject | undefined {
  const found = resources.all().filter((one) => one.group === group && one.version === version);
  const [first] = found;
  return first === undefined ? undefined : listWith(groupVersionOf(first), found.flatMap(entriesOf));
}

const listWith = (groupVersion: string, resources: readonly JsonObject[]): JsonObject => ({
  kind: 'APIResourceList',
  apiVersion: 'v1',
  groupVersion,
  resources,
});

function entriesOf({ plural, singular, namespaced, kind, shortNames, hasStatus }: Resource): readonly JsonObject[] {
  const main = {
    name: plural,
    singularName: singular,
    namespaced,
    kind,
    verbs: VERBS,
    ...(shortNames.length > 0 ? { shortNames } : {}),
  };
  return hasStatus ? [main, { name: `${plural}/status`, singularName: '', namespaced, kind, verbs: STATUS_VERBS }] : [main];
}
