import { describe, expect, it, onTestFinished } from 'vitest';
import { alertsOf } from '../../src/alert/alertmanager.ts';
import { createChannel } from '../../src/alert/channels.ts';
import { testMessage } from '../../src/alert/message.ts';
import type { Channel, ChannelDeps } from '../../src/alert/types.ts';
import { CONFLICT_KINDS, type Conflict, type ConflictKind } from '../../src/core/conflict/types.ts';
import { range } from '../ledger/fixtures.ts';
import { fakeClock } from '../system/fake-clock.ts';
import { CONTEXT, closedPort, depsWith, HOSTILE, ip, mac, messageOf, receiver, STRANGER, status, T0 } from './fixtures.ts';

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
          address: '192.0.2.201',
          mac: '00:00:0c:00:00:01',
        },
        annotations: {
          summary: opened.title,
          description: opened.summary,
          actions: opened.actions.join('\n'),
          sender: 'jump',
          conflict: '7',
          pool: 'production-pool',
          address: '192.0.2.201',
          mac: '00:00:0c:00:00:01',
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

  it.each(CONFLICT_KINDS)('keeps the labels of %s while the conflict changes in every way that it can', (kind) => {
    const server = ip('192.0.2.1');
    const before = messageOf({ kind, detail: { server, overlap: range('192.0.2.209-192.0.2.220') } });
    // A server hands out more, and has another MAC; a pool is renamed. Of an overlap the pool is what it is about.
    const overlapping = kind === 'scope-overlap';
    const changes = {
      address: overlapping ? ip('192.0.2.203') : ip('192.0.2.201'),
      stranger: overlapping ? mac('02:00:00:00:00:09') : STRANGER,
      pool: overlapping ? 'production-pool' : 'renamed',
      detail: { server, overlap: range('192.0.2.203-192.0.2.220') },
      hostname: 'other',
      service: 'shop/web',
    };
    const after = messageOf({ kind, ...changes });
    const over = messageOf({ kind, ...changes, seq: 2, closedMs: T0 + 9, closeReason: 'quiet' }, { event: 'closed' });
    const labels = [before, after, over].map((message) => alertsOf(message, UNTIL, all)[0]?.labels);
    expect(labels[1]).toEqual(labels[0]);
    expect(labels[2]).toEqual(labels[0]);
    expect(alertsOf(after, UNTIL, all)[0]?.annotations).toMatchObject({ pool: changes.pool });
  });

  it('tells overlaps apart by server and pool', () => {
    const labelsFor = (server: Conflict['detail']['server'], pool: string) =>
      alertsOf(messageOf({ kind: 'scope-overlap', pool, detail: server === undefined ? {} : { server } }), UNTIL, all)[0]?.labels;
    expect(labelsFor(ip('192.0.2.1'), 'a')).toEqual({
      alertname: 'FreeholdScopeOverlap',
      severity: 'warning',
      kind: 'scope-overlap',
      segment: 'lan',
      server: '192.0.2.1',
      pool: 'a',
    });
    expect(labelsFor('lease-file', 'a')).toMatchObject({ server: 'lease-file' });
    expect(labelsFor(undefined, 'b')).toMatchObject({ pool: 'b' });
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
    expect(batches.map(({ length }) => length).sort((a, b) => b - a)).toEqual([200, 200, 1]);
    expect(new Set(batches.flat().map(({ endsAt }) => endsAt))).toEqual(new Set(['2026-01-05T00:04:00.000Z']));
    expect(batches.find(({ length }) => length === 1)?.[0]?.labels.kind).toBe('contested');
  });

  it('tries every batch of a refresh, and tells the worst of what came of them', async () => {
    const many = Array.from({ length: 1100 }, (_, n) => messageOf({ id: n + 1 }));
    for (const [codes, outcome] of [
      [[413, 413, 413, 413], { kind: 'rejected' }],
      [[200, 503, 413], { kind: 'retry', scope: 'message' }],
      [[503, 503, 503, 503, 503, 503], { kind: 'retry' }],
    ] as const) {
      const am = await receiver();
      let request = 0;
      am.answer = (response, got) => status(codes[request++] ?? 200)(response, got);
      expect(await alertmanager(am.url).refresh?.(many, live)).toMatchObject(outcome);
      expect(am.received).toHaveLength(6);
    }
    const nobody = await alertmanager(`http://127.0.0.1:${await closedPort()}`).refresh?.(many, live);
    expect(nobody).toMatchObject({ kind: 'retry', scope: 'channel' });
  });

  it('lets nothing expire before a resend that hangs can be mended', async () => {
    const am = await receiver();
    const base = { name: 'am', type: 'alertmanager', minSeverity: 'notice', kinds: null, bearer: null } as const;
    const channel = createChannel({ ...base, url: { kind: 'plain', url: am.url }, resendMs: 10_000 }, depsWith(fakeClock(T0)));
    onTestFinished(() => channel.close());
    await channel.send(opened, live);
    expect(JSON.parse(am.received[0]?.body ?? '')[0].endsAt).toBe('2026-01-05T00:03:00.000Z');
  });

  it('sends nothing where nothing is to be told', async () => {
    const am = await receiver();
    const channel = alertmanager(am.url, ['contested']);
    expect(await channel.refresh?.([opened], live)).toEqual({ kind: 'delivered' });
    expect(am.received).toEqual([]);
  });
});
