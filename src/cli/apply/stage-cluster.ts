/**
 * Second stage: reads the cluster, and refuses with everything that speaks against the claim, at once. What may pass by itself, as a
 * webhook that is not ready yet, is waited for.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { type Obstacle, obstaclesTo, refusing } from '../../cluster/claim/obstacles.ts';
import { type ClaimPlan, planClaim } from '../../cluster/claim/plan.ts';
import { readClusterFacts } from '../../cluster/facts.ts';
import type { ClusterFacts } from '../../cluster/types.ts';
import { formatRange } from '../../core/address/range.ts';
import { printable } from '../../core/text.ts';
import { count } from '../words.ts';
import { unlessInterrupted } from './interruption.ts';
import { Refusal } from './refusal.ts';
import { type ApplyRun, narrate } from './run.ts';
import type { Target } from './target.ts';

const POLL_MS = 2_000;
const SENTENCE = 1_500;

export interface Checked {
  readonly plan: ClaimPlan;
  readonly facts: ClusterFacts;
  readonly warnings: readonly Obstacle[];
  /** Names of pools that the advertisement has and the cluster has not. */
  readonly gonePools: ReadonlySet<string>;
}

/** @throws Refusal `cluster-refuses`; ClusterError where it cannot be read */
export async function checkCluster(run: ApplyRun, target: Target, voice: 'told' | 'silent' = 'told'): Promise<Checked> {
  const { options, source, clock, interruption } = run;
  const { signal } = interruption;
  const untilMs = clock.monotonicMs() + options.waitMs;
  const lan = await unlessInterrupted(source.lan(), signal);
  let told = '';
  for (;;) {
    const { plan, facts, obstacles } = await look(run, target, lan, untilMs);
    const errors = refusing(obstacles);
    if (errors.length === 0) {
      const warnings = obstacles.filter(({ severity }) => severity === 'warning');
      if (voice === 'told') narrate(run, 'Cluster', clusterText(facts, warnings));
      return { plan, facts, warnings, gonePools: goneIn(facts, run.wanted) };
    }
    const waits = errors.every(({ mayPass }) => mayPass === true) && clock.monotonicMs() + POLL_MS <= untilMs;
    if (!waits) throw refusal(target, errors);
    const text = errors.map((one) => one.text).join('\n');
    if (text !== told)
      narrate(
        run,
        'Cluster',
        `Waiting: ${text
          .split('\n')
          .map((line) => printable(line, SENTENCE))
          .join('\n')}`,
      );
    told = text;
    await pause(POLL_MS, undefined, { signal });
  }
}

function goneIn({ pools, advertisements }: ClusterFacts, { advertisement, pool }: ApplyRun['wanted']): ReadonlySet<string> {
  const known = new Set([...pools.map(({ name }) => name), pool]);
  const named = advertisements.find(({ name }) => name === advertisement)?.pools ?? [];
  return new Set(named.filter((name) => !known.has(name)));
}

async function look(run: ApplyRun, target: Target, lan: Awaited<ReturnType<ApplyRun['source']['lan']>>, untilMs: number) {
  const { api, options, clock, interruption } = run;
  const { withPatience } = await import('../../cluster/claim/patience.ts');
  const facts = await withPatience(() => readClusterFacts(api, options.namespace, interruption.signal), {
    untilMs,
    now: () => clock.monotonicMs(),
    signal: interruption.signal,
    onRetry: (error) => narrate(run, 'Cluster', `Trying again: ${printable(error.message, SENTENCE)}`),
  });
  refuseUnread(facts);
  const pool = facts.pools.find(({ name }) => name === run.wanted.pool) ?? null;
  const plan = planClaim({ ...run.wanted, ...target }, pool, facts.services);
  const obstacles = obstaclesTo(plan, facts, lan, {
    allowReaddress: options.allowReaddress === true,
    allowForeignSubnet: options.allowForeignSubnet === true,
  });
  return { plan, facts, obstacles };
}

/** Who may not see these cannot say that nothing speaks against it. */
const NEEDED = ['pools', 'advertisements', 'services', 'nodes'];

function refuseUnread({ unread }: ClusterFacts): void {
  const missing = unread.filter(({ what }) => NEEDED.includes(what));
  if (missing.length === 0) return;
  throw new Refusal(
    'cluster',
    'cluster-forbidden',
    'The cluster cannot be checked, since this user may not read all that has to be looked at:',
    missing.map(({ code, message }) => ({ code, text: printable(message, SENTENCE), fix: null })),
    { exitCode: 4, hint: 'systemd/rbac-apply.yaml holds the rights that apply needs.' },
  );
}

const refusal = (target: Target, errors: readonly Obstacle[]): Refusal =>
  new Refusal(
    'cluster',
    errors.length === 1 ? (errors[0]?.code ?? 'cluster-refuses') : 'cluster-refuses',
    `${formatRange(target.range)} cannot be claimed in this cluster:`,
    errors.map(({ code, text, fix }) => ({ code, text: printable(text, SENTENCE), fix: printable(fix, SENTENCE) })),
  );

function clusterText({ server, version, metallb, nodes }: ClusterFacts, warnings: readonly Obstacle[]): string {
  const head = `${printable(server, 200)} (${printable(version, 40)}): MetalLB ${metallb.controller?.version ?? 'of unknown version'}, ${count(nodes.length, 'node')}; nothing speaks against it.`;
  return [head, ...warnings.map(({ text, fix }) => `Note: ${printable(text, SENTENCE)} ${printable(fix, SENTENCE)}`)].join('\n');
}
