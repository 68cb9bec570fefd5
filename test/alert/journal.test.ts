import { describe, expect, it } from 'vitest';
import { createChannel } from '../../src/alert/channels.ts';
import { testMessage } from '../../src/alert/message.ts';
import { createLogger } from '../../src/system/logger.ts';
import { fakeClock } from '../system/fake-clock.ts';
import { CONTEXT, depsWith, HOSTILE, messageOf, T0 } from './fixtures.ts';

const CONFIG = { name: 'journal', type: 'journal', minSeverity: 'notice', kinds: null } as const;

describe('the journal', () => {
  it.each([
    ['critical', messageOf(), 2],
    ['warning', messageOf({ kind: 'imminent' }), 4],
    ['notice', messageOf({ kind: 'unannounced' }), 6],
    ['closed', messageOf({ seq: 2, closedMs: T0, closeReason: 'quiet' }, { event: 'closed' }), 6],
    ['test', testMessage(CONTEXT), 6],
  ])('writes a line at the priority of its severity, whatever the log level is: %s', async (_, message, priority) => {
    const lines: string[] = [];
    const logger = createLogger({ level: 'error', journal: true, stream: { write: (line) => void lines.push(line) } });
    const channel = createChannel(CONFIG, depsWith(fakeClock(T0), { logger }));
    expect(await channel.send(message, new AbortController().signal)).toEqual({ kind: 'delivered' });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(new RegExp(`^<${priority}>\\{`));
    const written = JSON.parse(lines[0]?.slice(3) ?? '');
    expect(written).toMatchObject({ msg: message.title, alert: message.id, actions: message.actions });
  });

  it('stays one line, whatever strangers call themselves', async () => {
    const lines: string[] = [];
    const logger = createLogger({ level: 'info', journal: true, stream: { write: (line) => void lines.push(line) } });
    const channel = createChannel(CONFIG, depsWith(fakeClock(T0), { logger }));
    await channel.send(messageOf({ hostname: HOSTILE }), new AbortController().signal);
    expect(lines[0]).toMatch(/^[^\n\r\0]*\n$/);
    await channel.close();
  });
});
