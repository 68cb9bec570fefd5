/**
 * Who may do what: users with rules of their own, and what the Roles and ClusterRoles of the cluster bind to them. Groups of
 * non-resource paths are left out: everybody who logged in may look at versions and discovery.
 */
import { type KubeJson, listAt, textAt, textsAt } from './json.ts';
import type { Store } from './store.ts';

export interface Rule {
  readonly verbs: readonly string[];
  readonly groups: readonly string[];
  /** `pods`, `pods/status`, or `*`. */
  readonly resources: readonly string[];
  /** Absent: every name. */
  readonly names?: readonly string[];
  /** Absent: every namespace, and what is in none. */
  readonly namespaces?: readonly string[];
}

export interface Denial {
  readonly verb?: string;
  readonly group?: string;
  readonly resource?: string;
  readonly namespace?: string;
}

/** One thing that somebody wants to do. */
export interface Wish {
  readonly verb: string;
  readonly group: string;
  /** With its subresource: `ipaddresspools/status`. */
  readonly resource: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
}

export interface User {
  /** As texts have it. */
  readonly name: string;
  readonly groups: readonly string[];
}

const covers = (listed: readonly string[], one: string): boolean => listed.includes('*') || listed.includes(one);

const grants = ({ verbs, groups, resources, names, namespaces }: Rule, wish: Wish): boolean =>
  covers(verbs, wish.verb) &&
  covers(groups, wish.group) &&
  covers(resources, wish.resource) &&
  (names === undefined || (wish.name !== undefined && names.includes(wish.name))) &&
  (namespaces === undefined || (wish.namespace !== undefined && namespaces.includes(wish.namespace)));

const denies = (denial: Denial, wish: Wish): boolean =>
  (denial.verb ?? wish.verb) === wish.verb &&
  (denial.group ?? wish.group) === wish.group &&
  (denial.resource ?? wish.resource) === wish.resource &&
  (denial.namespace ?? wish.namespace) === wish.namespace;

const READ = ['get', 'list', 'watch'];
const METALLB = ['ipaddresspools', 'l2advertisements', 'servicel2statuses', 'configurationstates'];

/** What a daemon needs, and no more. */
const DAEMON: readonly Rule[] = [
  { verbs: READ, groups: [''], resources: ['nodes', 'services'] },
  { verbs: READ, groups: ['discovery.k8s.io'], resources: ['endpointslices'] },
  { verbs: READ, groups: ['metallb.io'], resources: METALLB },
];

/** What applying needs beside that. */
const APPLY: readonly Rule[] = [
  ...DAEMON,
  {
    verbs: ['get', 'list', 'create', 'patch'],
    groups: ['metallb.io'],
    resources: ['ipaddresspools', 'l2advertisements'],
    namespaces: ['metallb-system'],
  },
  // To take an advertisement back whose pool could not be pushed.
  { verbs: ['delete'], groups: ['metallb.io'], resources: ['l2advertisements'], namespaces: ['metallb-system'] },
  { verbs: ['get'], groups: [''], resources: ['configmaps'], names: ['kube-proxy'], namespaces: ['kube-system'] },
  { verbs: ['get', 'list'], groups: ['apps'], resources: ['deployments', 'daemonsets'] },
  { verbs: ['get'], groups: ['admissionregistration.k8s.io'], resources: ['validatingwebhookconfigurations'] },
];

const EVERYTHING: Rule = { verbs: ['*'], groups: ['*'], resources: ['*'] };

export const FIRST_RULES: Readonly<Record<string, readonly Rule[]>> = { admin: [EVERYTHING], daemon: DAEMON, apply: APPLY };
/** Names that differ from those of the kubeconfigs. */
export const USER_NAMES: Readonly<Record<string, string>> = {
  admin: 'kubernetes-admin',
  daemon: 'freehold',
  apply: 'freehold-apply',
};
export const ANONYMOUS: User = { name: 'system:anonymous', groups: ['system:unauthenticated'] };

export class Rbac {
  readonly #rules = new Map<string, readonly Rule[]>();
  readonly #denials = new Map<string, Set<Denial>>();
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
    for (const [user, rules] of Object.entries(FIRST_RULES)) this.allow(USER_NAMES[user] ?? user, rules);
  }

  allow(user: string, rules: readonly Rule[]): void {
    this.#rules.set(user, [...(this.#rules.get(user) ?? []), ...rules]);
  }

  /** @returns how to take it back */
  deny(user: string, denial: Denial): () => void {
    const denials = this.#denials.get(user) ?? new Set<Denial>();
    this.#denials.set(user, denials);
    denials.add(denial);
    return () => void denials.delete(denial);
  }

  allows(user: User, wish: Wish): boolean {
    if ([...(this.#denials.get(user.name) ?? [])].some((denial) => denies(denial, wish))) return false;
    if (user.groups.includes('system:masters')) return true;
    const own = this.#rules.get(user.name) ?? [];
    return own.some((rule) => grants(rule, wish)) || this.#bound(user).some((rule) => grants(rule, wish));
  }

  /** Rules of the roles that are bound to a user in the cluster itself. */
  #bound(user: User): readonly Rule[] {
    const bindings = (plural: string): readonly KubeJson[] =>
      this.#store
        .list(`rbac.authorization.k8s.io/${plural}`)
        .filter((binding) => listAt(binding, 'subjects').some((subject) => isSubject(subject, user)));
    return [...bindings('clusterrolebindings'), ...bindings('rolebindings')].flatMap((binding) => {
      const namespace = binding.metadata.namespace;
      const isCluster = textAt(binding, 'roleRef', 'kind') === 'ClusterRole';
      const plural = isCluster ? 'clusterroles' : 'roles';
      const name = textAt(binding, 'roleRef', 'name') ?? '';
      const role = this.#store.get(`rbac.authorization.k8s.io/${plural}`, isCluster ? '' : (namespace ?? ''), name);
      return listAt(role, 'rules').map((rule) => ruleOf(rule, namespace));
    });
  }
}

function ruleOf(rule: unknown, namespace: string | undefined): Rule {
  const names = textsAt(rule, 'resourceNames');
  return {
    verbs: textsAt(rule, 'verbs'),
    groups: textsAt(rule, 'apiGroups'),
    resources: textsAt(rule, 'resources'),
    ...(names.length === 0 ? {} : { names }),
    ...(namespace === undefined ? {} : { namespaces: [namespace] }),
  };
}

function isSubject(subject: unknown, user: User): boolean {
  const name = textAt(subject, 'name') ?? '';
  switch (textAt(subject, 'kind')) {
    case 'User':
      return name === user.name;
    case 'Group':
      return user.groups.includes(name);
    case 'ServiceAccount':
      return `system:serviceaccount:${textAt(subject, 'namespace') ?? ''}:${name}` === user.name;
    default:
      return false;
  }
}

/** As the real one words it. */
export function refusalText(user: string, { verb, group, resource, namespace }: Wish): string {
  const where = namespace === undefined ? 'at the cluster scope' : `in the namespace "${namespace}"`;
  return `User "${user}" cannot ${verb} resource "${resource}" in API group "${group}" ${where}`;
}
