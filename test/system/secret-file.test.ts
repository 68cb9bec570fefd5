import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FreeholdError } from '../../src/core/error.ts';
import { readSecret, readTokenFile } from '../../src/system/secret-file.ts';

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'freehold-token-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

function fileWith(content: string, mode: number): string {
  const path = join(directory, `${mode.toString(8)}-${content.length}`);
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}

function refusalOf(path: string, read: (path: string) => string = readTokenFile): FreeholdError {
  try {
    read(path);
  } catch (error) {
    if (error instanceof FreeholdError) return error;
    throw error;
  }
  throw new Error('the secret was accepted');
}

const TOKEN = 'Zm9vYmFyYmF6cXV4Cg==';

describe('readTokenFile', () => {
  it.each([0o600, 0o400, 0o640, 0o440])('reads the token of a file of mode %o, without the white space around it', (mode) => {
    expect(readTokenFile(fileWith(` ${TOKEN}\n`, mode))).toBe(TOKEN);
  });

  it.each([
    ['token-file-readable-by-others', TOKEN, 0o644],
    ['token-file-readable-by-others', TOKEN, 0o602],
    ['token-too-short', '\n', 0o600],
    ['token-too-short', 'fifteen-letters', 0o600],
    ['token-malformed', `${TOKEN}\n${TOKEN}`, 0o600],
    ['token-malformed', 'a token with spaces', 0o600],
    ['token-file-too-large', 'x'.repeat(4097), 0o600],
  ])('refuses with %s', (code, content, mode) => {
    const error = refusalOf(fileWith(content, mode));
    expect(error).toMatchObject({ code, exitCode: 2, hint: expect.any(String) });
    if (content.trim() !== '') expect(`${error.message} ${error.hint}`).not.toContain(content);
  });

  it('refuses a file that is not there, a directory, and a pipe that nobody writes to', () => {
    expect(refusalOf(join(directory, 'absent')).code).toBe('token-file-missing');
    const inner = join(directory, 'directory');
    mkdirSync(inner);
    expect(refusalOf(inner).code).toBe('token-file-unreadable');
    const pipe = join(directory, 'pipe');
    execFileSync('mkfifo', ['-m', '600', pipe]);
    expect(refusalOf(pipe).code).toBe('token-file-unreadable');
  });
});

describe('readSecret', () => {
  const readFile = (path: string): string => readSecret({ kind: 'file', path });
  const readVariable = (value: string | undefined) => () =>
    readSecret({ kind: 'environment', variable: 'SECRET' }, value === undefined ? {} : { SECRET: value });

  it.each([
    ['a password with a space at its end \n', 'a password with a space at its end '],
    ['https://hooks.example/T0/abc\r\n', 'https://hooks.example/T0/abc'],
    ['pässwörd', 'pässwörd'],
    ['x', 'x'],
  ])('reads %j from a file and from the environment, without the end of its line', (content, secret) => {
    expect(readFile(fileWith(content, 0o600))).toBe(secret);
    expect(readVariable(content)()).toBe(secret);
  });

  it.each([
    ['secret-empty', ''],
    ['secret-empty', ' \n'],
    ['secret-malformed', 'first-secret\nsecond-secret\n'],
    ['secret-malformed', 'two-line-ends\n\n'],
    ['secret-malformed', 'nul\0nul'],
  ])('refuses with %s: %j', (code, content) => {
    for (const error of [refusalOf(fileWith(content, 0o600), readFile), refusalOf('', readVariable(content))]) {
      expect(error).toMatchObject({ code, exitCode: 2, hint: expect.any(String) });
      for (const line of content.split(/[\n\0]/).filter((part) => part.trim() !== ''))
        expect(`${error.message} ${error.hint}`).not.toContain(line);
    }
  });

  it.each([
    ['secret-file-readable-by-others', 'a-secret', 0o644],
    ['secret-file-readable-by-others', 'a-secret', 0o602],
    ['secret-file-too-large', 'x'.repeat(4097), 0o600],
  ])('refuses a file with %s', (code, content, mode) => {
    const error = refusalOf(fileWith(content, mode), readFile);
    expect(error).toMatchObject({ code, exitCode: 2, message: expect.stringContaining(directory) });
    expect(`${error.message} ${error.hint}`).not.toContain(content);
  });

  it('refuses a file that is not there, a directory, and a variable that is not set', () => {
    expect(refusalOf(join(directory, 'absent'), readFile)).toMatchObject({ code: 'secret-file-missing', exitCode: 2 });
    expect(refusalOf(directory, readFile).code).toBe('secret-file-unreadable');
    expect(refusalOf('', readVariable(undefined))).toMatchObject({
      code: 'secret-variable-missing',
      message: 'The environment variable SECRET is not set.',
    });
  });

  it('reads this process by default', () => {
    expect(readSecret({ kind: 'environment', variable: 'PATH' })).toBe(process.env['PATH']);
  });
});
