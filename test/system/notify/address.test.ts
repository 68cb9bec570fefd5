import { describe, expect, it } from 'vitest';
import { socketAddress } from '../../../src/system/notify/address.ts';

const octets = (text: string): string => {
  const address = socketAddress(text);
  if (!address.ok) throw new Error(address.error);
  return Buffer.from(address.value).toString('latin1');
};

describe('socketAddress', () => {
  it.each([
    ['/run/systemd/notify', '\x01\0/run/systemd/notify\0'],
    ['@notify', '\x01\0\0notify'],
    ['@/org/x', '\x01\0\0/org/x'],
    ['/tmp/\u00e9', '\x01\0/tmp/\xc3\xa9\0'],
  ])('%s', (text, expected) => expect(octets(text)).toBe(expected));

  it.each([
    ['', 'neither'],
    ['notify', 'neither'],
    ['vsock:2:1234', 'neither'],
    ['/', 'names nothing'],
    ['@', 'names nothing'],
    ['/run/a\0b', 'NUL'],
    [`/${'a'.repeat(107)}`, 'longer than the 108'],
    [`@${'a'.repeat(108)}`, 'longer than the 108'],
    [`/${'\u00e9'.repeat(54)}`, 'longer than the 108'],
  ])('refuses %j', (text, why) => expect(socketAddress(text)).toEqual({ ok: false, error: expect.stringContaining(why) }));

  it('takes names of just the length that the kernel takes', () => {
    expect(octets(`/${'a'.repeat(106)}`)).toHaveLength(110);
    expect(octets(`@${'a'.repeat(107)}`)).toHaveLength(110);
  });
});
