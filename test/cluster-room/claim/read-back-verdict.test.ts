import { describe, expect, it } from 'vitest';
import { type BeforePush, type Claimed, type Seen, verdictOf } from '../../../src/cluster/claim/read-back-verdict.ts';
import type { KubeObject } from '../../../src/cluster/kube/objects.ts';

const PUSHED = '2026-03-01T12:00:10Z';
const EARLIER = '2026-03-01T11:00:00Z';
const LATER = '2026-03-01T12:00:11Z';

interface PoolOptions {
  readonly addresses?: readonly string[];
  readonly generation?: number;
  readonly uid?: string;
  /** Assigned and available. */
  readonly counters?: readonly [number, number] | null;
  readonly counted?: string;
  readonly avoidBuggyIPs?: boolean;
  readonly labels?: Readonly<Record<string, string>>;
}

const pool = ({ addresses, generation, uid, counters, counted, avoidBuggyIPs, labels }: PoolOptions = {}): KubeObject => ({
  metadata: {
    name: 'p',
    uid: uid ?? 'one',
    generation: generation ?? 2,
    labels: labels ?? {},
    managedFields: [
      { manager: 'freehold', operation: 'Apply', time: PUSHED },
      ...(counters === null
        ? []
        : [{ manager: 'controller', operation: 'Update', subresource: 'status', time: counted ?? EARLIER }]),
    ],
  },
  spec: { addresses: addresses ?? ['192.0.2.200-192.0.2.215'], ...(avoidBuggyIPs === undefined ? {} : { avoidBuggyIPs }) },
  ...(counters === null ? {} : { status: { assignedIPv4: (counters ?? [3, 13])[0], availableIPv4: (counters ?? [3, 13])[1] } }),
});

const NODE = { 'metallb.io/node-name': 'n1' };

const state = (name: string, result = 'Valid', version = '7', more: object = {}, time = EARLIER): KubeObject => ({
  metadata: {
    name,
    resourceVersion: version,
    ...(name === 'controller' ? {} : { labels: NODE }),
    managedFields: [{ manager: 'MetalLB', operation: 'Apply', subresource: 'status', time }],
  },
  status: { result, ...more },
});

const VALID = [state('controller'), state('speaker-n1')];
const NEWLY_VALID = [state('controller', 'Valid', '9'), state('speaker-n1', 'Valid', '9')];
const BEFORE: BeforePush = { pool: pool({ addresses: ['192.0.2.160-192.0.2.175'], generation: 1 }), states: VALID };

const look = (seen: Partial<Seen>, settled: boolean, claimed: Partial<Claimed> = {}) =>
  verdictOf(
    { pool: pool(), advertisement: null, states: VALID, nodes: null, ...seen },
    { pool: 'p', size: 16, before: BEFORE, ...claimed },
    settled,
  );

describe('what MetalLB made of a claim', () => {
  it.each<[string, string, string, Partial<Seen>, Partial<Claimed>?]>([
    // What, verdict at first, verdict once it had its time.
    ['all as before the push: it may do nothing at all', 'waiting', 'not-told', {}],
    ['the same without states', 'waiting', 'not-told', { states: null }],
    ['the same without the controller’s state', 'waiting', 'not-told', { states: [state('speaker-n1')] }],
    [
      'speakers alone said something new',
      'waiting',
      'not-told',
      { states: [state('controller'), state('speaker-n1', 'Valid', '9')] },
    ],
    ['counters that changed', 'accepted', 'accepted', { pool: pool({ counters: [4, 12] }) }],
    ['counters that were written again', 'accepted', 'accepted', { pool: pool({ counted: LATER }) }],
    ['counters that came', 'accepted', 'accepted', {}, { before: { ...BEFORE, pool: pool({ counters: null }) } }],
    ['a pool that was not there before', 'accepted', 'accepted', {}, { before: { ...BEFORE, pool: null } }],
    ['a pool that was another one before', 'accepted', 'accepted', {}, { before: { ...BEFORE, pool: pool({ uid: 'two' }) } }],
    ['a pool whose spec never was another one', 'accepted', 'accepted', { pool: pool({ generation: 1 }) }],
    ['a controller that looked again', 'accepted', 'accepted', { states: NEWLY_VALID }],
    ['a controller that says something for the first time', 'accepted', 'accepted', {}, { before: { ...BEFORE, states: [] } }],
    ['counters of another range', 'waiting', 'waiting', { pool: pool({ counters: [3, 5] }), states: NEWLY_VALID }],
    ['a spec that the push did not change', 'not-told', 'not-told', {}, { before: { ...BEFORE, pool: pool() } }],
    ['no counters, no states: an old MetalLB', 'waiting', 'not-told', { pool: pool({ counters: null }), states: null }],
    ['no counters, and states as before', 'waiting', 'waiting', { pool: pool({ counters: null }) }],
    ['no counters, and no state of anybody', 'waiting', 'waiting', { pool: pool({ counters: null }), states: [] }],
    ['no counters, and new states', 'waiting', 'accepted', { pool: pool({ counters: null }), states: NEWLY_VALID }],
    [
      'a speaker that is not done',
      'waiting',
      'waiting',
      { states: [state('controller', 'Valid', '9'), state('speaker-n1', 'Unknown')] },
    ],
    [
      'a speaker of a node that is gone',
      'accepted',
      'accepted',
      { states: [state('controller', 'Valid', '9'), state('speaker-n1', 'Unknown')], nodes: new Set(['n2']) },
    ],
    [
      'an Invalid of a node that is gone',
      'accepted',
      'accepted',
      { states: [state('controller', 'Valid', '9'), state('speaker-n1', 'Invalid')], nodes: new Set(['n2']) },
    ],
    [
      'a speaker of a node that is there',
      'waiting',
      'waiting',
      { states: [state('controller', 'Valid', '9'), state('speaker-n1', 'Unknown')], nodes: new Set(['n1']) },
    ],
    [
      'a Valid with a part that failed',
      'waiting',
      'waiting',
      { states: [state('controller', 'Valid', '9', { conditions: [{ status: 'False' }] })] },
    ],
    ['Invalid', 'waiting', 'refused', { states: [state('controller', 'Invalid', '9')] }],
    [
      'Invalid, whatever the counters are',
      'waiting',
      'refused',
      { pool: pool({ counted: LATER }), states: [state('controller'), state('speaker-n1', 'Invalid')] },
    ],
    ['a pool that is gone', 'refused', 'refused', { pool: null }],
    ['a pool that somebody changed', 'refused', 'refused', { pool: pool({ addresses: ['192.0.2.200/30'] }) }],
  ])('%s: %s, then %s', (_, first, then, seen, claimed) => {
    expect([look(seen, false, claimed).verdict, look(seen, true, claimed).verdict]).toEqual([first, then]);
  });

  it.each<[string, string, string, string]>([
    ['before the push', EARLIER, EARLIER, 'not-told'],
    ['in the second of the push', PUSHED, PUSHED, 'not-told'],
    ['counters after it', LATER, EARLIER, 'accepted'],
    ['a state after it', EARLIER, LATER, 'accepted'],
    ['no time', '', '', 'not-told'],
  ])('goes by the server’s own times where nothing is known of before: %s', (_, counted, stated, verdict) => {
    const seen = {
      pool: pool({ counted }),
      advertisement: null,
      states: [state('controller', 'Valid', '7', {}, stated)],
      nodes: null,
    };
    expect(verdictOf(seen, { pool: 'p', size: 16 }, true).verdict).toBe(verdict);
  });

  it.each<[string, string, number, readonly [number, number], boolean, string]>([
    ['counts .255 out', '192.0.2.240-192.0.2.255', 16, [0, 15], true, 'accepted'],
    ['counts .255 in without', '192.0.2.240-192.0.2.255', 16, [0, 16], false, 'accepted'],
    ['wants .255 where it is not left out', '192.0.2.240-192.0.2.255', 16, [0, 15], false, 'waiting'],
    ['does not want it where it is', '192.0.2.240-192.0.2.255', 16, [0, 16], true, 'waiting'],
    ['counts two in each /24', '192.0.2.0-192.0.3.255', 512, [4, 504], true, 'accepted'],
    ['counts none in between', '192.0.2.1-192.0.2.254', 254, [0, 254], true, 'accepted'],
    ['knows that a lone .255 counts twice', '192.0.2.255-192.0.3.6', 8, [0, 5], true, 'accepted'],
    ['and may count once', '192.0.2.255-192.0.3.6', 8, [0, 6], true, 'accepted'],
    ['but not without avoiding', '192.0.2.255-192.0.3.6', 8, [0, 7], false, 'waiting'],
  ])('%s', (_, addresses, size, counters, avoidBuggyIPs, verdict) => {
    const one = pool({ addresses: [addresses], generation: 1, counters, avoidBuggyIPs });
    expect(look({ pool: one }, true, { size }).verdict).toBe(verdict);
  });

  it.each<[string, object | null, string]>([
    ['that names the pool', { ipAddressPools: ['o', 'p'] }, 'accepted'],
    ['of all pools', {}, 'accepted'],
    ['that selects it', { ipAddressPoolSelectors: [{ matchLabels: { zone: 'a' } }] }, 'accepted'],
    ['that selects others', { ipAddressPoolSelectors: [{ matchLabels: { zone: 'b' } }] }, 'refused'],
    ['that names others', { ipAddressPools: ['o'] }, 'refused'],
    ['that is gone', null, 'refused'],
  ])('an advertisement %s', (_, spec, verdict) => {
    const advertisement = spec === null ? null : { metadata: { name: 'a' }, spec };
    const seen = { pool: pool({ generation: 1, labels: { zone: 'a' } }), advertisement };
    const back = look(seen, false, { advertisement: 'a' });
    expect(back.verdict).toBe(verdict);
    if (verdict === 'refused') expect(back.told).toEqual([expect.stringMatching(/^The L2Advertisement a .* announces none of /)]);
  });

  it('says what could not be told apart', () => {
    expect(look({}, true).told).toEqual([
      'The pool counts 16 addresses, 3 of them assigned, as before the push.',
      'The controller and 1 speaker say that the configuration is valid, as before the push.',
      expect.stringContaining('could not be told apart from before the push'),
    ]);
  });

  it('names who was against it before already, at most five, and cleans their words', () => {
    const many = Array.from({ length: 7 }, (_, index) =>
      state(`speaker-n${index}`, 'Invalid', '9', { errorSummary: index === 0 ? 'one\r\n\u001b[31mtwo\u202e' : '' }),
    );
    const { told } = look({ states: many }, true, { before: { ...BEFORE, states: [state('speaker-n0', 'Invalid')] } });
    expect(told).toEqual([
      'speaker-n0 does not take the configuration (nor did it before the push): one [31mtwo',
      ...[1, 2, 3, 4].map((index) => `speaker-n${index} does not take the configuration: it does not say why.`),
      'Nor do 2 more.',
    ]);
  });
});
