/**
 * The journal as a channel: an alert is a line of the log, at the priority of its severity (`crit`, `warning`, `info`). Written
 * whatever `log.level` says, since it is not a remark of the program. Cannot fail.
 */
import type { AlertMessage } from '../core/conflict/alert-message.ts';
import type { ChannelConfig } from '../system/config-types.ts';
import { type Channel, type ChannelDeps, DELIVERED } from './types.ts';

type JournalConfig = Extract<ChannelConfig, { type: 'journal' }>;

/** `fatal` is the level that the logger writes as syslog's crit; nothing ends by it. */
function levelOf({ event, severity }: AlertMessage): 'fatal' | 'warn' | 'info' {
  if (event === 'closed') return 'info';
  switch (severity) {
    case 'critical':
      return 'fatal';
    case 'warning':
      return 'warn';
    case 'notice':
      return 'info';
  }
}

export function journalChannel(config: JournalConfig, { logger }: ChannelDeps): Channel {
  const journal = logger.child({}, { level: 'info' });
  return {
    name: config.name,
    type: 'journal',
    refreshMs: null,
    async send(message) {
      const { id, event, severity, summary, actions, conflict } = message;
      const fields = { alert: id, event, severity, summary, actions, ...(conflict === null ? {} : { conflict }) };
      journal[levelOf(message)](fields, message.title);
      return DELIVERED;
    },
    close: async () => undefined,
  };
}
