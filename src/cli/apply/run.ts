/**
 * What all stages of one `apply` share: what was asked for, where the proof comes from, which cluster it is about, and how to talk to the
 * person. Holds no rule of its own.
 */
import type { Current } from '../../cluster/claim/manifests.ts';
import type { ClaimWanted } from '../../cluster/claim/plan.ts';
import type { KubeApi } from '../../cluster/kube/api.ts';
import type { Clock } from '../../system/clock.ts';
import type { ClusterOptions } from '../cluster-options.ts';
import type { ConnectOptions } from '../connect.ts';
import type { CriteriaOptions } from '../criteria.ts';
import type { Output } from '../output.ts';
import type { Interruption } from './interruption.ts';
import type { ProofQuery, ProofSource } from './proof-source.ts';

export interface ApplyOptions extends ConnectOptions, CriteriaOptions, ClusterOptions {
  /** One of the two. */
  readonly size?: number | undefined;
  readonly range?: string | undefined;
  readonly name: string;
  readonly advertisement: string;
  /** Of the nodes. */
  readonly interface?: readonly string[] | undefined;
  /** Each `key=value,key=value`. */
  readonly nodeSelector?: readonly string[] | undefined;
  readonly autoAssign?: boolean | undefined;
  readonly avoidBuggyIps?: boolean | undefined;
  readonly segment?: string | undefined;
  readonly config?: string | undefined;
  readonly dryRun?: boolean | undefined;
  readonly output?: 'yaml' | 'json' | undefined;
  readonly yes?: boolean | undefined;
  readonly waitMs: number;
  readonly allowReaddress?: boolean | undefined;
  readonly allowForeignSubnet?: boolean | undefined;
  readonly overrideProof?: string | undefined;
  readonly json?: boolean | undefined;
}

export interface ApplyRun {
  readonly options: ApplyOptions;
  readonly output: Output;
  readonly source: ProofSource;
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly interruption: Interruption;
  /** Asks the person; throws where the answer is no, or nobody can be asked. */
  readonly confirm: (question: string) => Promise<void>;
  /** `user@host` */
  readonly by: string;
  readonly query: ProofQuery;
  /** Everything but the addresses. */
  readonly wanted: Omit<ClaimWanted, 'range' | 'written'>;
  readonly current: Current;
  /** Whether the push has begun: until then nothing was stored, whatever fails. */
  readonly progress: { pushing: boolean };
  /** How long a pool may still appear after an answer was lost; for tests. */
  readonly lateMs?: number | undefined;
}

const TITLES = ['History', 'Cluster', 'Live', 'Changes', 'Push', 'Read back'] as const;
export type Title = (typeof TITLES)[number];

/** One line, or several, beside the number and the title of a stage. On stderr: the answer alone is on stdout. */
export function narrate({ output }: Pick<ApplyRun, 'output'>, title: Title, text: string): void {
  const head = `${TITLES.indexOf(title) + 1}/${TITLES.length} ${title.padEnd(10)}`;
  const [first = '', ...rest] = text.split('\n');
  output.note([`${head}${first}`, ...rest.map((line) => (line === '' ? '' : ' '.repeat(head.length) + line))].join('\n'));
}
