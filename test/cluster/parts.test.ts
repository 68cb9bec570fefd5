/** Parts of the double for themselves, where many values say more than a request. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatAddress, formatNetwork, parseAddress, parsePart, sizeOf } from './addresses.ts';
import { fieldsOf, fromFieldsV1, pathText, toFieldsV1 } from './field-sets.ts';
import type { KubeJson } from './json.ts';
import { createResources } from './resources.ts';
import { applied } from './server-side-apply.ts';

describe('addresses', () => {
  it.each([
    ['192.0.2.240-192.0.2.250', ['192.0.2.240/29', '192.0.2.248/31', '192.0.2.250/32']],
    ['192.0.2.3/24', ['192.0.2.0/24']],
    ['0.0.0.0-255.255.255.255', ['0.0.0.0/0']],
    ['2001:db8::1-2001:db8::4', ['2001:db8::1/128', '2001:db8::2/127', '2001:db8::4/128']],
    ['::ffff:192.0.2.1/128', ['::ffff:c000:201/128']],
  ])('%s is %j', (text, wanted) => {
    const parsed = parsePart(text);
    expect(typeof parsed === 'string' ? parsed : parsed.map(formatNetwork)).toEqual(wanted);
  });

  it('are summarised into networks that hold exactly the range', () => {
    const address = fc.integer({ min: 0, max: 0xffff_ffff }).map(BigInt);
    fc.assert(
      fc.property(address, address, (a, b) => {
        const [first, last] = a < b ? [a, b] : [b, a];
        const networks = parsePart(`${formatAddress(false, first)}-${formatAddress(false, last)}`);
        if (typeof networks === 'string') throw new Error(networks);
        let next = first;
        for (const one of networks) {
          expect(one.first).toBe(next);
          next += sizeOf(one);
        }
        expect(next).toBe(last + 1n);
      }),
    );
  });

  it('of the sixth version are read as they are written', () => {
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        const parsed = parseAddress(text);
        if (parsed === null) throw new Error(text);
        expect(parseAddress(formatAddress(true, parsed.value))).toEqual(parsed);
      }),
    );
  });
});

describe('field sets', () => {
  const service = createResources(() => []).ofKind('Service', 'v1');
  if (service === undefined) throw new Error('no Service');
  const object: KubeJson = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'x', labels: { 'app.kubernetes.io/name': 'x' }, finalizers: ['a/b'] },
    spec: { selector: { app: 'x' }, ports: [{ port: 80 }], empty: {} },
  };

  it('name what an object states, and read as texts', () => {
    expect([...fieldsOf(service, object)].map(pathText).sort()).toEqual([
      '.metadata.finalizers[="a/b"]',
      '.metadata.labels.app.kubernetes.io/name',
      '.spec.empty',
      '.spec.ports[port=80,protocol="TCP"]',
      '.spec.ports[port=80,protocol="TCP"].port',
      '.spec.selector',
    ]);
  });

  it('are the same after a way through managedFields', () => {
    const fields = fieldsOf(service, object);
    expect(fromFieldsV1(toFieldsV1(fields))).toEqual(fields);
    expect(toFieldsV1(fields)).toMatchObject({
      'f:spec': { 'f:ports': { 'k:{"port":80,"protocol":"TCP"}': { '.': {}, 'f:port': {} } } },
    });
  });

  it('leave an object as it was, whatever one manager applied and then no longer does', () => {
    const writer = (manager: string) => ({ manager, subresource: '', now: '2026-01-01T00:00:00Z', force: false });
    const labels = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.constant('same'));
    fc.assert(
      fc.property(labels, labels, (mine, theirs) => {
        const state = (own: Readonly<Record<string, string>>): KubeJson => ({ ...object, metadata: { name: 'x', labels: own } });
        const first = applied(service, null, state(theirs), writer('them'));
        const both = applied(service, first, state(mine), writer('me'));
        expect(both.metadata.labels ?? {}).toEqual({ ...theirs, ...mine });
        const { labels: _all, ...bare } = state({}).metadata;
        const after = applied(service, both, { ...object, metadata: bare }, writer('me'));
        expect(after.metadata.labels ?? {}).toEqual(theirs);
      }),
    );
  });
});
