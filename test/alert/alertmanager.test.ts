import { describe, expect, it, onTestFinished } from 'vitest';
import { alertsOf } from '../../src/alert/alertmanager.ts';
import { createChannel } from '../../src/alert/channels.ts';
import { testMessage } from '../../src/alert/message.ts';
import type { Channel, ChannelDeps } from '../../src/alert/types.ts';
import type { ConflictKind } from '../../src/core/conflict/types.ts';
import { fakeClock } from '../system/fake-clock.ts';
import { CONTEXT, depsWith, HOSTILE, messageOf, receiver, status, T0 } from './fixtures.ts';

const live = new AbortController().signal;
const all = (): boolean => true;
const UNTIL = T0 + 240_000;

function alertmanager(url: string, kinds: readonly ConflictKind[] | null = null, deps: Partial<ChannelDeps> = {}): Channel {
  const base = { name: 'am', type: 'alertmanager', minSeverity: 'notice', bearer: null, resendMs: 60_000 } as const;
  const channel = createChannel({ ...base, kinds, url: { kind: 'plain', url } }, depsWith(fakeClock(T0), deps));
  onTestFinished(() => channel.close());
  return channel;
}

const opened = messageOf();
const escalated = messageOf({ seq: 2, kind: 'contested', service: 'shop/web' }, { event: 'escalated', from: 'squatter' });
const closed = messageOf(
  { seq: 3, kind: 'contested', service: 'shop/web', closedMs: T0 + 9000, closeReason: 'quiet', hostname: 'other', sightings: 99 },
  { event: 'closed' },
);

describe('alertsOf', () => {
  it('fires for what is opened', () => {
    expect(alertsOf(opened, UNTIL, all)).toEqual([
      {
        labels: {
          alertname: 'FreeholdSquatter',
          severity: 'critical',
          kind: 'squatter',
          segment: 'lan',
          pool: 'production-pool',
          address: '192.0.2.201',
          mac: '00:00:0c:00:00:01',
        },
        annotations: {
          summary: opened.title,
          description: opened.summary,
          actions: opened.actions.join('\n'),
          sender: 'jump',
          conflict: '7',
          hostname: 'printer',
          vendor: 'Cisco',
        },
        startsAt: '2026-01-05T00:00:00.001Z',
        endsAt: '2026-01-05T00:04:00.000Z',
      },
    ]);
  });

  it('resolves the old labels and fires the new ones for an escalation, and resolves the same when it closes', () => {
    const [was] = alertsOf(opened, UNTIL, all);
    const [old, now] = alertsOf(escalated, UNTIL, all);
    const [end, ...more] = alertsOf(closed, UNTIL, all);
    expect(old?.labels).toEqual(was?.labels);
    expect(old?.endsAt).toBe(escalated.at);
    expect(now?.labels['alertname']).toBe('FreeholdContested');
    expect(now?.endsAt).toBe('2026-01-05T00:04:00.000Z');
    expect(end?.labels).toEqual(now?.labels);
    expect(end?.endsAt).toBe('2026-01-05T00:00:09.000Z');
    expect(more).toEqual([]);
  });

  it('does not fire what the channel is not to tell, but resolves what it told', () => {
    const onlySquatters = (kind: ConflictKind): boolean => kind === 'squatter';
    expect(alertsOf(escalated, UNTIL, onlySquatters).map(({ labels }) => labels['kind'])).toEqual(['squatter']);
  });

  it('names the kind in CamelCase, and leaves a label out that nobody knows', () => {
    const [alert] = alertsOf(messageOf({ kind: 'split-brain', stranger: null }), UNTIL, all);
    expect(alert?.labels).toMatchObject({ alertname: 'FreeholdSplitBrain' });
    expect(alert?.labels).not.toHaveProperty('mac');
  });

  it('never ends before it starts, whatever the clock did', () => {
    const back = messageOf({ seq: 2, closedMs: T0 - 9000, closeReason: 'quiet' }, { event: 'closed' });
    const [alert] = alertsOf(back, UNTIL, all);
    expect(alert?.endsAt).toBe(alert?.startsAt);
  });

  it('marks a test, and lets it end by itself', () => {
    const [alert] = alertsOf(testMessage(CONTEXT), UNTIL, all);
    expect(alert).toMatchObject({
      labels: { alertname: 'FreeholdTest', severity: 'notice', kind: 'test' },
      endsAt: '2026-01-05T00:05:00.002Z',
    });
  });
});

describe('the Alertmanager channel', () => {
  it('posts to the API below the configured path, with its token', async () => {
    const am = await receiver();
    const base = { name: 'am', type: 'alertmanager', minSeverity: 'notice', kinds: null, resendMs: 60_000 } as const;
    const bearer = { kind: 'environment', variable: 'AM_TOKEN' } as const;
    const channel = createChannel(
      { ...base, bearer, url: { kind: 'plain', url: `${am.url}/alertmanager/` } },
      depsWith(fakeClock(T0), { environment: { AM_TOKEN: 't0ken' } }),
    );
    onTestFinished(() => channel.close());
    expect(await channel.send(messageOf({ hostname: HOSTILE }), live)).toEqual({ kind: 'delivered' });
    const [got] = am.received;
    expect([got?.method, got?.path, got?.headers.authorization]).toEqual(['POST', '/alertmanager/api/v2/alerts', 'Bearer t0ken']);
    const [alert] = JSON.parse(got?.body ?? '');
    // Four times the resend interval from now: three may get lost.
    expect(alert.endsAt).toBe('2026-01-05T00:04:00.000Z');
    // Strangers choose no label.
    expect(JSON.stringify(alert.labels)).not.toContain('script');
  });

  it('tells again of all that is open and wanted, as firing, in batches', async () => {
    const am = await receiver();
    const channel = alertmanager(am.url, ['squatter', 'contested']);
    const many = Array.from({ length: 450 }, (_, n) => messageOf({ id: n + 1, kind: n % 9 === 0 ? 'imminent' : 'squatter' }));
    expect(await channel.refresh?.([...many, escalated, closed], live)).toEqual({ kind: 'delivered' });
    const batches = am.received.map(({ body }) => JSON.parse(body) as { labels: { kind: string }; endsAt: string }[]);
    expect(batches.map(({ length }) => length)).toEqual([200, 200, 1]);
    expect(new Set(batches.flat().map(({ endsAt }) => endsAt))).toEqual(new Set(['2026-01-05T00:04:00.000Z']));
    expect(batches.flat().at(-1)?.labels.kind).toBe('contested');
  });

  it('ends a refresh with the first batch that fails', async () => {
    const am = await receiver(status(503));
    const channel = alertmanager(am.url);
    const many = Array.from({ length: 450 }, (_, n) => messageOf({ id: n + 1 }));
    expect(await channel.refresh?.(many, live)).toMatchObject({ kind: 'retry' });
    expect(am.received).toHaveLength(1);
  });

  it('sends nothing where nothing is to be told', async () => {
    const am = await receiver();
    const channel = alertmanager(am.url, ['contested']);
    expect(await channel.refresh?.([opened], live)).toEqual({ kind: 'delivered' });
    expect(am.received).toEqual([]);
  });
});
