/**
 * The generic webhook: posts the message as JSON, on request signed and with a bearer token. The signature covers the time too, so
 * that a receiver can refuse what somebody plays back to it.
 */
import { createHmac } from 'node:crypto';
import type { AlertMessage } from '../core/conflict/alert-message.ts';
import type { ChannelConfig } from '../system/config-types.ts';
import { readSecret } from '../system/secret-file.ts';
import { readUrl } from './channel-url.ts';
import { HttpPoster } from './http-post.ts';
import type { Channel, ChannelDeps } from './types.ts';

type WebhookConfig = Extract<ChannelConfig, { type: 'webhook' }>;

/** `sha256=<hex>` of HMAC-SHA256 over `<timestamp>.<body>`. @param timestamp epoch seconds */
export const signatureOf = (key: string, timestamp: string, body: string): string =>
  `sha256=${createHmac('sha256', key).update(`${timestamp}.${body}`).digest('hex')}`;

export function webhookChannel(config: WebhookConfig, deps: ChannelDeps): Channel {
  const poster = new HttpPoster(deps.clock, deps.timeoutMs);
  const environment = deps.environment ?? process.env;
  return {
    name: config.name,
    type: 'webhook',
    refreshMs: null,
    send(message, signal) {
      const prepare = () => {
        const body = JSON.stringify(message);
        const headers: Record<string, string> = {
          'content-type': 'application/json',
          'user-agent': `freehold/${deps.version}`,
          'x-freehold-event': message.event,
          'idempotency-key': keyOf(message),
        };
        if (config.bearer !== null) headers['authorization'] = `Bearer ${readSecret(config.bearer, environment)}`;
        if (config.hmac !== null) {
          const timestamp = String(Math.floor(deps.clock.nowMs() / 1000));
          headers['x-freehold-timestamp'] = timestamp;
          headers['x-freehold-signature'] = signatureOf(readSecret(config.hmac, environment), timestamp, body);
        }
        return { url: readUrl(config.url, environment, config.bearer !== null), headers, body };
      };
      return poster.post(prepare, signal);
    },
    close: async () => poster.close(),
  };
}

/** Never the same for two alerts, though a new ledger counts its conflicts from 1 again. */
const keyOf = ({ id, conflict }: AlertMessage): string =>
  conflict === null ? id : `${id}-${Date.parse(conflict.openedAt).toString(36)}`;
