/**
 * Requests as tests see them: recorded, matched, held up, and broken on demand.
 */
import type { JsonObject } from './json.ts';

export interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** Name of the kubeconfig's user; empty for one who did not log in. */
  readonly user: string;
  readonly contentType: string;
  /** Parsed JSON or YAML; undefined where there was none, or it was neither. */
  readonly body: unknown;
  /** Of the answer; 0 while there is none, or where none was given. */
  status: number;
}

/** Everything that is given must fit. */
export interface RequestMatch {
  readonly method?: string;
  readonly path?: RegExp;
  readonly dryRun?: boolean;
  readonly user?: string;
  /** How often it may fit; absent: always. */
  readonly times?: number;
}

export type Fault =
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly message?: string;
      readonly reason?: string;
      readonly details?: JsonObject;
    }
  /** Never answers. */
  | { readonly kind: 'hang' }
  /** Resets the connection before anything is done. */
  | { readonly kind: 'reset' }
  /** Does what is asked, and resets the connection instead of answering. */
  | { readonly kind: 'reset-after' }
  | { readonly kind: 'slow'; readonly ms: number };

const MOST_RECORDED = 5000;

interface Armed<T> {
  readonly match: RequestMatch;
  readonly what: T;
  left: number;
}

export type Action = (request: RecordedRequest) => Promise<void> | void;

export class Requests {
  readonly recorded: RecordedRequest[] = [];
  readonly #faults = new Set<Armed<Fault>>();
  readonly #actions = new Set<Armed<Action>>();

  record(request: RecordedRequest): void {
    this.recorded.push(request);
    if (this.recorded.length > MOST_RECORDED) this.recorded.shift();
  }

  /** @returns how to take it back */
  before(match: RequestMatch, action: Action): () => void {
    return arm(this.#actions, match, action);
  }

  /** @returns how to take it back */
  fault(match: RequestMatch, fault: Fault): () => void {
    return arm(this.#faults, match, fault);
  }

  async act(request: RecordedRequest): Promise<void> {
    for (const action of taken(this.#actions, request)) await action(request);
  }

  /** The first one that fits. */
  faultFor(request: RecordedRequest): Fault | undefined {
    for (const armed of this.#faults) if (take(armed, request)) return armed.what;
    return undefined;
  }
}

function arm<T>(all: Set<Armed<T>>, match: RequestMatch, what: T): () => void {
  const armed = { match, what, left: match.times ?? Number.POSITIVE_INFINITY };
  all.add(armed);
  return () => void all.delete(armed);
}

const taken = <T>(all: ReadonlySet<Armed<T>>, request: RecordedRequest): readonly T[] =>
  [...all].filter((armed) => take(armed, request)).map(({ what }) => what);

function take<T>(armed: Armed<T>, request: RecordedRequest): boolean {
  if (armed.left <= 0 || !fits(armed.match, request)) return false;
  armed.left--;
  return true;
}

const fits = ({ method, path, dryRun, user }: RequestMatch, request: RecordedRequest): boolean =>
  (method ?? request.method) === request.method &&
  (path === undefined || path.test(request.path)) &&
  (dryRun === undefined || dryRun === (request.query['dryRun'] === 'All')) &&
  (user ?? request.user) === request.user;
