/**
 * GET /events: sightings of pool addresses, conflicts, sweeps and notices as they happen (server-sent events).
 */
import { z } from 'zod';
import { err, ok } from '../core/result.ts';
import { textField } from '../system/text-field.ts';
import { LIVE_EVENT_TYPES, type LiveEventType } from './event-text.ts';
import { getOperation } from './operation.ts';

const isType = (text: string): text is LiveEventType => (LIVE_EVENT_TYPES as readonly string[]).includes(text);
const EXPECTED = `some of ${LIVE_EVENT_TYPES.join(', ')}, separated by commas`;

const types = textField<ReadonlySet<LiveEventType>>(
  EXPECTED,
  { description: `Only events of these types: ${EXPECTED}` },
  (text) => {
    const names = text.split(',');
    return names.every(isType) ? ok(new Set(names)) : err(`expected ${EXPECTED}`);
  },
);

export const eventsOperation = getOperation({
  path: '/events',
  summary: 'What happens, as it happens (server-sent events): sighting, conflict, sweep, notice',
  query: z.strictObject({
    types: types.optional(),
    lastEventId: z
      .string()
      .max(128, { error: () => 'expected the id of an event' })
      .optional()
      .meta({ description: 'As the header Last-Event-ID, for clients that cannot set it; the header comes first' }),
  }),
  headers: [
    {
      name: 'Last-Event-ID',
      description:
        'Go on after this event. `missed` comes first where some are not kept any more, `reset` where it is of an earlier run',
    },
  ],
  answers: { 200: { description: 'A stream without an end', contentType: 'text/event-stream', schema: z.string() } },
  reply: (service, { types, lastEventId }, { lastEventId: header }) => ({
    events: { live: service.guard.events, types: types ?? null, lastEventId: header ?? lastEventId ?? null },
  }),
});
