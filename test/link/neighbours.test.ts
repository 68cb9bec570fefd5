import { describe, expect, it } from 'vitest';
import { neighboursOf } from '../../src/link/neighbours.ts';

const TABLE = `IP address       HW type     Flags       HW address            Mask     Device
192.0.2.9        0x1         0x2         02:00:00:00:00:09     *        lan0
192.0.2.10       0x1         0x0         00:00:00:00:00:00     *        lan0
192.0.2.11       0x1         0x0         02:00:00:00:00:0b     *        lan0
192.0.2.12       0x1         0x6         02:00:00:00:00:0C     *        lan0
192.0.2.13       0x1         0x2         00:00:00:00:00:00     *        lan0
192.0.2.14       0x1         0x2         01:00:5e:00:00:01     *        lan0
192.0.2.9        0x1         0x2         02:00:00:00:00:99     *        lan1
`;

const entry = (ip: string, mac: string, iface?: string) => ({ ip, mac, iface });

describe('neighboursOf', () => {
  it.each([
    ['a complete entry', entry('192.0.2.9', '02:00:00:00:00:09', 'lan0'), 1],
    ['a permanent entry', entry('192.0.2.12', '02:00:00:00:00:0C', 'lan0'), 1],
    ['an incomplete entry', entry('192.0.2.10', '00:00:00:00:00:00', 'lan0'), 0],
    ['a failed entry that still has its old MAC', entry('192.0.2.11', '02:00:00:00:00:0b', 'lan0'), 0],
    ['an entry that changed meanwhile', entry('192.0.2.9', '02:00:00:00:00:08', 'lan0'), 0],
    ['the same address behind another interface', entry('192.0.2.9', '02:00:00:00:00:99', 'lan1'), 1],
    ['a MAC of zeros', entry('192.0.2.13', '00:00:00:00:00:00', 'lan0'), 0],
    ['a group MAC', entry('192.0.2.14', '01:00:5e:00:00:01', 'lan0'), 0],
    ['an entry without an interface', entry('192.0.2.9', '02:00:00:00:00:09'), 0],
    ['nonsense', entry('IP', 'HW', 'type'), 0],
  ])('%s', (_, one, count) => {
    expect(neighboursOf([one], TABLE)).toHaveLength(count);
  });

  it('gives addresses and MACs in their own form', () => {
    expect(neighboursOf([entry('192.0.2.12', '02:00:00:00:00:0C', 'lan0')], TABLE)).toEqual([
      { interfaceName: 'lan0', address: 0xc000020c, mac: '02:00:00:00:00:0c' },
    ]);
  });
});
