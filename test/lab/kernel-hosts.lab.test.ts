import { afterEach, describe, expect, it } from 'vitest';
import { attempt } from './command.ts';
import { interfaceNames, namespaceNames } from './guard.ts';
import { createKernelHosts, scatter } from './kernel-hosts.ts';
import { createLan, type Lan } from './lan.ts';
import { needs } from './needs.ts';

let lan: Lan | undefined;
afterEach(async () => {
  await lan?.close();
  lan = undefined;
  expect(interfaceNames()).toEqual(['lo']);
  expect(namespaceNames()).toEqual([]);
});

describe('scatter', () => {
  it('spreads distinct addresses, the same for the same seed, none of the avoided', () => {
    const chosen = scatter('192.0.2.0/24', 200, { avoid: ['192.0.2.0', '192.0.2.1', '192.0.2.255'] });
    expect(new Set(chosen).size).toBe(200);
    expect(chosen).toEqual(scatter('192.0.2.0/24', 200, { avoid: ['192.0.2.0', '192.0.2.1', '192.0.2.255'] }));
    expect(chosen).not.toContain('192.0.2.1');
    expect(() => scatter('192.0.2.0/30', 4, { avoid: ['192.0.2.1'] })).toThrow(/does not hold 4/);
  });
});

needs('arp-scan')('kernel hosts on a segment', () => {
  it('all answer, with one MAC, to a probe too; those taken away do not', async () => {
    lan = await createLan({ cidr: '198.18.0.0/16', ownAddress: '198.18.0.1' });
    const chosen = scatter('198.18.0.0/20', 500, { avoid: ['198.18.0.0', '198.18.0.1'] });
    const hosts = await createKernelHosts(lan, chosen);
    const scan = async (...more: readonly string[]): Promise<readonly string[]> => {
      const given = ['-I', 'lan0', '-r', '2', '-t', '200', '-B', '20M', '-q', '-x', ...more, '198.18.0.0/20'];
      const { stdout } = await attempt(['arp-scan', ...given]);
      return [...new Set(stdout.trim().split('\n'))]
        .filter((line) => !line.includes('DUP'))
        .map((line) => line.split('\t')[0] ?? '');
    };
    expect((await scan()).toSorted()).toEqual(chosen.toSorted());
    const gone = chosen.slice(0, 100);
    await hosts.remove(gone);
    expect((await scan('--arpspa=0.0.0.0')).toSorted()).toEqual(chosen.slice(100).toSorted());
    await hosts.add(gone);
    expect(await scan()).toHaveLength(500);
  });
});

needs('ping')('kernel hosts behind a router', () => {
  it('answer pings through the way given', async () => {
    lan = await createLan({ cidr: '192.0.2.0/24', ownAddress: '192.0.2.1' });
    await createKernelHosts(lan, ['203.0.113.16/29'], '192.0.2.254');
    await lan.addRoute('203.0.113.0/24', '192.0.2.254');
    const reaches = async (target: string): Promise<boolean> =>
      (await attempt(['ping', '-c', '1', '-W', '1', target])).status === 0;
    expect(await reaches('203.0.113.17')).toBe(true);
    expect(await reaches('203.0.113.99')).toBe(false);
  });
});
