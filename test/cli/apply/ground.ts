/**
 * `freehold apply` against a cluster over real HTTPS, with a LAN that is made up: what its history and its live runs say is the test's to
 * say. (On real frames it is tested in test/daemon/apply.lab.test.ts.)
 */
import { EventEmitter } from 'node:events';
import { watchInterruption } from '../../../src/cli/apply/interruption.ts';
import type { ProofSource } from '../../../src/cli/apply/proof-source.ts';
import { type ApplyOptions, applyCommand } from '../../../src/cli/apply.ts';
import { formatRange } from '../../../src/core/address/range.ts';
import { FreeholdError } from '../../../src/core/error.ts';
import { claimEndingBody, newClaimBody } from '../../../src/http/claim-body.ts';
import type { NewClaimJson } from '../../../src/http/claim-service.ts';
import { readBody } from '../../../src/http/input.ts';
import type { FreeRangesAnswer, VerifyAnswer } from '../../../src/http/service.ts';
import type { Clock } from '../../../src/system/clock.ts';
import { type ClusterDouble, type ClusterOptions, startCluster } from '../../cluster/double.ts';
import { kubeadmCluster, node, withMetallb } from '../../cluster/fixtures.ts';
import { LAN } from '../../cluster-room/claim/scene.ts';
import { caughtOutput } from '../catcher.ts';
import { freeRanges, verified } from './answers.ts';

export const RANGE = '192.0.2.200-192.0.2.215';

export interface Applied {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly error: FreeholdError | null;
}

export interface Recorded extends NewClaimJson {
  state: string;
  outcome: string;
}

export interface Ground {
  readonly cluster: ClusterDouble;
  /** What the history says; all of 192.0.2.100-192.0.2.239 is free unless a test says otherwise. */
  history: FreeRangesAnswer;
  /** What the n-th live run says, from 1; a plain "nobody" unless a test says otherwise. */
  live: (run: number, range: string) => VerifyAnswer | Promise<VerifyAnswer>;
  nodeMacs: readonly string[];
  clock: Clock | undefined;
  /** Live runs so far. */
  runs: number;
  readonly claims: Recorded[];
  readonly signals: EventEmitter;
  apply(
    options?: Partial<ApplyOptions>,
    more?: { readonly user?: string; readonly ask?: ((question: string) => Promise<string | null>) | null },
  ): Promise<Applied>;
  /** Addresses of each pool in the cluster. */
  pools(): Readonly<Record<string, readonly string[]>>;
  advertisements(): Readonly<Record<string, unknown>>;
  /** Requests that wrote something, dry runs left out: `PATCH ipaddresspools/production-pool`. */
  writes(): readonly string[];
  close(): Promise<void>;
}

export const NODES = [
  { name: 'worker-1', address: '192.0.2.11' },
  { name: 'worker-2', address: '192.0.2.12' },
];

export async function startGround(options: ClusterOptions = {}): Promise<Ground> {
  const cluster = await startCluster({ objects: [...kubeadmCluster({ nodes: NODES.map(node) }), ...withMetallb()], ...options });
  const ground: Ground = {
    cluster,
    history: freeRanges({ '192.0.2.100-192.0.2.239': {} }),
    live: (_, range) => verified(range),
    nodeMacs: ['52:54:00:00:00:a1', '52:54:00:00:00:b1'],
    clock: undefined,
    runs: 0,
    claims: [],
    signals: new EventEmitter(),
    async apply(given = {}, { user = 'apply', ask } = {}) {
      const { output, stdout, stderr } = caughtOutput();
      const all: ApplyOptions = {
        range: given.size === undefined ? RANGE : undefined,
        name: 'production-pool',
        advertisement: 'production-advertisement',
        namespace: 'metallb-system',
        waitMs: 5_000,
        yes: ask === undefined,
        kubeconfig: cluster.kubeconfig(user),
        ...given,
      };
      const given2 = {
        interruption: watchInterruption(ground.signals),
        source: async () => sourceOf(ground),
        ask: ask ?? null,
        lateMs: 2_500,
        ...(ground.clock === undefined ? {} : { clock: ground.clock }),
      };
      let [exitCode, error]: [number, FreeholdError | null] = [0, null];
      try {
        exitCode = await applyCommand(all, output, given2);
      } catch (thrown) {
        if (!(thrown instanceof FreeholdError)) throw thrown;
        [exitCode, error] = [thrown.exitCode, thrown];
      }
      return { exitCode, error, stdout: stdout.text(), stderr: `${stderr.text()}${error?.message ?? ''}` };
    },
    pools: () =>
      Object.fromEntries(
        cluster.objects('IPAddressPool').map((pool) => [pool.metadata.name, (pool['spec'] as { addresses: string[] }).addresses]),
      ),
    advertisements: () => Object.fromEntries(cluster.objects('L2Advertisement').map((one) => [one.metadata.name, one['spec']])),
    writes: () =>
      cluster.requests
        .filter(({ method, query, status }) => method !== 'GET' && query['dryRun'] === undefined && status < 300)
        .map(({ method, path }) => `${method} ${path.split('/').slice(-2).join('/')}`),
    close: () => cluster.close(),
  };
  return ground;
}

const sourceOf = (ground: Ground): ProofSource => ({
  where: 'the test',
  isDaemon: true,
  segmentOf: async () => 'lan',
  lan: async () => LAN,
  freeRanges: async () => ground.history,
  verify: async (range) => {
    ground.runs++;
    return ground.live(ground.runs, formatRange(range));
  },
  nodeMacs: async () => new Set(ground.nodeMacs),
  async beginClaim(claim) {
    // As strict as the daemon is.
    readBody(newClaimBody, claim);
    ground.claims.push({ ...claim, state: 'pushing', outcome: '' });
    const ranges = claim.ranges.map((text) => ({ start: text, end: text, size: 1 }));
    return { ...claim, id: ground.claims.length, state: 'pushing', startedAt: '', endedAt: null, ranges, outcome: '' };
  },
  async endClaim(id, state, outcome) {
    readBody(claimEndingBody, { state, outcome });
    const claim = ground.claims[id - 1];
    if (claim !== undefined) Object.assign(claim, { state, outcome });
  },
  guarded: async () => ({ guarded: true, speakers: 2, otherCluster: null }),
  close: async () => undefined,
});
