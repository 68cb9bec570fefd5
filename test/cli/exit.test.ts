import { CommanderError } from 'commander';
import { describe, expect, it } from 'vitest';
import { failureOf, usageError } from '../../src/cli/exit.ts';
import { EXIT, FreeholdError } from '../../src/core/error.ts';

describe('failureOf', () => {
  it.each([
    ['a wrong command line', usageError('no'), EXIT.usage],
    ['no right', new FreeholdError('not-permitted', 'no', { exitCode: EXIT.notPermitted }), EXIT.notPermitted],
    ['no daemon', new FreeholdError('unreachable', 'no', { exitCode: EXIT.unreachable }), EXIT.unreachable],
    ['an error without a code of its own', new FreeholdError('odd', 'no'), EXIT.failure],
    ['a fault of ours', new TypeError('no'), EXIT.failure],
    ['something that is no error', 'no', EXIT.failure],
    ['an unknown option', new CommanderError(1, 'commander.unknownOption', "error: unknown option '--x'"), EXIT.usage],
  ])('%s', (_, error, exitCode) => {
    expect(failureOf(error, false).exitCode).toBe(exitCode);
  });

  it('writes the message, then the hint', () => {
    const error = new FreeholdError('not-permitted', 'cannot open a socket', { hint: 'Run it as root.' });
    expect(failureOf(error, false).text).toBe('freehold: cannot open a socket\n  Run it as root.\n');
  });

  it('indents every further line, once', () => {
    const error = new FreeholdError('config-invalid', 'f.yaml has 2 errors:\n  line 1: a\nline 2: b');
    expect(failureOf(error, false).text).toBe('freehold: f.yaml has 2 errors:\n  line 1: a\n  line 2: b\n');
  });

  it('says nothing more where commander has shown what was asked for', () => {
    expect(failureOf(new CommanderError(0, 'commander.helpDisplayed', '(outputHelp)'), false)).toEqual({
      exitCode: EXIT.ok,
      text: '',
    });
    expect(failureOf(new CommanderError(1, 'commander.help', '(outputHelp)'), false)).toEqual({ exitCode: EXIT.usage, text: '' });
    expect(failureOf(new CommanderError(0, 'commander.help', '(outputHelp)'), false)).toEqual({ exitCode: EXIT.ok, text: '' });
  });

  it('keeps a suggestion', () => {
    const error = new CommanderError(1, 'commander.unknownCommand', "error: unknown command 'scna'\n(Did you mean scan?)");
    expect(failureOf(error, false).text).toBe(
      "freehold: unknown command 'scna'\n  (Did you mean scan?)\n  See: freehold --help\n",
    );
  });

  it('shows the stack and the causes only when asked', () => {
    const error = new Error('outer', { cause: new Error('inner') });
    expect(failureOf(error, false).text).toBe(
      'freehold: outer\n  This was not expected. FREEHOLD_DEBUG=1 shows where it happened.\n',
    );
    const shown = failureOf(error, true).text;
    expect(shown).toContain('exit.test.ts');
    expect(shown).toContain('caused by: Error: inner');
  });

  it('lets no escape sequence through, and no flood of lines', () => {
    const { text } = failureOf(usageError(`"\u001b]0;owned\u0007" is bad\n${'x\n'.repeat(1000)}`), false);
    expect(text).toMatch(/^[\n\x20-\x7e]*$/);
    expect(text.split('\n').length).toBeLessThan(210);
    expect(text).toContain('more lines');
  });
});
