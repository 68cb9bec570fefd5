import { describe, expect, it, onTestFinished } from 'vitest';
import { createChannel } from '../../src/alert/channels.ts';
import { testMessage } from '../../src/alert/message.ts';
import { escapeSlack, slackDocument } from '../../src/alert/slack.ts';
import { fakeClock } from '../system/fake-clock.ts';
import { CONTEXT, closedPort, depsWith, HOSTILE, logTo, messageOf, receiver, T0 } from './fixtures.ts';

const live = new AbortController().signal;

describe('the Slack channel', () => {
  it('posts text and one attachment to a URL that is a secret', async () => {
    const slack = await receiver();
    const url = { kind: 'environment', variable: 'SLACK_URL' } as const;
    const config = { name: 'slack', type: 'slack', minSeverity: 'notice', kinds: null, url } as const;
    const channel = createChannel(
      config,
      depsWith(fakeClock(T0), { environment: { SLACK_URL: `${slack.url}/services/T0/B0/xyz` } }),
    );
    onTestFinished(() => channel.close());
    expect(await channel.send(messageOf(), live)).toEqual({ kind: 'delivered' });
    expect(slack.received[0]?.path).toBe('/services/T0/B0/xyz');
    expect(JSON.parse(slack.received[0]?.body ?? '')).toMatchObject({
      text: 'squatter: 00:00:0c:00:00:01 (printer, Cisco) uses 192.0.2.201 of pool production-pool',
      mrkdwn: false,
      attachments: [{ color: 'danger', footer: 'Freehold on jump', ts: T0 / 1000 }],
    });
  });

  it('does not tell its URL when it fails', async () => {
    const log: string[] = [];
    const url = { kind: 'environment', variable: 'SLACK_URL' } as const;
    const config = { name: 'slack', type: 'slack', minSeverity: 'notice', kinds: null, url } as const;
    const environment = { SLACK_URL: `http://127.0.0.1:${await closedPort()}/services/5up3r53cr3t` };
    const channel = createChannel(config, depsWith(fakeClock(T0), { environment, logger: logTo(log) }));
    onTestFinished(() => channel.close());
    const outcome = await channel.send(messageOf(), live);
    expect(outcome.kind).toBe('retry');
    expect(JSON.stringify(outcome) + log.join('')).not.toContain('5up3r53cr3t');
  });

  it('lets strangers neither mark up, nor link, nor mention', () => {
    expect(escapeSlack('<!channel> & <@U1>')).toBe('&lt;!channel&gt; &amp; &lt;@\u200bU1&gt;');
    const text = JSON.stringify(slackDocument(messageOf({ hostname: HOSTILE, pool: '<https://evil.example|x>' })));
    expect(text).not.toMatch(/[<>]|@channel|\]\(|:\/\/|\\u0000|\\r/);
    expect(text).toContain('&lt;script&gt;');
    expect(text).not.toContain('evil.example');
    // The names of Kubernetes stay as they are: they stand in commands that are copied.
    const advice = JSON.stringify(slackDocument(messageOf({ kind: 'unannounced', service: 'shop/web' })));
    expect(advice).toContain('-l kubernetes.io/service-name=web');
    expect(advice).toContain('192.0.2.201');
    const bare = slackDocument(messageOf({ hostname: 'login.evil.example' }));
    expect(JSON.stringify(bare)).not.toMatch(/login\.evil|evil\.example/);
  });

  it.each([
    ['critical', messageOf(), 'danger'],
    ['warning', messageOf({ kind: 'imminent' }), 'warning'],
    ['closed', messageOf({ seq: 2, closedMs: T0, closeReason: 'quiet' }, { event: 'closed' }), 'good'],
    ['test', testMessage(CONTEXT), '#808080'],
  ])('shows by colour how loud it is: %s', (_, message, color) => {
    expect(slackDocument(message)).toMatchObject({ attachments: [{ color }] });
  });
});
