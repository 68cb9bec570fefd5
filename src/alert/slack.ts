/**
 * Slack's incoming webhook, which Mattermost, Rocket.Chat and others understand too: text and one attachment, no blocks. What
 * strangers wrote can neither link, nor mention anybody, nor leave its place, in Slack's markup or in Markdown. The URL is a secret.
 */
import type { AlertMessage } from '../core/conflict/alert-message.ts';
import type { ChannelConfig } from '../system/config-types.ts';
import { readUrl } from './channel-url.ts';
import { HttpPoster } from './http-post.ts';
import type { Channel, ChannelDeps } from './types.ts';

type SlackConfig = Extract<ChannelConfig, { type: 'slack' }>;

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
/** Keeps what looks like a mention or a link from being one, and cannot be seen. */
const BREAK = '\u200b';

/** Slack asks for three entities; Markdown's mentions and links are broken beside that. */
export const escapeSlack = (text: string): string =>
  text
    .replaceAll(/[&<>]/g, (character) => ENTITIES[character] ?? '')
    .replaceAll('@', `@${BREAK}`)
    .replaceAll('](', `]${BREAK}(`)
    .replaceAll('://', `:${BREAK}//`);

/**
 * What looks like the name of a host becomes a link, even without a scheme. Not for advice: its commands are copied, and hold no
 * text of strangers.
 */
const escapeNames = (text: string): string => escapeSlack(text.replaceAll(/(?<=[\p{L}\p{N}_-])\.(?=\p{L})/gu, `.${BREAK}`));

function colourOf(message: AlertMessage): string {
  if (message.event === 'closed') return 'good';
  switch (message.severity) {
    case 'critical':
      return 'danger';
    case 'warning':
      return 'warning';
    case 'notice':
      return '#808080';
  }
}

/** The document that is posted. */
export function slackDocument(message: AlertMessage): Readonly<Record<string, unknown>> {
  const title = escapeNames(message.title);
  const { conflict } = message;
  const fields = conflict === null ? [] : fieldsOf(conflict);
  return {
    text: title,
    mrkdwn: false,
    attachments: [
      {
        color: colourOf(message),
        fallback: title,
        text: [escapeNames(message.summary), ...message.actions.map((action) => escapeSlack(`• ${action}`))].join('\n'),
        fields: fields.map(([name, value]) => ({ title: name, value: escapeNames(value), short: true })),
        footer: escapeNames(`Freehold on ${message.sender.host}`),
        ts: Math.floor(Date.parse(message.at) / 1000),
        mrkdwn_in: [],
      },
    ],
  };
}

function fieldsOf(conflict: NonNullable<AlertMessage['conflict']>): [string, string][] {
  const fields: [string, string | null][] = [
    ['Address', conflict.address],
    ['Pool', conflict.pool],
    ['MAC', conflict.mac],
    ['Vendor', conflict.vendor],
    ['Hostname', conflict.hostname],
    ['Service', conflict.service],
  ];
  return fields.filter((field): field is [string, string] => field[1] !== null);
}

export function slackChannel(config: SlackConfig, deps: ChannelDeps): Channel {
  const poster = new HttpPoster(deps.clock, deps.timeoutMs);
  const environment = deps.environment ?? process.env;
  return {
    name: config.name,
    type: 'slack',
    // A channel for people: messages appear in the order in which they arrive, and Slack takes one a second.
    concurrency: 1,
    refreshMs: null,
    send(message, signal) {
      const prepare = () => ({
        url: readUrl(config.url, environment, false),
        headers: { 'content-type': 'application/json', 'user-agent': `freehold/${deps.version}` },
        body: JSON.stringify(slackDocument(message)),
      });
      return poster.post(prepare, signal);
    },
    close: async () => poster.close(),
  };
}
