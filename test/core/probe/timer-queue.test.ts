import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTimerQueue, nextItem, nextTime, popTimer, pushTimer } from '../../../src/core/probe/timer-queue.ts';

describe('the timer queue', () => {
  it('gives items back by time, whatever the order of pushes and pops', () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.integer({ min: 0, max: 50 }), { nil: null })), (script) => {
        const queue = createTimerQueue();
        const model: number[] = [];
        for (const [item, atMs] of script.entries()) {
          if (atMs === null) {
            const earliest = nextTime(queue);
            expect(earliest).toBe(model.length === 0 ? undefined : Math.min(...model));
            const peeked = nextItem(queue);
            const popped = popTimer(queue);
            expect(popped).toBe(peeked);
            if (popped !== undefined) expect(script[popped]).toBe(earliest);
            if (earliest !== undefined) model.splice(model.indexOf(earliest), 1);
          } else {
            pushTimer(queue, atMs, item);
            model.push(atMs);
          }
        }
        const rest: number[] = [];
        for (let atMs = nextTime(queue); atMs !== undefined; atMs = nextTime(queue)) {
          rest.push(atMs);
          popTimer(queue);
        }
        expect(rest).toEqual(model.sort((a, b) => a - b));
      }),
    );
  });
});
