import { readFileSync, readlinkSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { ENCLOSURE_VARIABLE } from './enclosure.ts';
import { assertEnclosed } from './guard.ts';
import { createLan } from './lan.ts';
import { createNamespace } from './namespace.ts';

const before = process.env[ENCLOSURE_VARIABLE];
afterEach(() => {
  if (before === undefined) delete process.env[ENCLOSURE_VARIABLE];
  else process.env[ENCLOSURE_VARIABLE] = before;
});

describe('outside an enclosure', () => {
  it.each([
    ['without the variable', undefined, /not started in an enclosure/],
    ['with an empty one', '', /not started in an enclosure/],
    ['with one that another enclosure left behind', 'net:[1] net:[2]', /not one of its enclosure/],
    [
      "with the machine's own namespace in it",
      `${readlinkSync('/proc/self/ns/net')} ${readlinkSync('/proc/self/ns/net')}`,
      /the machine's own/,
    ],
  ])('the lab refuses %s', async (_name, value, reason) => {
    if (value === undefined) delete process.env[ENCLOSURE_VARIABLE];
    else process.env[ENCLOSURE_VARIABLE] = value;
    const links = (): readonly string[] =>
      readFileSync('/proc/net/dev', 'utf8')
        .split('\n')
        .map((line) => line.split(':')[0] ?? '');
    const linksBefore = links();
    expect(() => assertEnclosed()).toThrow(reason);
    await expect(createNamespace('x')).rejects.toThrow(/refuses to run here/);
    await expect(createLan({ cidr: '192.0.2.0/24', ownAddress: '192.0.2.1' })).rejects.toThrow(/refuses to run here/);
    expect(links()).toEqual(linksBefore);
  });
});
