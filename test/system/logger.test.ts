import { describe, expect, it } from 'vitest';
import { createLogger, type LoggerOptions } from '../../src/system/logger.ts';

function logged(options: Partial<LoggerOptions>, log: (logger: ReturnType<typeof createLogger>) => void): string[] {
  const lines: string[] = [];
  const stream = { write: (line: string) => void lines.push(line) };
  log(createLogger({ level: 'debug', pretty: false, journal: false, stream, ...options }));
  return lines;
}

describe('createLogger', () => {
  it('writes one JSON document a line, with the time in UTC and the level as a word', () => {
    const lines = logged({}, (logger) => logger.warn({ segment: 'lan' }, 'two\nlines'));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^[^\n]*\n$/);
    const { time, ...rest } = JSON.parse(lines[0] ?? '');
    expect(rest).toEqual({ level: 'warn', segment: 'lan', msg: 'two\nlines' });
    expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });

  it('leaves out what is below the level', () => {
    expect(logged({ level: 'warn' }, (logger) => logger.info('no'))).toEqual([]);
  });

  it('puts syslog priorities before lines for the journal, of child loggers too', () => {
    const lines = logged({ journal: true, level: 'trace' }, (logger) => {
      const child = logger.child({ segment: 'lan' });
      for (const level of ['fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const) child[level]('text');
    });
    expect(lines.map((line) => /^<(\d)>\{/.exec(line)?.[1])).toEqual(['2', '3', '4', '6', '7', '7']);
  });

  it('writes lines for people on a terminal', () => {
    const text = logged({ pretty: true }, (logger) => logger.info({ segment: 'lan' }, 'sweeping')).join('');
    expect(text).toContain('INFO');
    expect(text).toContain('sweeping');
    expect(() => JSON.parse(text)).toThrow();
  });

  it.each([{}, { pretty: true }, { journal: true }])('never writes a token: %o', (options) => {
    const secret = 'q7LwZtoken';
    const text = logged(options, (logger) => {
      logger.info({ token: secret, http: { token: secret }, headers: { authorization: secret } }, 'a');
      logger.info({ req: { headers: { authorization: secret } } }, 'b');
      logger.child({ token: secret }).info('c');
    }).join('');
    expect(text).toContain('[redacted]');
    expect(text).not.toContain(secret);
  });
});
