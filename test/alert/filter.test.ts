import { describe, expect, it } from 'vitest';
import { channelsFor } from '../../src/alert/filter.ts';
import { change } from './fixtures.ts';

const FILTERS = [
  { name: 'all', minSeverity: 'notice', kinds: null },
  { name: 'loud', minSeverity: 'critical', kinds: null },
  { name: 'early', minSeverity: 'notice', kinds: ['imminent'] },
] as const;

describe('channelsFor', () => {
  it.each([
    ['unannounced', ['all']],
    ['imminent', ['all', 'early']],
    ['squatter', ['all', 'loud']],
  ] as const)('tells of %s: %j', (kind, channels) => {
    expect(channelsFor(FILTERS, change({ kind }))).toEqual(channels);
  });

  it('tells who was told of a conflict what became of it', () => {
    const escalated = change({ kind: 'squatter', seq: 2 }, { event: 'escalated', from: 'imminent' });
    expect(channelsFor(FILTERS, escalated)).toEqual(['all', 'loud', 'early']);
  });

  it('tells whoever may have been told that it is over, whatever it was in between', () => {
    const over = (seq: number) => channelsFor(FILTERS, change({ kind: 'contested', seq }, { event: 'closed' }));
    // Opened as contested, or escalated from something else: by its number.
    expect(over(2)).toEqual(['all', 'loud']);
    expect(over(3)).toEqual(['all', 'loud', 'early']);
    expect(over(4)).toEqual(['all', 'loud', 'early']);
    const squatters = [{ name: 'squatters', minSeverity: 'notice', kinds: ['squatter'] }] as const;
    expect(channelsFor(squatters, change({ kind: 'contested', seq: 3 }, { event: 'closed' }))).toEqual(['squatters']);
    expect(channelsFor(squatters, change({ kind: 'contested', seq: 2 }, { event: 'closed' }))).toEqual([]);
  });

  it('tells nobody of what is no alert', () => {
    expect(channelsFor(FILTERS, change({}, { event: 'updated' }))).toEqual([]);
    expect(channelsFor(FILTERS, change({}, { event: 'acknowledged' }))).toEqual([]);
  });
});
