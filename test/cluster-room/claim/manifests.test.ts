import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { fieldConflict } from '../../../src/cluster/claim/field-conflict.ts';
import { type Current, claimManifests, manifestsYaml } from '../../../src/cluster/claim/manifests.ts';
import type { ClaimWanted } from '../../../src/cluster/claim/plan.ts';
import { errorOfStatus } from '../../../src/cluster/kube/errors.ts';
import type { KubeObject } from '../../../src/cluster/kube/objects.ts';
import { RESOURCES } from '../../../src/cluster/kube/resources.ts';
import { wantedRange } from './scene.ts';

const NONE: Current = { pool: null, advertisement: null };
const PROOF = { proof: 'quiet for 3 d', overridden: null };

/** @param owned fields of spec that Freehold applied before */
const object = (spec: object, owned: readonly string[], manager = 'freehold', operation = 'Apply'): KubeObject => ({
  metadata: {
    name: 'x',
    managedFields: [{ manager, operation, fieldsV1: { 'f:spec': Object.fromEntries(owned.map((field) => [`f:${field}`, {}])) } }],
  },
  spec,
});

const specs = (wanted: Partial<ClaimWanted>, current: Current = NONE) => {
  const { pool, advertisement } = claimManifests(wantedRange('192.0.2.200-192.0.2.215', wanted), current, PROOF);
  return { pool: pool['spec'], advertisement: advertisement['spec'] };
};

describe('the manifests of a claim', () => {
  it('hold what is meant, and nothing that others decide', () => {
    expect(claimManifests(wantedRange('192.0.2.208/28'), NONE, PROOF)).toEqual({
      pool: {
        apiVersion: 'metallb.io/v1beta1',
        kind: 'IPAddressPool',
        metadata: {
          name: 'production-pool',
          namespace: 'metallb-system',
          annotations: { 'freehold.dev/proof': 'quiet for 3 d' },
        },
        spec: { addresses: ['192.0.2.208/28'] },
      },
      advertisement: {
        apiVersion: 'metallb.io/v1beta1',
        kind: 'L2Advertisement',
        metadata: { name: 'production-advertisement', namespace: 'metallb-system' },
        spec: { ipAddressPools: ['production-pool'] },
      },
    });
  });

  it('say where the proof was overridden, and why', () => {
    const { pool } = claimManifests(wantedRange('192.0.2.208/28'), NONE, {
      proof: 'overridden',
      overridden: 'the migration must end today',
    });
    expect(pool.metadata.annotations).toEqual({
      'freehold.dev/proof': 'overridden',
      'freehold.dev/proof-override': 'the migration must end today',
    });
  });

  it.each<[string, Partial<ClaimWanted>, Current, object, object]>([
    [
      'flags that are given',
      { autoAssign: false, avoidBuggyIps: true },
      NONE,
      { addresses: ['192.0.2.200-192.0.2.215'], autoAssign: false, avoidBuggyIPs: true },
      { ipAddressPools: ['production-pool'] },
    ],
    [
      'interfaces and node selectors',
      { interfaces: ['eth1'], nodeSelectors: [{ zone: 'a' }, { zone: 'b' }] },
      NONE,
      { addresses: ['192.0.2.200-192.0.2.215'] },
      {
        ipAddressPools: ['production-pool'],
        interfaces: ['eth1'],
        nodeSelectors: [{ matchLabels: { zone: 'a' } }, { matchLabels: { zone: 'b' } }],
      },
    ],
    [
      'what an earlier claim set stays',
      {},
      {
        pool: object({ addresses: ['192.0.2.200/32'], autoAssign: false }, ['addresses', 'autoAssign']),
        advertisement: object({ ipAddressPools: ['production-pool'], interfaces: ['eth1'] }, ['ipAddressPools', 'interfaces']),
      },
      { addresses: ['192.0.2.200-192.0.2.215'], autoAssign: false },
      { ipAddressPools: ['production-pool'], interfaces: ['eth1'] },
    ],
    [
      'what another manager set stays his',
      {},
      {
        pool: object({ addresses: [], autoAssign: false }, ['autoAssign'], 'helm'),
        advertisement: object(
          { ipAddressPools: ['production-pool'], interfaces: ['eth1'] },
          ['interfaces'],
          'freehold',
          'Update',
        ),
      },
      { addresses: ['192.0.2.200-192.0.2.215'] },
      { ipAddressPools: ['production-pool'] },
    ],
    [
      'an advertisement keeps its other pools',
      {},
      { pool: null, advertisement: object({ ipAddressPools: ['old'] }, ['ipAddressPools']) },
      { addresses: ['192.0.2.200-192.0.2.215'] },
      { ipAddressPools: ['old', 'production-pool'] },
    ],
    [
      'an advertisement of all pools stays one',
      {},
      { pool: null, advertisement: object({}, []) },
      { addresses: ['192.0.2.200-192.0.2.215'] },
      {},
    ],
    [
      'one that selects pools by labels names it beside',
      {},
      { pool: null, advertisement: object({ ipAddressPoolSelectors: [{ matchLabels: { a: 'b' } }] }, []) },
      { addresses: ['192.0.2.200-192.0.2.215'] },
      { ipAddressPools: ['production-pool'] },
    ],
    [
      'IPv6 parts of the pool stay',
      {},
      { pool: object({ addresses: ['192.0.2.1/32', '2001:db8::/120'] }, ['addresses']), advertisement: null },
      { addresses: ['192.0.2.200-192.0.2.215', '2001:db8::/120'] },
      { ipAddressPools: ['production-pool'] },
    ],
  ])('%s', (_, wanted, current, pool, advertisement) => {
    expect(specs(wanted, current)).toEqual({ pool, advertisement });
  });

  it('are YAML that reads back as what they are', () => {
    const manifests = claimManifests(wantedRange('192.0.2.208/28'), NONE, {
      proof: 'quiet: "3 d"\u00e9; --- # x',
      overridden: null,
    });
    expect(parseAllDocuments(manifestsYaml(manifests)).map((document) => document.toJS() as unknown)).toEqual([
      manifests.pool,
      manifests.advertisement,
    ]);
  });
});

describe('a field of somebody else', () => {
  const conflict = (...owners: readonly (readonly [string, string])[]) =>
    errorOfStatus(
      409,
      JSON.stringify({
        kind: 'Status',
        message: 'Apply failed with conflicts',
        details: {
          causes: owners.map(([owner, field]) => ({
            reason: 'FieldManagerConflict',
            message: `conflict with "${owner}" using metallb.io/v1beta1`,
            field,
          })),
        },
      }),
      'PATCH x',
    );

  const wanted = claimManifests(wantedRange('192.0.2.208/28'), NONE, PROOF).pool;

  it('names owners and fields, and how they are handed over: with all that is Freehold’s', () => {
    const both = conflict(['kubectl-client-side-apply', '.spec.addresses'], ['helm', '.spec.autoAssign']);
    const error = fieldConflict(both, RESOURCES.pools, wanted);
    expect(error.message).toContain('"kubectl-client-side-apply" owns .spec.addresses; "helm" owns .spec.autoAssign');
    expect([error.code, error.exitCode]).toEqual(['cluster-field-conflict', 3]);
    const [, text = ''] =
      /kubectl apply --server-side --force-conflicts --field-manager=freehold -f - <<'END'\n([\s\S]*)\nEND$/.exec(
        error.hint ?? '',
      ) ?? [];
    expect(parse(text)).toEqual(wanted);
    // As the command line shows it: no line may be cut.
    for (const line of (error.hint ?? '').split('\n')) expect(line.length).toBeLessThan(400);
  });

  it.each([
    ['argocd-controller', /Argo CD would set it back/],
    ['kustomize-controller', /Flux would set it back/],
    ['helm', /values of its Helm release/],
    ['kubectl-edit', /where its owner keeps it/],
  ])('%s', (owner, hint) => {
    expect(fieldConflict(conflict([owner, '.spec.addresses']), RESOURCES.pools, wanted).hint).toMatch(hint);
  });
});

describe('names of pools that are gone', () => {
  const advertisement = object({ ipAddressPools: ['gone', 'there'] }, ['ipAddressPools']);
  const gone = new Set(['gone']);
  const names = (current: KubeObject) =>
    claimManifests(wantedRange('192.0.2.208/28'), { pool: null, advertisement: current }, PROOF, gone).advertisement['spec'];

  it('are dropped where they are Freehold’s', () => {
    expect(names(advertisement)).toEqual({ ipAddressPools: ['there', 'production-pool'] });
  });

  it('stay where they are somebody else’s', () => {
    expect(names(object({ ipAddressPools: ['gone', 'there'] }, ['ipAddressPools'], 'helm'))).toEqual({
      ipAddressPools: ['gone', 'there', 'production-pool'],
    });
  });
});
