import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { renderUnit, whoseUnit } from '../../src/cli/service-unit.ts';

const TEMPLATE = readFileSync(resolve(import.meta.dirname, '../../systemd/freehold.service'), 'utf8');
const lineOf = (unit: string, key: string): string | undefined => unit.split('\n').find((line) => line.startsWith(`${key}=`));
const commandOf = (checkout: string, config: string | null = null) =>
  lineOf(renderUnit(TEMPLATE, { checkout, config }), 'ExecStart')?.slice('ExecStart='.length);

describe('renderUnit', () => {
  it.each([
    ['/opt/freehold', null, '/opt/freehold/bin/freehold run'],
    ['/srv/a+b@c:1', null, '/srv/a+b@c:1/bin/freehold run'],
    ['/srv/free hold', null, '"/srv/free hold/bin/freehold" run'],
    ['/srv/100%', null, '/srv/100%%/bin/freehold run'],
    ['/opt/freehold', '/etc/a"b\\c', '/opt/freehold/bin/freehold run --config "/etc/a\\"b\\\\c"'],
    ['/srv/a"b', null, null],
    ["/srv/it's", null, null],
    ['/srv/a\\b', null, null],
    ['/opt/freehold', '/etc/other.yaml', '/opt/freehold/bin/freehold run --config /etc/other.yaml'],
    ['/opt/freehold', '/etc/a $b.yaml', '/opt/freehold/bin/freehold run --config "/etc/a $$b.yaml"'],
    ['/srv/$&', null, null],
    ['/srv/a\nExecStartPre=/bin/evil', null, null],
  ])('%s %s', (checkout, config, expected) => {
    if (expected === null) expect(() => commandOf(checkout, config)).toThrow(/holds/);
    else expect(commandOf(checkout, config)).toBe(expected);
  });

  it('changes nothing else of the unit', () => {
    const unit = renderUnit(TEMPLATE, { checkout: '/srv/free hold', config: null });
    const settings = (text: string): string[] => text.split('\n').filter((line) => /^[A-Z[]/.test(line));
    const changed = (line: string): boolean => !/^(ExecStart|Documentation)=/.test(line);
    expect(settings(unit).filter(changed)).toEqual(settings(TEMPLATE).filter(changed));
    expect(lineOf(unit, 'Documentation')).toBe('Documentation=file:/srv/free%%20hold/docs/operations.md');
  });
});

describe('whoseUnit', () => {
  const own = renderUnit(TEMPLATE, { checkout: '/opt/freehold', config: null });

  it.each([
    ['own', own],
    ['own', renderUnit(`${TEMPLATE}# of another version\n`, { checkout: '/srv', config: '/etc/a.yaml' })],
    ['changed', own.replace('RestartSec=5', 'RestartSec=6')],
    ['changed', `${own}\n`],
    ['foreign', TEMPLATE],
    ['foreign', ''],
  ] as const)('%s', (whose, text) => expect(whoseUnit(text)).toBe(whose));
});
