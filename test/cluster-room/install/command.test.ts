import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type MetallbInstallOptions, type MetallbInstallParts, metallbInstallCommand } from '../../../src/cli/metallb-install.ts';
import { EXIT } from '../../../src/core/error.ts';
import type { ClusterOptions } from '../../cluster/double.ts';
import { bareCluster, ciliumCluster, k3sCluster, kubeadmCluster, namespace, pool, withMetallb } from '../../cluster/fixtures.ts';
import { type KubeJson, listAt, textAt } from '../../cluster/json.ts';
import { type MetallbVersion, metallbManifestYaml } from '../../cluster/metallb-manifest.ts';
import { answering, caughtOutput, errorOf, keyboard, QUICK, type Rig, rig } from '../rig.ts';

const folder = mkdtempSync(join(tmpdir(), 'freehold-install-'));
afterAll(() => rmSync(folder, { recursive: true }));

const files = new Map<string, string>();
/** The manifest as a file. */
function manifest(version: MetallbVersion = 'v0.15.3', change: (text: string) => string = (text) => text): string {
  const text = change(metallbManifestYaml(version));
  const path = files.get(text) ?? join(folder, `metallb-${files.size}.yaml`);
  files.set(text, path);
  writeFileSync(path, text);
  return path;
}

const OPTIONS: MetallbInstallOptions = { namespace: 'metallb-system', yes: true, waitMs: 10_000 };
const scene = (options: ClusterOptions = {}): Promise<Rig> => rig({ objects: bareCluster(), ...options });

async function run(
  { api }: Pick<Rig, 'api'>,
  options: Partial<MetallbInstallOptions> = {},
  parts: Partial<MetallbInstallParts> & { readonly user?: string } = {},
) {
  const { output, stdout, stderr } = caughtOutput();
  const given = { api: api(parts.user), ask: null, signal: new AbortController().signal, pace: QUICK, ...parts };
  const ran = metallbInstallCommand({ ...OPTIONS, manifest: manifest(), ...options }, output, given);
  return { ran, text: () => stdout.text().replace(/\s+/g, ' '), notes: () => stderr.text().replace(/\s+/g, ' '), stdout };
}

const bundles = ({ cluster }: Rig): readonly unknown[] =>
  listAt(cluster.object('ValidatingWebhookConfiguration', 'metallb-webhook-configuration'), 'webhooks').map((one) =>
    textAt(one, 'clientConfig', 'caBundle'),
  );

/** `Kind name` of every object that was applied, in order. */
const applied = (on: Rig): readonly string[] =>
  on
    .writes()
    .flatMap(({ method, status, body }) =>
      method === 'PATCH' && status < 300 ? [`${textAt(body, 'kind')} ${textAt(body, 'metadata', 'name')}`] : [],
    );

describe('metallb install', () => {
  it.each(['v0.15.3', 'v0.16.1'] as const)('brings up %s in an empty cluster', async (version) => {
    await using on = await scene();
    const { ran, text } = await run(on, { manifest: manifest(version), version: version.slice(1) });
    expect(await ran).toBe(EXIT.ok);
    expect(text()).toMatch(
      new RegExp(`MetalLB ${version.slice(1)}, from .* create +Namespace metallb-system .*0 to change, 0 unchanged`),
    );
    const steps = [
      'Namespace and kinds applied',
      'Kinds established',
      'Components applied',
      'Controller available',
      'Webhook has its certificate',
      'Webhook has a ready endpoint',
      'Speakers ready: 3 of 3',
      'MetalLB judges a pool',
    ];
    expect(text()).toMatch(new RegExp(steps.map((step) => `ok ${step}`).join('.*')));
    expect(text()).toMatch(/is there and judges pools\. It has no addresses yet: freehold apply/);
    expect(on.cluster.objects('IPAddressPool')).toEqual([]);
    const order = applied(on);
    expect(order[0]).toBe('Namespace metallb-system');
    expect(order.at(-1)).toBe('ValidatingWebhookConfiguration metallb-webhook-configuration');
    const lastCrd = order.findLastIndex((one) => one.startsWith('CustomResourceDefinition'));
    expect(order.findIndex((one) => !/^(Namespace|CustomResourceDefinition) /.test(one))).toBeGreaterThan(lastCrd);
  });

  it('never forces, and is always Freehold', async () => {
    await using on = await scene();
    await (await run(on)).ran;
    const patches = on.cluster.requests.filter(({ method }) => method === 'PATCH');
    expect(patches.length).toBeGreaterThan(26);
    for (const { query } of patches) expect(query).toMatchObject({ fieldManager: 'freehold', force: 'false' });
  });

  it('changes nothing the second time, asks nothing, and leaves the certificate of the webhook', async () => {
    await using on = await scene();
    await (await run(on)).ran;
    await on.cluster.settled();
    const before = bundles(on);
    expect(before.length).toBeGreaterThan(0);
    for (const bundle of before) expect(bundle).toMatch(/^LS0t/);
    const writes = on.writes().length;
    const { ran, text } = await run(on, { yes: false });
    expect(await ran).toBe(EXIT.ok);
    expect(text()).toMatch(/0 to create, 0 to change, 26 unchanged/);
    expect(on.writes()).toHaveLength(writes);
    expect(bundles(on)).toEqual(before);
  });

  it('leaves the certificate also where the webhook is applied again, and where the manifest has one', async () => {
    await using on = await scene();
    await (await run(on)).ran;
    await on.cluster.settled();
    const before = bundles(on);
    const changed = manifest('v0.15.3', (text) =>
      text
        .replaceAll('failurePolicy: Fail', 'failurePolicy: Fail\n    timeoutSeconds: 7')
        .replaceAll('clientConfig:', 'clientConfig:\n      caBundle: Cg=='),
    );
    const { ran } = await run(on, { manifest: changed });
    expect(await ran).toBe(EXIT.ok);
    expect(applied(on).at(-1)).toBe('ValidatingWebhookConfiguration metallb-webhook-configuration');
    expect(bundles(on)).toEqual(before);
  });

  it('takes up what is half there', async () => {
    await using on = await scene();
    on.cluster.fault(
      { method: 'PATCH', path: /daemonsets/, dryRun: false, times: 1 },
      { kind: 'status', status: 422, message: 'no' },
    );
    const first = await run(on);
    expect(await errorOf(first.ran)).toMatchObject({
      code: 'cluster-invalid',
      exitCode: EXIT.no,
      message: expect.stringContaining('DaemonSet metallb-system/speaker'),
    });
    expect(first.notes()).toMatch(/24 objects of the manifest were applied, and stay/);
    const second = await run(on);
    expect(await second.ran).toBe(EXIT.ok);
    expect(second.text()).toMatch(/2 to create, 0 to change, 24 unchanged/);
  });

  it('shows only what would be made with --dry-run', async () => {
    await using on = await scene();
    const { ran, stdout } = await run(on, { dryRun: true, json: true, yes: false });
    expect(await ran).toBe(EXIT.ok);
    const document = JSON.parse(stdout.text()) as { objects: readonly { change: string }[] };
    expect(document).toMatchObject({ version: '0.15.3', namespace: 'metallb-system', dryRun: true, complete: false, steps: [] });
    expect(document.objects.map(({ change }) => change)).toEqual(Array.from({ length: 26 }, () => 'created'));
    expect(on.writes()).toEqual([]);
  });

  it('asks, and does nothing where the answer is no or nobody can be asked', async () => {
    await using on = await scene();
    const { ask, asked } = answering('n');
    expect(await errorOf((await run(on, { yes: false }, { ask })).ran)).toMatchObject({
      code: 'not-confirmed',
      exitCode: EXIT.no,
    });
    expect(asked).toEqual([expect.stringMatching(/^Apply 26 objects to https:/)]);
    expect(await errorOf((await run(on, { yes: false })).ran)).toMatchObject({ code: 'not-confirmed', exitCode: EXIT.usage });
    expect(on.writes()).toEqual([]);
  });

  it.each([
    ['another version', { version: '0.16.1' }, 'manifest-version-differs', /is of MetalLB 0\.15\.3, not of 0\.16\.1/],
    ['another namespace', { namespace: 'lb' }, 'manifest-namespace-differs', /into the namespace metallb-system, not into lb/],
    [
      'no release',
      { version: '0.15.3', manifest: manifest('v0.15.3', (text) => text.replaceAll(':v0.15.3', ':main')) },
      'manifest-version-differs',
      /is of no release/,
    ],
    [
      'something else',
      { manifest: manifest('v0.15.3', (text) => `${text}---\nkind: Job\napiVersion: batch/v1\nmetadata: {name: j}\n`) },
      'manifest-not-metallb',
      /Job j/,
    ],
    ['a file that is not there', { manifest: '/nowhere/metallb.yaml' }, 'manifest-unreadable', /cannot be read/],
    ['plain http', { manifest: 'http://192.0.2.1/m.yaml' }, 'manifest-address-bad', /https only/],
  ])('refuses %s before it asks the cluster anything', async (_, options, code, why) => {
    await using on = await scene();
    const { ran } = await run(on, options);
    expect(await errorOf(ran)).toMatchObject({ code, message: expect.stringMatching(why) });
    expect(on.cluster.requests).toEqual([]);
  });

  it('names who owns what, and writes nothing, where another manager has it otherwise', async () => {
    await using on = await scene({ objects: [...bareCluster(), ...withMetallb('v0.15.3')] });
    const { ran } = await run(on, { manifest: manifest('v0.16.1') });
    const error = await errorOf(ran);
    expect(error).toMatchObject({ code: 'manifest-conflict', exitCode: EXIT.no });
    expect(error).toMatchObject({
      message: expect.stringMatching(/Deployment metallb-system\/controller .*image: owned by "kubectl-client-side-apply"/),
      hint: expect.stringMatching(/--force-conflicts --field-manager=freehold/),
    });
    expect(on.writes()).toEqual([]);
  });

  it('has nothing to do where somebody else installed the same', async () => {
    await using on = await scene({ objects: [...bareCluster(), ...withMetallb('v0.15.3')] });
    const { ran, text } = await run(on);
    expect(await ran).toBe(EXIT.ok);
    expect(text()).toMatch(/26 unchanged/);
    expect(on.writes()).toEqual([]);
  });

  it('stops at a field that somebody takes in the middle, and says what was applied', async () => {
    await using on = await scene();
    on.cluster.before({ method: 'PATCH', path: /deployments\/controller/, dryRun: false, times: 1 }, () => {
      const controller = withMetallb('v0.16.1').find(({ kind }) => kind === 'Deployment');
      if (controller !== undefined) on.cluster.seed(controller);
    });
    const { ran, notes } = await run(on);
    expect(await errorOf(ran)).toMatchObject({ code: 'manifest-conflict' });
    expect(notes()).toMatch(/23 objects of the manifest were applied/);
  });

  it('exits 4 where the rights are missing, and writes nothing', async () => {
    await using on = await scene();
    on.cluster.deny('admin', { verb: 'patch', resource: 'clusterroles' });
    const { ran } = await run(on);
    expect(await errorOf(ran)).toMatchObject({
      code: 'manifest-forbidden',
      exitCode: EXIT.notPermitted,
      hint: expect.stringMatching(/administrator/),
    });
    expect(on.writes()).toEqual([]);
  });

  it.each([['reset'], ['reset-after']] as const)('survives connections that break (%s)', async (kind) => {
    await using on = await scene();
    for (const path of [/namespaces\/metallb-system$/, /customresourcedefinitions\/ip/, /daemonsets\/speaker/]) {
      on.cluster.fault({ method: 'PATCH', path, dryRun: false, times: 1 }, { kind });
    }
    expect(await (await run(on)).ran).toBe(EXIT.ok);
  });

  it('survives an API server that restarts in the middle', async () => {
    await using on = await scene();
    on.cluster.before({ method: 'PATCH', path: /secrets/, dryRun: false, times: 1 }, async () => {
      await on.cluster.stop();
      setTimeout(() => void on.cluster.restart(), 300);
    });
    const { ran, notes } = await run(on);
    expect(await ran).toBe(EXIT.ok);
    expect(notes()).toMatch(/Components applied: The API server .* cannot be reached/);
  });

  it('exits 5 where the API server stays away', async () => {
    await using on = await scene();
    on.cluster.before({ method: 'PATCH', path: /secrets/, dryRun: false, times: 1 }, () => on.cluster.stop());
    const { ran, notes } = await run(on, { waitMs: 500 });
    expect(await errorOf(ran)).toMatchObject({ code: 'cluster-unreachable', exitCode: EXIT.unreachable });
    expect(notes()).toMatch(/objects of the manifest were applied, and stay/);
  });

  it.each([
    ['the namespace', /namespaces\/metallb-system$/, 1],
    ['a kind', /customresourcedefinitions\/l2/, 6],
    ['the webhook', /validatingwebhookconfigurations/, 26],
  ])('Ctrl-C during %s says how far it came', async (_, path, least) => {
    await using on = await scene();
    const { interrupts, press } = keyboard();
    on.cluster.before({ method: 'PATCH', path, dryRun: false, times: 1 }, press);
    const { ran, notes } = await run(on, {}, { signal: interrupts.first });
    expect(await errorOf(ran)).toMatchObject({ code: 'interrupted', exitCode: EXIT.failure });
    const said = Number(/(\d+) objects? of the manifest were applied/.exec(notes())?.[1]);
    expect(said).toBe(applied(on).length);
    expect(said).toBeGreaterThanOrEqual(least);
  });
});

describe('what metallb install waits for', () => {
  it('a webhook that comes late', async () => {
    await using on = await scene();
    on.cluster.setWebhook('no-endpoints');
    let asked = 0;
    on.cluster.before({ method: 'PATCH', path: /ipaddresspools/, dryRun: true }, () => {
      if (++asked === 5) on.cluster.setWebhook('ready');
    });
    const { ran, notes } = await run(on);
    expect(await ran).toBe(EXIT.ok);
    expect(asked).toBe(5);
    expect(notes()).toMatch(/MetalLB judges a pool.*no endpoints available for service/);
  });

  it.each(['no-endpoints', 'refused', 'timeout'] as const)(
    'and says so where the webhook never answers (%s): exit 3',
    async (state) => {
      await using on = await scene();
      on.cluster.setWebhook(state);
      const { ran, text, stdout } = await run(on, { waitMs: 1500, json: true });
      expect(await ran).toBe(EXIT.no);
      const document = JSON.parse(stdout.text()) as { steps: readonly { name: string; status: string; detail: string }[] };
      expect(document).toMatchObject({ complete: false });
      const last = document.steps.at(-1);
      expect(last).toMatchObject({ name: 'pool-accepted', status: 'failed' });
      expect(last?.detail).toMatch(/failed calling webhook.*leave the webhook configuration as it is/);
      expect(text()).not.toMatch(/delete/i);
    },
  );

  it('counts it as an answer where a pool has the address of the test already', async () => {
    await using on = await scene({ objects: [...bareCluster(), ...withMetallb(), pool('documentation', ['192.0.2.0/24'])] });
    expect(await (await run(on)).ran).toBe(EXIT.ok);
  });

  it('a controller that never becomes ready, with the reason', async () => {
    await using on = await scene({ unreadyDeployments: ['metallb-system/controller'] });
    on.cluster.before({ method: 'PATCH', path: /deployments\/controller/, dryRun: false, times: 1 }, () =>
      on.cluster.seed(
        warning(
          'controller-5d-x',
          'ReplicaSet',
          'FailedCreate',
          'pods "controller-5d-x" is forbidden: violates PodSecurity "restricted:latest"',
        ),
      ),
    );
    const { ran, text } = await run(on, { waitMs: 1000 });
    expect(await ran).toBe(EXIT.no);
    expect(text()).toMatch(/failed Controller available: the time is over; 0 of 1 ready; FailedCreate: .*violates PodSecurity/);
    expect(text()).toMatch(/skipped Speakers ready: not come to.*not ready\. It may come up by itself/);
  });

  it('speakers that wait for the Secret memberlist, with the reason', async () => {
    await using on = await scene({ metallb: 'off' });
    // Nobody acts as the controller here: what it would write is written, but for that Secret.
    on.cluster.before(
      { method: 'PATCH', path: /validatingwebhookconfigurations/, dryRun: false, times: 1 },
      () => void setTimeout(() => writeBundles(on), 100),
    );
    on.cluster.before({ method: 'PATCH', path: /daemonsets\/speaker/, dryRun: false, times: 1 }, () =>
      on.cluster.seed(
        warning(
          'speaker-abcde',
          'Pod',
          'FailedMount',
          'MountVolume.SetUp failed for volume "memberlist" : secret "memberlist" not found',
          'speaker',
        ),
      ),
    );
    const { ran, text } = await run(on, { waitMs: 2500 });
    expect(await ran).toBe(EXIT.no);
    expect(text()).toMatch(
      /failed Speakers ready: the time is over; 0 of 3 ready; FailedMount: .*secret "memberlist" not found; the controller makes that Secret/,
    );
  });

  it('speakers that no node takes', async () => {
    await using on = await scene();
    const elsewhere = manifest('v0.15.3', (text) =>
      text
        .split('---\n')
        .map((part) =>
          part.includes('kind: DaemonSet') ? part.replace('kubernetes.io/os: linux', 'kubernetes.io/os: plan9') : part,
        )
        .join('---\n'),
    );
    const { ran, text } = await run(on, { manifest: elsewhere, waitMs: 1500 });
    expect(await ran).toBe(EXIT.no);
    expect(text()).toMatch(/failed Speakers ready: the time is over; no node is wanted for it/);
  });

  it('kinds whose names are taken: at once', async () => {
    await using on = await scene();
    on.cluster.before({ method: 'GET', path: /customresourcedefinitions\/communities/ }, () => {
      const taken = { type: 'NamesAccepted', status: 'False', message: '"communities" is already in use' };
      if (on.cluster.object('CustomResourceDefinition', 'communities.metallb.io') !== null)
        on.cluster.change('CustomResourceDefinition', 'communities.metallb.io', undefined, { status: { conditions: [taken] } });
    });
    const { ran, text } = await run(on, { waitMs: 60_000 });
    expect(await ran).toBe(EXIT.no);
    expect(text()).toMatch(
      /failed Kinds established: communities\.metallb\.io: "communities" is already in use.*skipped Components applied: not come to/,
    );
  });
});

describe('what metallb install warns of', () => {
  const helm = withMetallb().flatMap((object) =>
    object.kind === 'DaemonSet'
      ? [{ ...object, metadata: { ...object.metadata, name: 'metallb-speaker', namespace: 'lb' } }]
      : [],
  );
  it.each([
    ['servicelb of k3s', k3sCluster(), /Warning: The servicelb of k3s is active .*--disable servicelb/],
    [
      'IPVS without strictARP',
      kubeadmCluster({ mode: 'ipvs' }),
      /Warning: kube-proxy runs in IPVS mode without strictARP.*freehold strict-arp --enable/,
    ],
    ["Cilium's announcements", ciliumCluster({ l2: true }), /Warning: Cilium gives out or announces/],
    [
      'another MetalLB',
      [...bareCluster(), namespace('lb'), ...helm],
      /Warning: MetalLB runs here already, under other names: lb\/metallb-speaker/,
    ],
    ['nothing', kubeadmCluster({ mode: 'ipvs', strictArp: true }), /^(?!.*Warning)/],
  ])('%s', async (_, objects: readonly KubeJson[], said) => {
    await using on = await scene({ objects });
    const { ran, text } = await run(on, { dryRun: true });
    expect(await ran).toBe(EXIT.ok);
    expect(text()).toMatch(said);
  });

  it('an older version than the one that is there', async () => {
    await using on = await scene();
    await (await run(on, { manifest: manifest('v0.16.1') })).ran;
    const { ran, text } = await run(on, { dryRun: true });
    expect(await ran).toBe(EXIT.ok);
    expect(text()).toMatch(/Warning: MetalLB 0\.16\.1 is installed, and this manifest is 0\.15\.3: older/);
  });

  it('that it cannot tell, where workloads may not be listed', async () => {
    await using on = await scene();
    on.cluster.deny('admin', { verb: 'list', resource: 'daemonsets' });
    const { ran, text } = await run(on, { dryRun: true });
    expect(await ran).toBe(EXIT.ok);
    expect(text()).toMatch(/Warning: Whether MetalLB runs in another namespace already is not known/);
  });
});

function warning(name: string, kind: string, reason: string, message: string, about = name): KubeJson {
  const involvedObject = { kind, name: about, namespace: 'metallb-system' };
  const metadata = { name: `${name}.1`, namespace: 'metallb-system' };
  return { apiVersion: 'v1', kind: 'Event', metadata, involvedObject, type: 'Warning', reason, message };
}

function writeBundles({ cluster }: Rig): void {
  const name = 'metallb-webhook-configuration';
  const webhooks = listAt(cluster.object('ValidatingWebhookConfiguration', name), 'webhooks').map((one) => ({
    ...(one as object),
    clientConfig: { ...((one as { clientConfig?: object }).clientConfig ?? {}), caBundle: 'LS0t' },
  }));
  cluster.change('ValidatingWebhookConfiguration', name, undefined, { webhooks }, 'MetalLB');
}
