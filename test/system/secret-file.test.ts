import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FreeholdError } from '../../src/core/error.ts';
import { readTokenFile } from '../../src/system/secret-file.ts';

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

function refusalOf(path: string): FreeholdError {
  try {
    readTokenFile(path);
  } catch (error) {
    if (error instanceof FreeholdError) return error;
    throw error;
  }
  throw new Error('the token was accepted');
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
