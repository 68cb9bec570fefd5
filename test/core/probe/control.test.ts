import { describe, expect, it } from 'vitest';
import { type Experiment, judge } from '../../../src/core/probe/control.ts';

const good: Experiment = {
  health: { kernelDrops: 0, fault: null },
  complete: true,
  planned: 254,
  asked: 254,
  controls: { named: 4, asked: 4, answered: 4 },
  answered: 20,
  gaveUp: false,
  roundFailed: false,
  closing: { named: 4, asked: 4, answered: 4 },
};

describe('judge', () => {
  it.each<[string, Partial<Experiment>, ReturnType<typeof judge>]>([
    ['all well', {}, null],
    ['a fault of the wire', { health: { kernelDrops: 3, fault: 'link-down' } }, 'link-down'],
    ['a single frame dropped by the kernel', { health: { kernelDrops: 1, fault: null } }, 'kernel-drops'],
    ['not run to its end', { complete: false }, 'aborted'],
    ['nothing sent', { asked: 0, controls: { named: 4, asked: 0, answered: 0 } }, 'send-failed'],
    ['nothing planned', { planned: 0, asked: 0, controls: { named: 0, asked: 0, answered: 0 }, closing: null }, 'no-targets'],
    ['nothing planned, and a fault', { planned: 0, asked: 0, health: { kernelDrops: 0, fault: 'link-down' } }, 'link-down'],
    ['given up, though nine tenths were sent', { gaveUp: true }, 'send-failed'],
    ['a round during the sweep got no answer', { roundFailed: true }, 'control-silent'],
    ['nobody to ask at the end', { closing: null }, 'control-silent'],
    ['nobody could be asked at the end', { closing: { named: 4, asked: 0, answered: 0 } }, 'send-failed'],
    ['nobody answered at the end', { closing: { named: 1, asked: 1, answered: 0 } }, 'control-silent'],
    ['one of three answered at the end', { closing: { named: 3, asked: 3, answered: 1 } }, null],
    ['one of eight answered at the end', { closing: { named: 8, asked: 8, answered: 1 } }, 'control-silent'],
    ['two of eight answered at the end', { closing: { named: 8, asked: 4, answered: 2 } }, null],
    ['nine tenths sent', { planned: 100, asked: 90 }, null],
    ['less than nine tenths sent', { planned: 100, asked: 89 }, 'send-failed'],
    ['no control answered', { controls: { named: 1, asked: 1, answered: 0 } }, 'control-silent'],
    ['one of three answered', { controls: { named: 3, asked: 3, answered: 1 } }, null],
    ['one of four answered', { controls: { named: 4, asked: 4, answered: 1 } }, null],
    ['one of five answered', { controls: { named: 5, asked: 5, answered: 1 } }, 'control-silent'],
    ['three of sixteen answered', { controls: { named: 16, asked: 16, answered: 3 } }, 'control-silent'],
    ['four of sixteen answered', { controls: { named: 16, asked: 16, answered: 4 } }, null],
    ['a control that could not be asked', { controls: { named: 1, asked: 0, answered: 0 } }, 'control-silent'],
    ['no control known, somebody answered', { controls: { named: 0, asked: 0, answered: 0 }, answered: 1 }, null],
    ['no control known, nobody answered', { controls: { named: 0, asked: 0, answered: 0 }, answered: 0 }, 'control-silent'],
    ['others answered, the control did not', { controls: { named: 2, asked: 2, answered: 0 }, answered: 9 }, 'control-silent'],
  ])('%s', (_name, changes, expected) => {
    expect(judge({ ...good, ...changes })).toBe(expected);
  });
});
