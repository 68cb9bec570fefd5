/**
 * `freehold alerts test`: one marked message through every configured channel, sent by this process itself: no daemon is
 * needed, and none is asked. Says of each channel whether it was taken, and if not, why. Never tries twice.
 */
import { hostname } from 'node:os';
import type { Channel, SendOutcome } from '../alert/types.ts';
import type { AlertMessage } from '../core/conflict/alert-message.ts';
import { EXIT, type ExitCode, FreeholdError } from '../core/error.ts';
import { printable } from '../core/text.ts';
import { systemClock } from '../system/clock.ts';
import { loadConfig } from '../system/config.ts';
import type { ChannelConfig } from '../system/config-types.ts';
import { VERSION } from '../system/version.ts';
import type { Output } from './output.ts';
import { count } from './words.ts';

export interface AlertsTestOptions {
  /** null: the default path, if there is such a file. */
  readonly config: string | null;
  /** Only this channel. */
  readonly channel?: string | undefined;
  readonly json?: boolean | undefined;
}

interface ChannelResult {
  readonly channel: string;
  readonly type: string;
  readonly outcome: 'delivered' | 'failed';
  /** null where it was delivered, and there is no more to say. */
  readonly reason: string | null;
  readonly durationMs: number;
}

/** Above every channel's own timeout (30 s for e-mail): whatever hangs even so is given up. */
const DEADLINE_MS = 45_000;

const PRINTED = 'printed here, as the journal would get it';

/** Exit 0 where every channel took it, 3 where one did not, 2 where there is none to try. */
export async function alertsTestCommand(options: AlertsTestOptions, output: Output): Promise<ExitCode> {
  const { config, source } = loadConfig(options.config);
  const chosen = choose(config.alerts.channels, options.channel);
  const [{ createChannel }, { testMessage }, { createLogger }] = await Promise.all([
    import('../alert/channels.ts'),
    import('../alert/message.ts'),
    import('../system/logger.ts'),
  ]);
  const message = testMessage({ host: hostname(), version: VERSION, nowMs: systemClock.nowMs() });
  const deps = { clock: systemClock, logger: createLogger({ level: config.log.level }), version: VERSION };
  const results = await Promise.all(chosen.map((channel) => tryChannel(createChannel(channel, deps), message)));
  const failed = results.filter(({ outcome }) => outcome === 'failed').length;
  if (options.json) {
    output.json({
      id: message.id,
      config: source.kind === 'file' ? source.path : null,
      delivered: failed === 0,
      channels: results,
    });
  } else {
    const { table } = await import('./table.ts');
    const rows = results.map(({ channel, type, outcome, durationMs, reason }) => [
      channel,
      type,
      outcome === 'delivered' ? output.colors.green(outcome) : output.colors.red(outcome),
      String(durationMs),
      reason ?? '',
    ]);
    output.text(
      source.kind === 'file' ? `As configured in ${source.path}:` : `By the built-in defaults (there is no ${source.path}):`,
    );
    output.text(table(['channel', 'type', 'outcome', 'ms', 'reason'], rows, output.colors));
    output.text(
      failed === 0
        ? `\nThe test message ${message.id} went through ${count(results.length, 'channel')}.`
        : `\n${failed} of ${count(results.length, 'channel')} did not take the test message ${message.id}.`,
    );
  }
  return failed === 0 ? EXIT.ok : EXIT.no;
}

function choose(channels: readonly ChannelConfig[], name: string | undefined): readonly ChannelConfig[] {
  if (channels.length === 0) {
    throw new FreeholdError('alerts-no-channel', 'No alert channel is configured: alerts.channels is empty.', {
      exitCode: EXIT.usage,
      hint: 'docs/configuration.md has an example of each kind of channel.',
    });
  }
  if (name === undefined) return channels;
  const named = channels.filter((channel) => channel.name === name);
  if (named.length > 0) return named;
  throw new FreeholdError('alerts-channel-unknown', `There is no alert channel "${name}".`, {
    exitCode: EXIT.usage,
    hint: `These are configured: ${channels.map((channel) => channel.name).join(', ')}.`,
  });
}

async function tryChannel(channel: Channel, message: AlertMessage): Promise<ChannelResult> {
  const startedMs = performance.now();
  try {
    const reason = reasonOf(await channel.send(message, AbortSignal.timeout(DEADLINE_MS)));
    return {
      channel: channel.name,
      type: channel.type,
      outcome: reason === null ? 'delivered' : 'failed',
      // This process has no journal: systemd takes down what the service prints.
      reason: reason === null ? (channel.type === 'journal' ? PRINTED : null) : printable(reason, 300),
      durationMs: Math.round(performance.now() - startedMs),
    };
  } finally {
    await channel.close();
  }
}

/** A `retry` would be tried again by the daemon; here one try is the answer. */
function reasonOf(outcome: SendOutcome): string | null {
  switch (outcome.kind) {
    case 'delivered':
      return null;
    case 'retry':
      return outcome.reason;
    case 'rejected':
      return `refused for good: ${outcome.reason}`;
  }
}
