import { describe, expect, it } from 'vitest';
import { type Experiment, judge } from '../../../src/core/probe/control.ts';

const good: Experiment = {
  health: { kernelDrops: 0, fault: null },
  complete: true,
  planned: 254,
  asked: 254,
  controls: { named: 4, asked: 4, answered: 4 },
  answered: 20,
};

describe('judge', () => {
  it.each<[string, Partial<Experiment>, ReturnType<typeof judge>]>([
    ['all well', {}, null],
    ['a fault of the wire', { health: { kernelDrops: 3, fault: 'link-down' } }, 'link-down'],
    ['a single frame dropped by the kernel', { health: { kernelDrops: 1, fault: null } }, 'kernel-drops'],
    ['not run to its end', { complete: false }, 'aborted'],
    ['nothing sent', { asked: 0, controls: { named: 4, asked: 0, answered: 0 } }, 'send-failed'],
    ['nothing planned', { planned: 0, asked: 0, controls: { named: 0, asked: 0, answered: 0 } }, 'send-failed'],
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
