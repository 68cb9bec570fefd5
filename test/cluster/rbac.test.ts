import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ClusterDouble } from './double.ts';
import { kubeadmCluster, pool, withMetallb } from './fixtures.ts';
import { at, textAt } from './json.ts';
import { type Answered, apply, ask, configOf, doubleOnly } from './with-cluster.ts';

const POOLS = '/apis/metallb.io/v1beta1/namespaces/metallb-system/ipaddresspools';
const RBAC = 'rbac.authorization.k8s.io/v1';

let double: ClusterDouble;
beforeAll(async () => {
  double = await doubleOnly('users and rights of a real cluster are its own', {
    objects: [...kubeadmCluster(), ...withMetallb()],
  });
});
afterAll(() => double.close());

const get = (user: string, path: string): Promise<Answered> => ask(configOf(double.kubeconfig(user)), 'GET', path);
const put = (user: string, name: string, query = {}): Promise<Answered> =>
  apply(configOf(double.kubeconfig(user)), `${POOLS}/${name}`, 'freehold', pool(name, ['192.0.2.1/32']), query);

describe('users', () => {
  it.each([
    ['daemon', '/api/v1/nodes', 200],
    ['daemon', '/api/v1/services', 200],
    ['daemon', '/apis/discovery.k8s.io/v1/endpointslices', 200],
    ['daemon', '/apis/metallb.io/v1beta1/ipaddresspools', 200],
    ['daemon', '/api/v1/namespaces/metallb-system/secrets', 403],
    ['apply', '/api/v1/namespaces/kube-system/configmaps/kube-proxy', 200],
    ['apply', '/api/v1/namespaces/kube-system/configmaps/other', 403],
    ['nobody', '/api/v1/nodes', 403],
    ['nobody', '/version', 200],
    ['nobody', '/apis', 200],
    ['expired', '/version', 401],
    ['expired', '/api/v1/nodes', 401],
  ])('%s gets %s: %i', async (user, path, status) => {
    expect((await get(user, path)).status).toBe(status);
  });

  it.each([
    [
      `${POOLS}`,
      'ipaddresspools.metallb.io is forbidden: User "nobody" cannot list resource "ipaddresspools" in API group "metallb.io" in the namespace "metallb-system"',
    ],
    [
      `${POOLS}/p`,
      'ipaddresspools.metallb.io "p" is forbidden: User "nobody" cannot get resource "ipaddresspools" in API group "metallb.io" in the namespace "metallb-system"',
    ],
    ['/api/v1/nodes', 'nodes is forbidden: User "nobody" cannot list resource "nodes" in API group "" at the cluster scope'],
    [
      '/apis/no.such.group/v1/things',
      'things.no.such.group is forbidden: User "nobody" cannot list resource "things" in API group "no.such.group" at the cluster scope',
    ],
  ])('are refused %s in these words', async (path, message) => {
    expect(await get('nobody', path)).toMatchObject({
      status: 403,
      message,
      body: { kind: 'Status', reason: 'Forbidden', code: 403 },
    });
  });

  it('are refused with 401 while their token is not valid', async () => {
    double.setTokenValid('daemon', false);
    expect(await get('daemon', '/api/v1/nodes')).toMatchObject({
      status: 401,
      body: { kind: 'Status', status: 'Failure', message: 'Unauthorized', reason: 'Unauthorized', code: 401 },
    });
    double.setTokenValid('daemon', true);
    expect((await get('daemon', '/api/v1/nodes')).status).toBe(200);
  });

  it('may come with a certificate', async () => {
    const config = configOf(double.kubeconfig('admin', 'certificate'));
    expect(config.getCurrentUser()).toMatchObject({ token: undefined, certData: expect.any(String) });
    expect((await ask(config, 'GET', '/api/v1/nodes')).status).toBe(200);
  });

  it('are nobody without a token', async () => {
    const config = configOf(double.kubeconfig());
    config.users = [{ name: 'admin' }];
    expect(await ask(config, 'GET', '/api/v1/nodes')).toMatchObject({
      status: 403,
      message: 'nodes is forbidden: User "system:anonymous" cannot list resource "nodes" in API group "" at the cluster scope',
    });
    expect((await ask(config, 'GET', '/version')).status).toBe(200);
  });
});

describe('rights', () => {
  it('to apply are not enough to create', async () => {
    const back = double.deny('apply', { verb: 'create' });
    for (const query of [{}, { dryRun: 'All' }]) {
      expect(await put('apply', 'fresh', query)).toMatchObject({
        status: 403,
        message:
          'ipaddresspools.metallb.io "fresh" is forbidden: User "freehold-apply" cannot create resource "ipaddresspools" in API group "metallb.io" in the namespace "metallb-system"',
      });
    }
    back();
    expect(await put('apply', 'fresh')).toMatchObject({ status: 201 });
    double.deny('apply', { verb: 'create' });
    expect(await put('apply', 'fresh')).toMatchObject({ status: 200 });
  });

  it('are given to those who had none', async () => {
    expect((await get('somebody', '/api/v1/nodes')).status).toBe(403);
    double.allow('somebody', [{ verbs: ['list'], groups: [''], resources: ['nodes'] }]);
    expect((await get('somebody', '/api/v1/nodes')).status).toBe(200);
    expect((await get('somebody', '/api/v1/nodes/node-1')).status).toBe(403);
  });

  it('come from the roles of the cluster, for its service accounts too', async () => {
    const account = 'system:serviceaccount:default:reader';
    const metadata = { name: 'reader', namespace: 'default' };
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reader' };
    double.seed(
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
      { apiVersion: RBAC, kind: 'Role', metadata, rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['get', 'list'] }] },
      {
        apiVersion: RBAC,
        kind: 'RoleBinding',
        metadata,
        roleRef,
        subjects: [{ kind: 'ServiceAccount', name: 'reader', namespace: 'default' }],
      },
    );
    const path = '/api/v1/namespaces/default/serviceaccounts/reader/token';
    const made = await ask(configOf(double.kubeconfig()), 'POST', path, {
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} },
    });
    expect(made.status).toBe(201);
    const config = configOf(double.kubeconfig());
    config.users = [{ name: 'admin', token: textAt(made.body, 'status', 'token') ?? '' }];
    expect((await ask(config, 'GET', '/api/v1/namespaces/default/secrets')).status).toBe(200);
    expect((await ask(config, 'GET', '/api/v1/namespaces/kube-system/secrets')).status).toBe(403);
    expect((await get(account, '/api/v1/namespaces/default/secrets')).status).toBe(200);
  });

  it.each([
    ['admin', 'delete', true],
    ['daemon', 'list', true],
    ['daemon', 'patch', false],
    ['nobody', 'list', false],
  ])('can be asked for: %s may %s: %s', async (user, verb, allowed) => {
    const body = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: { resourceAttributes: { verb, group: 'metallb.io', resource: 'ipaddresspools', namespace: 'metallb-system' } },
    };
    const answer = await ask(
      configOf(double.kubeconfig(user)),
      'POST',
      '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
      { body },
    );
    expect(answer.status).toBe(201);
    expect(at(answer.body, 'status', 'allowed')).toBe(allowed);
  });
});
