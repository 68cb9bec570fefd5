/**
 * `alerts` of the configuration: the channels, their keys, bounds and defaults. Rules between keys are in
 * config-alert-rules.ts. Holds where secrets are, never a secret.
 */
import { z } from 'zod';
import { CONFLICT_KINDS } from '../core/conflict/types.ts';
import * as alert from './config-alert-fields.ts';
import * as field from './config-fields.ts';
import type { AlertsConfig, ChannelConfig } from './config-types.ts';
import { expects } from './text-field.ts';

export const MOST_CHANNELS = 32;

/** In config-alert-rules.ts too: told together with the problems of single values. */
export const URL_REQUIRED = 'is required: expected one of url, urlFile and urlEnv';

/** A channel that may still lack a name. */
type Unnamed<Channel> = Channel extends ChannelConfig ? Omit<Channel, 'name'> & { readonly name: string | null } : never;
type ChannelOf<Type extends ChannelConfig['type']> = Unnamed<Extract<ChannelConfig, { readonly type: Type }>>;

const common = {
  name: field.plainName('The name of the channel; default: its type').optional(),
  minSeverity: field.choice(['notice', 'warning', 'critical'], 'Only conflicts at least this loud').default('notice'),
  kinds: z
    .array(z.enum(CONFLICT_KINDS, expects(`one of ${CONFLICT_KINDS.join(', ')}`)), expects('a list of kinds of conflict'))
    .min(1, expects('at least one kind of conflict'))
    .max(64, expects('at most 64 kinds of conflict'))
    .optional()
    .meta({ description: 'Only these kinds of conflict; default: all' }),
};

interface Common {
  readonly name?: string | undefined;
  readonly minSeverity: ChannelConfig['minSeverity'];
  readonly kinds?: ChannelConfig['kinds'] | undefined;
}
const commonOf = ({ name, minSeverity, kinds }: Common) => ({ name: name ?? null, minSeverity, kinds: kinds ?? null });

const url = {
  url: alert.channelUrl.optional(),
  urlFile: alert.secretPath('The file that holds the URL').optional(),
  urlEnv: alert.variableName('The environment variable that holds the URL').optional(),
};
interface Url {
  readonly url?: string | undefined;
  readonly urlFile?: string | undefined;
  readonly urlEnv?: string | undefined;
}
const urlOf = (value: Url, context: z.core.$RefinementCtx) => {
  const source = alert.urlSource(value.url, value.urlFile, value.urlEnv);
  if (source === null) context.addIssue({ code: 'custom', path: ['url'], message: URL_REQUIRED });
  return source ?? z.NEVER;
};

const token = {
  tokenFile: alert.secretPath('The file that holds the bearer token').optional(),
  tokenEnv: alert.variableName('The environment variable that holds the bearer token').optional(),
};

const webhook = field
  .mapping(
    {
      type: z.literal('webhook'),
      ...common,
      ...url,
      hmacFile: alert.secretPath('The file that holds the key which signs each message (HMAC-SHA256)').optional(),
      hmacEnv: alert.variableName('The environment variable that holds that key').optional(),
      ...token,
    },
    'a mapping',
  )
  .transform(
    (value, context): ChannelOf<'webhook'> => ({
      type: 'webhook',
      ...commonOf(value),
      url: urlOf(value, context),
      hmac: alert.secretSource(value.hmacFile, value.hmacEnv),
      bearer: alert.secretSource(value.tokenFile, value.tokenEnv),
    }),
  );

const alertmanager = field
  .mapping(
    {
      type: z.literal('alertmanager'),
      ...common,
      ...url,
      ...token,
      resend: field.duration(10_000, 3_600_000, 'How often what is open is told again').prefault('1m'),
    },
    'a mapping',
  )
  .transform(
    (value, context): ChannelOf<'alertmanager'> => ({
      type: 'alertmanager',
      ...commonOf(value),
      url: urlOf(value, context),
      bearer: alert.secretSource(value.tokenFile, value.tokenEnv),
      resendMs: value.resend,
    }),
  );

const slack = field
  .mapping({ type: z.literal('slack'), ...common, ...url }, 'a mapping')
  .transform((value, context): ChannelOf<'slack'> => ({ type: 'slack', ...commonOf(value), url: urlOf(value, context) }));

/** IANA: submission, submissions, smtp. */
const DEFAULT_PORT = { starttls: 587, tls: 465, none: 25 } as const;

const email = field
  .mapping(
    {
      type: z.literal('email'),
      ...common,
      host: alert.host,
      port: field
        .wholeNumber(1, 65_535)
        .optional()
        .meta({ description: 'Default: 587 with starttls, 465 with tls, 25 with none' }),
      security: field
        .choice(['starttls', 'tls', 'none'], 'starttls must succeed; tls from the first byte; none sends in the clear')
        .default('starttls'),
      caFile: field.absolutePath("PEM of the authority that signed the server's certificate; default: the system's").optional(),
      user: field.shortText(255, 'The name to log in with').optional(),
      passwordFile: alert.secretPath('The file that holds the password').optional(),
      passwordEnv: alert.variableName('The environment variable that holds the password').optional(),
      from: alert.mailAddress,
      to: alert.recipients,
    },
    'a mapping',
  )
  .transform(
    (value): ChannelOf<'email'> => ({
      type: 'email',
      ...commonOf(value),
      host: value.host,
      port: value.port ?? DEFAULT_PORT[value.security],
      security: value.security,
      caFile: value.caFile ?? null,
      user: value.user ?? null,
      password: alert.secretSource(value.passwordFile, value.passwordEnv),
      from: value.from,
      to: value.to,
    }),
  );

const journal = field
  .mapping({ type: z.literal('journal'), ...common }, 'a mapping')
  .transform((value): ChannelOf<'journal'> => ({ type: 'journal', ...commonOf(value) }));

const channel = z.discriminatedUnion('type', [webhook, alertmanager, slack, email, journal], {
  error: (issue) =>
    issue.code === 'invalid_union'
      ? 'expected one of webhook, alertmanager, slack, email, journal'
      : 'expected a mapping with type',
});

/** `webhook`, `webhook-2` ...: in the order of the file, passing over names that are given. */
function named(channels: readonly ChannelOf<ChannelConfig['type']>[]): readonly ChannelConfig[] {
  const taken = new Set(channels.map(({ name }) => name));
  const freeName = (type: string): string => {
    for (let number = 1; ; number++) {
      const name = number === 1 ? type : `${type}-${number}`;
      if (!taken.has(name)) return name;
    }
  };
  return channels.map((one) => {
    const name = one.name ?? freeName(one.type);
    taken.add(name);
    return { ...one, name };
  });
}

export const alertsSchema = field
  .mapping(
    {
      channels: field
        .list(channel, MOST_CHANNELS, 'channels')
        .prefault([{ type: 'journal' }])
        .meta({ description: 'How people are told of conflicts; default: the journal' }),
    },
    'a mapping with channels',
  )
  .transform(({ channels }): AlertsConfig => ({ channels: named(channels) }));
