import { describe, expect, it } from 'vitest';
import { rolloutOf } from '../../../src/cluster/strict-arp/rollout.ts';

describe('rolloutOf', () => {
  const whole = { observedGeneration: 3, desiredNumberScheduled: 4, updatedNumberScheduled: 4, numberAvailable: 4 };

  it.each([
    ['whole', {}, { done: { nodes: 4 } }],
    ['seen by the cluster later than it was asked for', { observedGeneration: 4 }, { done: { nodes: 4 } }],
    ['not seen yet', { observedGeneration: 2 }, { why: 'the cluster has not taken up the restart yet' }],
    ['never seen', { observedGeneration: undefined }, { why: 'the cluster has not taken up the restart yet' }],
    ['half', { updatedNumberScheduled: 2 }, { why: '2 of 4 pods are new' }],
    ['just begun', { updatedNumberScheduled: undefined }, { why: '0 of 4 pods are new' }],
    ['not available yet', { numberAvailable: 3 }, { why: 'all 4 pods are new, 3 of them available' }],
    ['of no nodes', { desiredNumberScheduled: 0, updatedNumberScheduled: 0, numberAvailable: undefined }, { done: { nodes: 0 } }],
  ])('%s', (_, change, expected) => {
    expect(rolloutOf({ metadata: { name: 'kube-proxy' }, status: { ...whole, ...change } }, 3)).toEqual(expected);
  });
});
