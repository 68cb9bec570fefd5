/**
 * `freehold service status`: what systemd says of the service, and, where it runs, what the daemon says of itself.
 */
import { EXIT, type ExitCode, FreeholdError } from '../core/error.ts';
import { printable } from '../core/text.ts';
import type { HttpClient, QueryValues } from '../http/client.ts';
import type { ConflictsAnswer } from '../http/guard-service.ts';
import type { SegmentJson } from '../http/service.ts';
import { type ConnectOptions, connect } from './connect.ts';
import type { Output } from './output.ts';
import { type ServiceHost, UNIT, whyFailed } from './service-host.ts';

export interface StatusOptions extends ConnectOptions {
  readonly json?: boolean | undefined;
}

export interface UnitStatus {
  readonly unit: string;
  readonly installed: boolean;
  /** `enabled`, `disabled`, `masked` …, as systemd says it. */
  readonly enabled: string;
  /** `active`, `activating`, `failed`, `inactive` … */
  readonly state: string;
  /** `running`, `auto-restart`, `dead` … */
  readonly subState: string;
  /** `success`, `exit-code`, `watchdog`, `oom-kill` …: how it ended the last time. */
  readonly result: string;
  readonly mainPid: number | null;
  /** RFC 3339 UTC: in this state since. */
  readonly since: string | null;
  /** How often systemd has started it again by itself. */
  readonly restarts: number;
  /** The daemon's own line. */
  readonly statusText: string;
}

export interface DaemonStatus {
  readonly reachable: boolean;
  /** Why it could not be asked, or not everything. */
  readonly problem: string | null;
  /** Of what runs: not always of what is installed. */
  readonly version: string | null;
  readonly segments: readonly Pick<SegmentJson, 'name' | 'state' | 'waitingFor' | 'lastValidSweepAt'>[];
  readonly openConflicts: number | null;
}

export interface ServiceStatus extends UnitStatus {
  /** null where the service does not run. */
  readonly daemon: DaemonStatus | null;
}

/** Exit 0 where it runs, 3 where it does not. */
export async function serviceStatusCommand(options: StatusOptions, output: Output, host: ServiceHost): Promise<ExitCode> {
  const unit = unitStatus(host);
  const running = unit.state === 'active' || unit.state === 'reloading';
  const status: ServiceStatus = { ...unit, daemon: running ? await daemonStatus(connect(options)) : null };
  if (options.json) {
    output.json(status);
  } else {
    const { serviceStatusText } = await import('./service-status-text.ts');
    output.text(serviceStatusText(status, output.colors));
  }
  return running ? EXIT.ok : EXIT.no;
}

const PROPERTIES = [
  'LoadState',
  'UnitFileState',
  'ActiveState',
  'SubState',
  'Result',
  'MainPID',
  'StateChangeTimestamp',
  'ActiveEnterTimestamp',
  'NRestarts',
  'StatusText',
];

/** @throws FreeholdError `service-manager-missing` */
export function unitStatus(host: ServiceHost): UnitStatus {
  const ran = host.run('systemctl', ['show', UNIT, `--property=${PROPERTIES.join(',')}`]);
  if (ran.status !== 0) {
    throw new FreeholdError('service-manager-missing', `systemd cannot be asked: ${whyFailed('systemctl', ran)}`, {
      exitCode: EXIT.unreachable,
      hint: 'Where there is no systemd, ask the daemon itself: freehold free, freehold conflicts.',
    });
  }
  const said = new Map(
    ran.stdout.split('\n').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)] as const),
  );
  const text = (name: string): string => printable(said.get(name) ?? '', 200);
  const pid = Number(text('MainPID'));
  const active = text('ActiveState') === 'active' || text('ActiveState') === 'reloading';
  return {
    unit: UNIT,
    installed: text('LoadState') !== 'not-found',
    enabled: text('UnitFileState'),
    state: text('ActiveState'),
    subState: text('SubState'),
    result: text('Result'),
    mainPid: Number.isInteger(pid) && pid > 0 ? pid : null,
    since: timeOf(text(active ? 'ActiveEnterTimestamp' : 'StateChangeTimestamp')),
    restarts: Number(text('NRestarts')) || 0,
    statusText: text('StatusText'),
  };
}

/** `Mon 2026-11-23 13:49:00 UTC`: it was asked for UTC. */
function timeOf(text: string): string | null {
  const [, day, time] = /(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) UTC$/.exec(text) ?? [];
  return day === undefined ? null : `${day}T${time}Z`;
}

/** Never throws: what cannot be learned is said. */
async function daemonStatus(client: HttpClient): Promise<DaemonStatus> {
  const problems: string[] = [];
  const ask = async <T>(path: string, query: QueryValues = {}): Promise<T | null> => {
    try {
      return await client.get<T>(path, query);
    } catch (error) {
      problems.push(error instanceof Error ? error.message : String(error));
      return null;
    }
  };
  // One after the other: where the first gets no answer, the others would only repeat why.
  const listed = await ask<{ readonly segments: readonly SegmentJson[] }>('/segments');
  const conflicts = listed === null ? null : await ask<ConflictsAnswer>('/conflicts', { limit: 1 });
  const described = listed === null ? null : await ask<{ readonly info?: { readonly version?: string } }>('/openapi.json');
  return {
    reachable: listed !== null,
    problem: problems[0] ?? null,
    version: described?.info?.version ?? null,
    segments: (listed?.segments ?? []).map(({ name, state, waitingFor, lastValidSweepAt }) => ({
      name,
      state,
      waitingFor,
      lastValidSweepAt,
    })),
    openConflicts: conflicts?.open ?? null,
  };
}
