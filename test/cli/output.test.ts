import { describe, expect, it } from 'vitest';
import { createOutput, wantsColor } from '../../src/cli/output.ts';
import { table } from '../../src/cli/table.ts';
import { catcher, NO_COLORS } from './catcher.ts';

describe('wantsColor', () => {
  const write = () => true;
  it.each([
    [{ isTTY: true }, {}, true],
    [{ isTTY: true }, { NO_COLOR: '' }, true],
    [{ isTTY: true }, { NO_COLOR: '1' }, false],
    [{ isTTY: true }, { TERM: 'dumb' }, false],
    [{ isTTY: false }, {}, false],
    [{}, {}, false],
  ])('stream %j and environment %j: %s', (stream, env, wanted) => {
    expect(wantsColor({ write, ...stream }, env)).toBe(wanted);
  });
});

describe('createOutput', () => {
  it('puts answers on stdout and the rest on stderr, each with one newline at its end', () => {
    const stdout = catcher();
    const stderr = catcher();
    const output = createOutput(stdout, stderr, {});
    output.text('one');
    output.text('two\n');
    output.json({ a: 1 });
    output.note('beside');
    expect(stdout.text()).toBe('one\ntwo\n{\n  "a": 1\n}\n');
    expect(stderr.text()).toBe('beside\n');
    expect(output.interactive).toBe(false);
  });
});

describe('table', () => {
  it('has fixed columns, no borders and no trailing spaces', () => {
    const text = table(
      ['address', 'mac'],
      [
        ['192.0.2.1', '52:54:00:00:00:01\n52:54:00:00:00:02'],
        ['192.0.2.100', ''],
      ],
      NO_COLORS,
    );
    expect(text).toBe(
      ['ADDRESS      MAC', '192.0.2.1    52:54:00:00:00:01', '             52:54:00:00:00:02', '192.0.2.100'].join('\n'),
    );
  });
});
