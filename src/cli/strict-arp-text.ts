/** What `freehold strict-arp` says: one state, and the sentences that explain it. Pure. */
import type { EnableProgress } from '../cluster/strict-arp/enable.ts';
import type { StrictArpLook } from '../cluster/strict-arp/look.ts';
import { platformAdvice } from '../cluster/strict-arp/platform.ts';
import { printable } from '../core/text.ts';

export type StrictArpState =
  /** Nothing to do: no IPVS, or no kube-proxy of that kind. */
  | 'not-needed'
  /** On, and as far as can be told in force. */
  | 'on'
  /** It was switched on, and every node runs with it. */
  | 'enabled'
  /** It would have been switched on. */
  | 'dry-run'
  /** IPVS without it. */
  | 'needed'
  /** On, but pods of kube-proxy are older than that. */
  | 'restart-needed'
  /** kube-proxy did not restart in time, or not by itself. */
  | 'restart-unfinished'
  /** IPVS without it, by flags on the command line, which are not changed here. */
  | 'by-flags'
  /** Neither its mode nor its configuration is to be seen. */
  | 'unknown';

export function stateOf(look: StrictArpLook, progress: EnableProgress, dryRun: boolean): StrictArpState {
  if (dryRun && look.kind === 'off') return 'dry-run';
  if (progress.changed || progress.restarted) return progress.inForce ? 'enabled' : 'restart-unfinished';
  switch (look.kind) {
    case 'no-kube-proxy':
    case 'not-ipvs':
      return 'not-needed';
    case 'off':
      // Somebody else switched it on while we were about to.
      return progress.inForce ? 'enabled' : 'needed';
    case 'on':
      return (look.stale ?? []).length > 0 ? 'restart-needed' : 'on';
    case 'by-flags':
      if (look.mode === null) return 'unknown';
      if (look.mode !== 'ipvs') return 'not-needed';
      return look.strictArp ? 'on' : 'by-flags';
  }
}

const WHY =
  'In IPVS mode every node has the addresses of all Services on an interface of its own, and answers ARP for them: without strictARP all nodes answer for one address.';
const DEPRECATED = 'Note: Kubernetes 1.35 deprecates IPVS mode. In nftables mode, its successor, none of this is needed.';

export function strictArpSentences(state: StrictArpState, look: StrictArpLook, { changed }: EnableProgress): readonly string[] {
  switch (state) {
    case 'not-needed':
      return nothingToDo(look);
    case 'on':
      return ['strictARP is on: there is nothing to do.', ...staleUnknown(look), DEPRECATED];
    case 'enabled':
      return [
        changed
          ? 'strictARP is on now, and kube-proxy runs with it on every node.'
          : 'strictARP was on already; kube-proxy runs with it on every node now.',
        DEPRECATED,
      ];
    case 'dry-run':
      return ['The API server would take this change. Nothing was changed: this was a dry run.', DEPRECATED];
    case 'needed':
      return [`kube-proxy runs in IPVS mode, and strictARP is off (${writtenOf(look)}).`, WHY, DEPRECATED];
    case 'restart-needed':
      return [
        `strictARP is on in the configuration, but these pods of kube-proxy are older than its last change, and may run without it: ${staleText(look)}.`,
        'kube-proxy reads its configuration only when it starts.',
        DEPRECATED,
      ];
    case 'restart-unfinished':
      return ['strictARP is written, but not in force on every node: kube-proxy has not restarted everywhere.', DEPRECATED];
    case 'by-flags':
      return [
        'kube-proxy runs in IPVS mode without strictARP, and is configured by the flags on its command line.',
        WHY,
        'Add --ipvs-strict-arp=true to them: kubectl -n kube-system edit daemonset kube-proxy. Freehold does not change command lines.',
        DEPRECATED,
      ];
    case 'unknown':
      return [
        'There is a DaemonSet kube-proxy, but neither ConfigMap kube-system/kube-proxy with a config.conf nor --proxy-mode on its command line: whether it needs strictARP is not known.',
        'Look where its configuration comes from: kubectl -n kube-system get daemonset kube-proxy -o yaml. It needs strictARP only in IPVS mode.',
      ];
  }
}

function nothingToDo(look: StrictArpLook): readonly string[] {
  if (look.kind === 'no-kube-proxy') {
    const leftover = look.leftover
      ? ['There is a ConfigMap kube-system/kube-proxy, but no DaemonSet that runs with it: it is probably left over.']
      : [];
    const first = 'There is nothing to do: this cluster has no DaemonSet kube-proxy.';
    return [first, ...leftover, ...platformAdvice(look.platform)];
  }
  const mode = 'config' in look ? look.config.mode : look.kind === 'by-flags' ? (look.mode ?? '') : '';
  const named = mode === '' ? 'its default mode (iptables)' : `${printable(mode, 40)} mode`;
  const strict = 'config' in look && look.config.strictArp ? ' strictARP is on, but has no effect in it.' : '';
  return [`There is nothing to do: kube-proxy runs in ${named}, and strictARP matters only in IPVS mode.${strict}`];
}

const writtenOf = (look: StrictArpLook): string =>
  look.kind !== 'off' ? 'off' : look.config.written === 'absent' ? 'not written at all' : `it says ${look.config.written}`;

const MOST_NAMED = 5;
function staleText(look: StrictArpLook): string {
  const stale = look.kind === 'on' ? (look.stale ?? []) : [];
  const named = stale.slice(0, MOST_NAMED).map((name) => printable(name, 80));
  return stale.length > MOST_NAMED ? `${named.join(', ')} and ${stale.length - MOST_NAMED} more` : named.join(', ');
}

const staleUnknown = (look: StrictArpLook): readonly string[] =>
  look.kind === 'on' && look.stale === null
    ? ['Whether kube-proxy was restarted since it was switched on could not be told.']
    : [];
