import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readNeighbours } from '../../src/link/neighbours.ts';
import { assertEnclosed } from '../lab/guard.ts';
import { type VethPair, vethPair } from './veth.ts';

assertEnclosed();

describe('readNeighbours', () => {
  let pair: VethPair;

  beforeAll(async () => {
    pair = await vethPair();
    await pair.ip(`addr add 192.0.2.1/24 dev ${pair.near}`);
  });

  afterAll(async () => {
    await pair.remove();
  });

  it('reads who is known, and forgets who has stopped answering', async () => {
    expect(await readNeighbours()).toEqual([]);
    await pair.ip(`neigh replace 192.0.2.9 lladdr 02:00:00:00:00:09 dev ${pair.near} nud reachable`);
    await pair.ip(`neigh replace 192.0.2.10 lladdr 02:00:00:00:00:0a dev ${pair.near} nud stale`);
    const nine = { interfaceName: pair.near, address: 0xc0000209, mac: '02:00:00:00:00:09' };
    const ten = { interfaceName: pair.near, address: 0xc000020a, mac: '02:00:00:00:00:0a' };
    expect(await readNeighbours()).toEqual(expect.arrayContaining([nine, ten]));
    // The kernel's table still shows the old MAC of the failed one.
    await pair.ip(`neigh change 192.0.2.9 dev ${pair.near} nud failed`);
    expect(await readNeighbours()).toEqual([ten]);
  });
});
