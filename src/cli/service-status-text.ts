/**
 * The state of the service for people. Pure.
 */
import { printable } from '../core/text.ts';
import type { Colors } from './output.ts';
import type { DaemonStatus, ServiceStatus } from './service-status.ts';
import { count, moment } from './words.ts';

export function serviceStatusText(status: ServiceStatus, colors: Colors): string {
  if (!status.installed) return `${status.unit} is not installed.  (freehold service install)`;
  const running = status.daemon !== null;
  const state = `${status.state} (${status.subState})`;
  const rows: [string, string][] = [
    ['state', `${running ? colors.green(state) : colors.red(state)} since ${moment(status.since)}${ending(status)}`],
    ['at boot', status.enabled],
  ];
  if (status.mainPid !== null) rows.push(['main PID', String(status.mainPid)]);
  if (status.restarts > 0) rows.push(['restarts', `${status.restarts} by systemd`]);
  if (status.statusText !== '') rows.push(['says', status.statusText]);
  rows.push(...(status.daemon === null ? [] : daemonRows(status.daemon, colors)));
  if (!running) rows.push(['log', 'journalctl -u freehold -n 30']);
  return [status.unit, ...rows.map(([name, text]) => `  ${colors.dim(name.padEnd(10))}  ${text}`)].join('\n');
}

const ending = ({ result, daemon }: ServiceStatus): string =>
  daemon === null && result !== '' && result !== 'success' ? `: it ended by ${result}` : '';

function daemonRows(daemon: DaemonStatus, colors: Colors): [string, string][] {
  const rows: [string, string][] = [];
  if (daemon.version !== null) rows.push(['version', printable(daemon.version, 32)]);
  if (daemon.reachable && daemon.segments.length === 0) rows.push(['segments', colors.yellow('none: nothing is probed')]);
  for (const { name, state, waitingFor, lastValidSweepAt } of daemon.segments) {
    const waits = waitingFor === null ? '' : ` for ${printable(waitingFor, 64)}`;
    rows.push([
      'segment',
      `${printable(name, 64)}: ${printable(state, 32)}${waits}, last valid sweep ${moment(lastValidSweepAt)}`,
    ]);
  }
  if (daemon.openConflicts !== null) {
    const text = count(daemon.openConflicts, 'open', 'open');
    rows.push(['conflicts', daemon.openConflicts === 0 ? text : colors.red(`${text}  (freehold conflicts)`)]);
  }
  if (daemon.problem !== null) rows.push(['daemon', colors.yellow(printable(daemon.problem, 300))]);
  return rows;
}
