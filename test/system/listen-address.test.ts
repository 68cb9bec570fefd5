import { describe, expect, it } from 'vitest';
import { formatListen, isLoopbackHost, parseListen } from '../../src/system/listen-address.ts';

describe('parseListen', () => {
  it.each([
    ['127.0.0.1:5227', { kind: 'tcp', host: '127.0.0.1', port: 5227 }],
    ['[::1]:0', { kind: 'tcp', host: '::1', port: 0 }],
    ['localhost:65535', { kind: 'tcp', host: 'localhost', port: 65_535 }],
    ['jump.example.net:80', { kind: 'tcp', host: 'jump.example.net', port: 80 }],
    ['unix:/run/freehold/http.sock', { kind: 'unix', path: '/run/freehold/http.sock' }],
  ])('reads %s, and writes it back', (text, value) => {
    const parsed = parseListen(text);
    expect(parsed).toEqual({ ok: true, value });
    if (parsed.ok) expect(formatListen(parsed.value)).toBe(text);
  });

  it.each([
    '',
    '5227',
    ':5227',
    '127.0.0.1',
    '127.0.0.1:',
    '127.0.0.1:65536',
    '127.0.0.300:80',
    '::1:5227',
    '[::1]',
    '[192.0.2.1]:80',
    '[fe80::1%eth0]:80x',
    'http://127.0.0.1:80',
    'a b:80',
    '-a:80',
    'unix:',
    'unix:relative.sock',
    'unix:/run/',
    `unix:/${'x'.repeat(107)}`,
  ])('refuses "%s" and says what is expected', (text) => {
    expect(parseListen(text)).toMatchObject({ ok: false, error: expect.stringContaining('expected HOST:PORT') });
  });
});

describe('isLoopbackHost', () => {
  it.each([
    ['127.0.0.1', true],
    ['127.8.9.10', true],
    ['::1', true],
    ['localhost', true],
    ['0.0.0.0', false],
    ['::', false],
    ['192.0.2.1', false],
    ['127.example.net', false],
    ['localhost.example.net', false],
  ])('%s: %s', (host, loopback) => {
    expect(isLoopbackHost(host)).toBe(loopback);
  });
});
