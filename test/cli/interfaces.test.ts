import { describe, expect, it } from 'vitest';
import { chooseInterface, interfaceChoices } from '../../src/cli/interfaces.ts';
import { parseRange } from '../../src/core/address/range.ts';

const SYSTEM = {
  lo: [{ address: '127.0.0.1', family: 'IPv4', internal: true, cidr: '127.0.0.1/8' }],
  eth7: [
    { address: '192.0.2.5', family: 'IPv4', internal: false, cidr: '192.0.2.5/24' },
    { address: '192.0.2.6', family: 'IPv4', internal: false, cidr: '192.0.2.6/24' },
    { address: 'fe80::1', family: 'IPv6', internal: false, cidr: 'fe80::1/64' },
  ],
  eth8: [{ address: '198.51.100.9', family: 'IPv4', internal: false, cidr: '198.51.100.9/25' }],
  tun0: [{ address: 'fe80::2', family: 'IPv6', internal: false, cidr: 'fe80::2/64' }],
};

const choices = interfaceChoices(null, SYSTEM);
const never = async (): Promise<string> => expect.unreachable('nobody may be asked');

describe('interfaceChoices', () => {
  it('lists those that have an IPv4 network, each network once, never loopback', () => {
    expect(choices).toEqual([
      { name: 'eth7', networks: ['192.0.2.0/24'], holdsTarget: false },
      { name: 'eth8', networks: ['198.51.100.0/25'], holdsTarget: false },
    ]);
  });

  it('puts the one that holds the range first', () => {
    const range = parseRange('198.51.100.20-198.51.100.30');
    const sorted = interfaceChoices(range.ok ? range.value : null, SYSTEM);
    expect(sorted.map(({ name, holdsTarget }) => [name, holdsTarget])).toEqual([
      ['eth8', true],
      ['eth7', false],
    ]);
  });
});

describe('chooseInterface', () => {
  it.each([
    ['2', 'eth8'],
    ['eth7', 'eth7'],
    [' 1 ', 'eth7'],
  ])('takes the answer %j', async (typed, name) => {
    expect(await chooseInterface(choices, async () => typed, '')).toBe(name);
  });

  it('shows the list', async () => {
    let asked = '';
    await chooseInterface(
      choices,
      async (question) => {
        asked = question;
        return '1';
      },
      '',
    );
    expect(asked).toBe('Which interface shall be probed?\n  1  eth7  192.0.2.0/24\n  2  eth8  198.51.100.0/25\nNumber or name: ');
  });

  it.each([['3'], ['0'], ['lo'], ['1.0']])('refuses %j', async (typed) => {
    await expect(chooseInterface(choices, async () => typed, '')).rejects.toMatchObject({ code: 'usage', exitCode: 2 });
  });

  it.each([[''], [null]])('sends nothing where nobody chose (%j), not even with one candidate', async (typed) => {
    await expect(chooseInterface(choices.slice(0, 1), async () => typed, '')).rejects.toThrow('nothing was sent');
  });

  it('lists the exact commands where nobody can be asked', async () => {
    await expect(chooseInterface(choices, null, ' --cidr 192.0.2.0/24')).rejects.toMatchObject({
      exitCode: 2,
      hint: `Run one of:
freehold scan --interface eth7 --cidr 192.0.2.0/24   # 192.0.2.0/24
freehold scan --interface eth8 --cidr 192.0.2.0/24   # 198.51.100.0/25`,
    });
  });

  it('says so where there is none', async () => {
    await expect(chooseInterface([], never, '')).rejects.toMatchObject({ exitCode: 2 });
  });
});
