/** Makes a channel from its configuration. The one place that knows all types. */
import type { ChannelConfig } from '../system/config-types.ts';
import { alertmanagerChannel } from './alertmanager.ts';
import { emailChannel } from './email.ts';
import { journalChannel } from './journal.ts';
import { slackChannel } from './slack.ts';
import type { Channel, ChannelDeps } from './types.ts';
import { webhookChannel } from './webhook.ts';

export function createChannel(config: ChannelConfig, deps: ChannelDeps): Channel {
  switch (config.type) {
    case 'webhook':
      return webhookChannel(config, deps);
    case 'alertmanager':
      return alertmanagerChannel(config, deps);
    case 'slack':
      return slackChannel(config, deps);
    case 'email':
      return emailChannel(config, deps);
    case 'journal':
      return journalChannel(config, deps);
  }
}
