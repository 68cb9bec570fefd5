/**
 * Alertmanager, API v2: a conflict is an alert that fires until it is resolved. Labels are its identity there, so they come from
 * nothing that changes while it is open; an escalation resolves the old labels and fires the new ones. What is open is told again
 * before it would expire, which also mends an Alertmanager that lost its memory.
 */
import type { AlertConflict, AlertMessage } from '../core/conflict/alert-message.ts';
import { type ConflictKind, severityOf } from '../core/conflict/types.ts';
import type { ChannelConfig } from '../system/config-types.ts';
import { readSecret } from '../system/secret-file.ts';
import { readUrl } from './channel-url.ts';
import { isConflictKind, wantsKind } from './filter.ts';
import { HttpPoster } from './http-post.ts';
import { type Channel, type ChannelDeps, DELIVERED, type SendOutcome } from './types.ts';

type AlertmanagerConfig = Extract<ChannelConfig, { type: 'alertmanager' }>;

/** An alert of the API: `postableAlert`. */
export interface PostableAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly endsAt: string;
}

/** Missed so many times in a row, an alert expires. */
const RESENDS_UNTIL_EXPIRED = 4;
/** But not before this: a resend that hangs until it is given up, the wait after it, and the next one. */
const SHORTEST_MS = 180_000;
/** Long enough to be grouped and sent (group_wait is 30 s by default). */
const TEST_FIRES_MS = 300_000;
/** Alerts in one request: some 400 KB. */
const BATCH = 200;
/** So that thousands of alerts are tried within the lane's limit, though no request is answered. */
const BATCHES_AT_A_TIME = 4;

const timeText = (epochMs: number): string => new Date(epochMs).toISOString();

const alertName = (kind: string): string =>
  `Freehold${kind.replaceAll(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase())}`;

/**
 * What makes a conflict of a kind another one, and stays as it is while it is open. The pool of an address changes when pools are
 * renamed; where an overlap begins and which MAC a server has change as well.
 */
const IDENTITY: Readonly<Record<ConflictKind, readonly ('address' | 'mac' | 'server' | 'pool')[]>> = {
  imminent: ['address', 'mac'],
  squatter: ['address', 'mac'],
  contested: ['address', 'mac'],
  'split-brain': ['address'],
  'scope-overlap': ['server', 'pool'],
  infrastructure: ['address'],
  unannounced: ['address'],
};

function labelsOf(conflict: AlertConflict, kind: ConflictKind): Record<string, string> {
  const labels: Record<string, string> = {
    alertname: alertName(kind),
    severity: severityOf(kind),
    kind,
    segment: conflict.segment,
  };
  for (const key of IDENTITY[kind]) {
    const value = conflict[key] ?? null;
    if (value !== null) labels[key] = value;
  }
  return labels;
}

function annotationsOf(message: AlertMessage): Record<string, string> {
  const annotations: Record<string, string> = {
    summary: message.title,
    description: message.summary,
    actions: message.actions.join('\n'),
    sender: message.sender.host,
  };
  const { conflict } = message;
  if (conflict === null) return annotations;
  annotations['conflict'] = String(conflict.id);
  const { overlap } = conflict;
  if (overlap !== null) annotations['overlap'] = `${overlap.start}-${overlap.end}`;
  for (const key of ['pool', 'address', 'mac', 'hostname', 'vendor', 'service'] as const) {
    const value = conflict[key];
    if (value !== null) annotations[key] = value;
  }
  return annotations;
}

/**
 * The alerts that one message makes: two for an escalation.
 * @param firesUntilMs epoch ms: when what fires expires unless it is told again
 */
export function alertsOf(message: AlertMessage, firesUntilMs: number, wants: (kind: ConflictKind) => boolean): PostableAlert[] {
  const annotations = annotationsOf(message);
  const { conflict } = message;
  if (conflict === null || !isConflictKind(conflict.kind)) {
    const labels = { alertname: alertName(message.event), severity: message.severity, kind: message.event };
    return [{ labels, annotations, startsAt: message.at, endsAt: timeText(Date.parse(message.at) + TEST_FIRES_MS) }];
  }
  const startsMs = Date.parse(conflict.openedAt);
  // Alertmanager refuses an alert that ends before it starts; a clock that was set back must not make one.
  const alert = (kind: ConflictKind, endsMs: number): PostableAlert => ({
    labels: labelsOf(conflict, kind),
    annotations,
    startsAt: conflict.openedAt,
    endsAt: timeText(Math.max(endsMs, startsMs)),
  });
  if (message.event === 'closed') return [alert(conflict.kind, Date.parse(conflict.closedAt ?? message.at))];
  const alerts: PostableAlert[] = [];
  // More strangers of the same kind: the same alert goes on.
  if (conflict.from !== null && conflict.from !== conflict.kind && isConflictKind(conflict.from))
    alerts.push(alert(conflict.from, Date.parse(message.at)));
  if (wants(conflict.kind)) alerts.push(alert(conflict.kind, firesUntilMs));
  return alerts;
}

export function alertmanagerChannel(config: AlertmanagerConfig, deps: ChannelDeps): Channel {
  const poster = new HttpPoster(deps.clock, deps.timeoutMs);
  const environment = deps.environment ?? process.env;
  const wants = (kind: ConflictKind): boolean => wantsKind(config, kind);
  const post = (alerts: readonly PostableAlert[], signal: AbortSignal): Promise<SendOutcome> => {
    const prepare = () => {
      const url = readUrl(config.url, environment, config.bearer !== null);
      url.pathname = `${url.pathname.replace(/\/+$/, '')}/api/v2/alerts`;
      const headers: Record<string, string> = {
        'content-type': 'application/json',
        'user-agent': `freehold/${deps.version}`,
      };
      if (config.bearer !== null) headers['authorization'] = `Bearer ${readSecret(config.bearer, environment)}`;
      return { url, headers, body: JSON.stringify(alerts) };
    };
    return alerts.length === 0 ? Promise.resolve(DELIVERED) : poster.post(prepare, signal);
  };
  const firesUntilMs = (): number => deps.clock.nowMs() + Math.max(RESENDS_UNTIL_EXPIRED * config.resendMs, SHORTEST_MS);
  return {
    name: config.name,
    type: 'alertmanager',
    refreshMs: config.resendMs,
    send: (message, signal) => post(alertsOf(message, firesUntilMs(), wants), signal),
    async refresh(open, signal) {
      const firing = open.filter((message) => fires(message, wants));
      let start = 0;
      let worst = DELIVERED;
      const work = async (): Promise<void> => {
        while (start < firing.length && !signal.aborted) {
          const batch = firing.slice(start, start + BATCH);
          start += BATCH;
          const outcome = await post(
            batch.flatMap((message) => firingOf(message, firesUntilMs(), wants)),
            signal,
          );
          if (badness(outcome) > badness(worst)) worst = outcome;
        }
      };
      // Each batch is tried, whatever became of the others: an alert must not expire because another is refused.
      await Promise.all(Array.from({ length: BATCHES_AT_A_TIME }, work));
      return worst;
    },
    close: async () => poster.close(),
  };
}

function fires({ conflict, event }: AlertMessage, wants: (kind: ConflictKind) => boolean): boolean {
  return conflict !== null && isConflictKind(conflict.kind) && event !== 'closed' && wants(conflict.kind);
}

/** What of an open conflict fires now, whatever became of it before. */
function firingOf(message: AlertMessage, untilMs: number, wants: (kind: ConflictKind) => boolean): PostableAlert[] {
  const { conflict } = message;
  return conflict === null ? [] : alertsOf({ ...message, conflict: { ...conflict, from: null } }, untilMs, wants);
}

/** What has to be tried again is worse than what never will be: the refusal is met again then. */
function badness(outcome: SendOutcome): number {
  switch (outcome.kind) {
    case 'delivered':
      return 0;
    case 'rejected':
      return 1;
    case 'retry':
      return outcome.scope === 'message' ? 2 : 3;
  }
}
