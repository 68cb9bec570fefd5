/**
 * The manifests of rights, held against what the code really asks: an API server that knows no other rights refuses nothing of it, and
 * nothing is granted that nobody asks for.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { strictArpCommand } from '../../src/cli/strict-arp.ts';
import { connectCluster } from '../../src/cluster/connect.ts';
import { readDetails } from '../../src/cluster/doctor/read-details.ts';
import { readClusterFacts } from '../../src/cluster/facts.ts';
import { ClusterWatch } from '../../src/cluster/watch/cluster-watch.ts';
import { connectionTo } from '../../src/cluster/watch/connection.ts';
import { systemClock } from '../../src/system/clock.ts';
import { createLogger } from '../../src/system/logger.ts';
import { startGround } from '../cli/apply/ground.ts';
import { type ClusterDouble, type KubeJson, type RecordedRequest, startCluster } from '../cluster/double.ts';
import { advertisement, ciliumCluster, kubeadmCluster, loadBalancer, pool, withMetallb } from '../cluster/fixtures.ts';
import { caughtOutput, QUICK, rig } from '../cluster-room/rig.ts';
import { smoke, stage } from '../cluster-room/smoke/stage.ts';

const FOLDER = resolve(import.meta.dirname, '../../systemd');
const FILES = [
  'rbac-apply.yaml',
  'rbac-daemon.yaml',
  'rbac-doctor.yaml',
  'rbac-smoke-test.yaml',
  'rbac-strict-arp.yaml',
] as const;
type File = (typeof FILES)[number];

const read = (file: File): string => readFileSync(join(FOLDER, file), 'utf8');
const objectsOf = (file: File): readonly KubeJson[] =>
  parseAllDocuments(read(file)).map((document) => document.toJS() as KubeJson);

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

/** `verb resource.group`, and the names where a rule is about some only. */
const granted = (file: File): readonly string[] =>
  objectsOf(file).flatMap(({ kind, rules }) =>
    kind !== 'Role' && kind !== 'ClusterRole'
      ? []
      : (rules as readonly Rule[]).flatMap(({ apiGroups, resources, resourceNames, verbs }) =>
          apiGroups.flatMap((group) =>
            resources.flatMap((resource) =>
              verbs.flatMap((verb) =>
                (resourceNames ?? ['']).map(
                  (name) => `${verb} ${resource}${group === '' ? '' : `.${group}`}${name === '' ? '' : ` ${name}`}`,
                ),
              ),
            ),
          ),
        ),
  );

const VERBS: Readonly<Record<string, string>> = { POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' };

/** What a request needs, without a name and with it; nothing for paths that are no objects. */
function asked({ method, path, query }: RecordedRequest): readonly string[] {
  const parts = /^\/(?:api|apis\/([^/]+))\/[^/]+\/(?:namespaces\/[^/]+\/)?([^/]+)(?:\/([^/]+))?$/.exec(path);
  if (parts === null) return [];
  const [, group, resource, name] = parts;
  const verb = VERBS[method] ?? ('watch' in query ? 'watch' : name === undefined ? 'list' : 'get');
  const what = `${verb} ${resource}${group === undefined ? '' : `.${group}`}`;
  return name === undefined ? [what] : [what, `${what} ${name}`];
}

/** With the rights of a file, and those that rbac-daemon.yaml gives nobody else. @returns the user's name */
function grant(cluster: ClusterDouble, file: File): string {
  cluster.seed(...objectsOf('rbac-daemon.yaml'), ...(file === 'rbac-daemon.yaml' ? [] : objectsOf(file)));
  const account = objectsOf(file).find(({ kind }) => kind === 'ServiceAccount')?.metadata;
  return `system:serviceaccount:${account?.namespace}:${account?.name}`;
}

const of = (cluster: ClusterDouble, user: string): readonly RecordedRequest[] =>
  cluster.requests.filter((one) => one.user === user);
const refused = (cluster: ClusterDouble, user: string): readonly string[] =>
  of(cluster, user).flatMap(({ status, method, path }) => (status === 401 || status === 403 ? [`${method} ${path}`] : []));

/** Rights that nobody asked for. */
const unused = (file: File, requests: readonly RecordedRequest[]): readonly string[] => {
  const needed = new Set(requests.flatMap(asked));
  return granted(file).filter((right) => !needed.has(right));
};

describe('the manifests of rights', () => {
  it('are these, and no others', () => {
    expect(
      readdirSync(FOLDER)
        .filter((name) => name.startsWith('rbac-'))
        .sort(),
    ).toEqual([...FILES]);
  });

  it.each(FILES)('%s binds each of its roles to its own ServiceAccount, and uses no wildcard', (file) => {
    const objects = objectsOf(file);
    const named = (kind: string) => objects.filter((one) => one.kind === kind).map(({ metadata }) => metadata);
    const [account, ...others] = named('ServiceAccount');
    expect(others).toEqual([]);
    for (const kind of ['Role', 'ClusterRole']) {
      for (const role of named(kind)) {
        const binding = objects.find(
          (one) => one.kind === `${kind}Binding` && one.metadata.name === role.name && one.metadata.namespace === role.namespace,
        );
        expect(binding).toMatchObject({
          roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name: role.name },
          subjects: [{ kind: 'ServiceAccount', name: account?.name, namespace: account?.namespace }],
        });
      }
    }
    expect(read(file)).not.toMatch(/\*['"]|\[\*\]/);
    expect(granted(file).length).toBeGreaterThan(3);
  });

  it('the daemon only lists and watches, and asks for all that it may, and nothing else', async () => {
    const cluster = await startCluster({ objects: [...kubeadmCluster(), ...withMetallb(), pool('p', ['192.0.2.200/32'])] });
    onTestFinished(() => cluster.close());
    const user = grant(cluster, 'rbac-daemon.yaml');
    const watch = new ClusterWatch({
      connection: connectionTo({ kind: 'files', paths: [cluster.kubeconfig(user)], from: 'configuration' }, null),
      namespace: 'metallb-system',
      clock: systemClock,
      logger: createLogger({ level: 'silent' }),
      random: () => 0.5,
    });
    onTestFinished(() => watch.stop());
    watch.start();
    await vi.waitFor(() => expect(cluster.openWatches).toBe(7), { timeout: 15_000 });
    expect(refused(cluster, user)).toEqual([]);
    expect(unused('rbac-daemon.yaml', of(cluster, user))).toEqual([]);
    expect(granted('rbac-daemon.yaml').every((right) => /^(list|watch) /.test(right))).toBe(true);
  });

  it('apply can do all that it does, also to take back what it could not finish', async () => {
    const ground = await startGround();
    onTestFinished(() => ground.close());
    const { cluster } = ground;
    const user = grant(cluster, 'rbac-apply.yaml');
    const broken = cluster.fault(
      { method: 'PATCH', path: /ipaddresspools/, dryRun: false },
      { kind: 'status', status: 422, message: 'no' },
    );
    expect((await ground.apply({}, { user })).exitCode).not.toBe(0);
    broken();
    const applied = await ground.apply({}, { user });
    expect(applied).toMatchObject({ exitCode: 0, error: null });
    expect(refused(cluster, user)).toEqual([]);
    expect(unused('rbac-apply.yaml', of(cluster, user))).toEqual(EXPECTED_OF_APPLY);
  });
  /** Of server-side apply, which the log knows by `patch` alone. */
  const EXPECTED_OF_APPLY = ['create ipaddresspools.metallb.io', 'create l2advertisements.metallb.io'];

  it('doctor can look at everything', async () => {
    const cluster = await startCluster({
      objects: [
        ...kubeadmCluster({ mode: 'ipvs' }),
        ...ciliumCluster({ l2: true }).filter(
          ({ apiVersion, kind }) => apiVersion?.includes('cilium') === true || kind === 'CustomResourceDefinition',
        ),
        ...withMetallb(),
        pool('p', ['192.0.2.200/32']),
        advertisement('a'),
        loadBalancer('first'),
        loadBalancer('pending'),
      ],
      unreadyDeployments: ['metallb-system/controller'],
    });
    onTestFinished(() => cluster.close());
    const user = grant(cluster, 'rbac-doctor.yaml');
    const api = connectCluster({ path: cluster.kubeconfig(user), context: null });
    const facts = await readClusterFacts(api, 'metallb-system');
    const details = await readDetails(api, facts);
    expect([...facts.unread, ...details.unread]).toEqual([]);
    expect(refused(cluster, user)).toEqual([]);
    expect(unused('rbac-doctor.yaml', of(cluster, user)).filter((right) => !right.startsWith('create '))).toEqual([]);
  });

  it('strict-arp can do all that it does', async () => {
    await using scene = await rig({ objects: kubeadmCluster({ mode: 'ipvs', strictArp: false }) });
    await using bare = await rig();
    const requests: RecordedRequest[] = [];
    for (const { cluster, api } of [scene, bare]) {
      const user = grant(cluster, 'rbac-strict-arp.yaml');
      const parts = { api: api(user), ask: null, signal: new AbortController().signal, pace: QUICK };
      for (const enable of [true, false]) {
        const { output } = caughtOutput();
        expect(await strictArpCommand({ namespace: 'metallb-system', waitMs: 10_000, enable, yes: true }, output, parts)).toBe(0);
      }
      expect(refused(cluster, user)).toEqual([]);
      requests.push(...of(cluster, user));
    }
    expect(unused('rbac-strict-arp.yaml', requests)).toEqual(['list events']);
  });

  it('smoke-test can do all that it does', async () => {
    const scene = await stage();
    onTestFinished(() => scene.cluster.close());
    const user = grant(scene.cluster, 'rbac-smoke-test.yaml');
    expect((await smoke(scene, {}, { user })).code).toBe(0);
    expect(refused(scene.cluster, user)).toEqual([]);
    const late = await stage({ podsReadyAfterMs: 60_000 });
    onTestFinished(() => late.cluster.close());
    grant(late.cluster, 'rbac-smoke-test.yaml');
    expect((await smoke(late, { waitMs: 300 }, { user })).code).not.toBe(0);
    expect(refused(late.cluster, user)).toEqual([]);
    expect(unused('rbac-smoke-test.yaml', [...of(scene.cluster, user), ...of(late.cluster, user)])).toEqual([]);
  });
});
