/** An alert channel as the file would say it: where its secrets are, never a secret; of a URL that may be one, only the host. */
import { hidePath } from './config-channel-url.ts';
import type { ChannelConfig, SecretSource, UrlSource } from './config-types.ts';
import { formatDuration } from './duration.ts';

type Written = Readonly<Record<string, unknown>>;

export function channelAsWritten(channel: ChannelConfig): Written {
  const { type, name, minSeverity, kinds } = channel;
  const common = { type, name, minSeverity, ...(kinds === null ? {} : { kinds }) };
  switch (channel.type) {
    case 'webhook':
      return {
        ...common,
        ...urlAsWritten(channel.url, hidePath),
        ...secretAsWritten('hmac', channel.hmac),
        ...secretAsWritten('token', channel.bearer),
      };
    case 'alertmanager':
      return {
        ...common,
        // The address of a server, and nothing behind it.
        ...urlAsWritten(channel.url, (url) => url),
        ...secretAsWritten('token', channel.bearer),
        resend: formatDuration(channel.resendMs),
      };
    case 'slack':
      return { ...common, ...urlAsWritten(channel.url, hidePath) };
    case 'email':
      return {
        ...common,
        host: channel.host,
        port: channel.port,
        security: channel.security,
        ...(channel.caFile === null ? {} : { caFile: channel.caFile }),
        ...(channel.user === null ? {} : { user: channel.user }),
        ...secretAsWritten('password', channel.password),
        from: channel.from,
        to: channel.to,
      };
    case 'journal':
      return common;
  }
}

function secretAsWritten(key: string, source: SecretSource | null): Written {
  if (source === null) return {};
  return source.kind === 'file' ? { [`${key}File`]: source.path } : { [`${key}Env`]: source.variable };
}

const urlAsWritten = (source: UrlSource, shown: (url: string) => string): Written =>
  source.kind === 'plain' ? { url: shown(source.url) } : secretAsWritten('url', source);
