import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { attempt, run } from './command.ts';
import { interfaceNames, namespaceNames } from './guard.ts';
import { createLan, type Lan, type LanOptions } from './lan.ts';
import { createNamespace, type Namespace } from './namespace.ts';
import { needs } from './needs.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
  expect(interfaceNames()).toEqual(['lo']);
  expect(namespaceNames()).toEqual([]);
});

async function lanWith(options: Partial<LanOptions> = {}): Promise<Lan> {
  const lan = await createLan({ cidr: '192.0.2.0/24', ownAddress: '192.0.2.1', ...options });
  open.push(lan);
  return lan;
}

const show = (lan: Lan): Promise<string> => lan.ip('-o', 'address', 'show', 'dev', lan.interfaceName);
const flags = async (lan: Lan): Promise<string> =>
  /<([^>]*)>/.exec(await lan.ip('-o', 'link', 'show', 'dev', lan.interfaceName))?.[1] ?? '';
const routes = (lan: Lan): Promise<string> => lan.ip('route', 'show');

describe('a simulated LAN', () => {
  it('has the interface, address, MAC and default route asked for, and no IPv6', async () => {
    const lan = await lanWith({ interfaceName: 'jump0', ownMac: '52:54:00:00:00:01', gateway: '192.0.2.254' });
    expect(interfaceNames()).toEqual(['lo', 'jump0']);
    expect(await show(lan)).toMatch(/inet 192\.0\.2\.1\/24 brd 192\.0\.2\.255/);
    expect(await show(lan)).not.toContain('inet6');
    expect(await lan.ip('link', 'show', 'dev', 'jump0')).toContain('link/ether 52:54:00:00:00:01');
    expect(await routes(lan)).toMatch(/^default via 192\.0\.2\.254 dev jump0/m);
    expect(await flags(lan)).toContain('LOWER_UP');
  });

  it('lives in a named namespace where asked', async () => {
    const home = await createNamespace('jump');
    open.push(home);
    const lan = await lanWith({ namespace: home });
    expect(interfaceNames()).toEqual(['lo']);
    expect(await home.run(['ip', 'address', 'show', 'dev', 'lan0'])).toContain('192.0.2.1/24');
    expect(await show(lan)).toContain('192.0.2.1/24');
  });

  it('goes down and up again with its routes', async () => {
    const lan = await lanWith({ gateway: '192.0.2.254' });
    await lan.linkDown();
    expect((await flags(lan)).split(',')).not.toContain('UP');
    expect(await routes(lan)).toBe('');
    await lan.linkUp();
    expect((await flags(lan)).split(',')).toContain('UP');
    expect(await routes(lan)).toContain('default via 192.0.2.254');
  });

  it('loses its carrier with the cable', async () => {
    const lan = await lanWith();
    await lan.setCable(false);
    expect(await flags(lan)).toMatch(/NO-CARRIER.*UP/);
    await lan.setCable(true);
    expect(await flags(lan)).toContain('LOWER_UP');
  });

  it('loses and gets addresses', async () => {
    const lan = await lanWith({ ownAddress: null });
    expect(await show(lan)).not.toContain('inet');
    await lan.addAddress('192.0.2.77');
    expect(await show(lan)).toContain('192.0.2.77/24');
    await lan.removeAddress('192.0.2.77');
    expect(await show(lan)).not.toContain('inet');
  });

  it('loses its interface and gets it back', async () => {
    const lan = await lanWith({ gateway: '192.0.2.254' });
    await lan.deleteInterface();
    await lan.deleteInterface();
    expect(interfaceNames()).toEqual(['lo']);
    await lan.restoreInterface();
    expect(await show(lan)).toContain('192.0.2.1/24');
    expect(await routes(lan)).toContain('default via 192.0.2.254');
  });

  it('leaves nothing behind where it cannot be made', async () => {
    await expect(
      createLan({ cidr: '192.0.2.0/24', ownAddress: '192.0.2.1', interfaceName: 'much-too-long-a-name' }),
    ).rejects.toThrow(/much-too-long-a-name/);
    await expect(createLan({ cidr: '192.0.2.7/24', ownAddress: null })).rejects.toThrow(/host bits/);
  });

  it('closes as often as one likes', async () => {
    const lan = await lanWith();
    await lan.attach('m');
    await lan.close();
    await lan.close();
  });
});

needs('ping')('machines on a LAN', () => {
  const reaches = async (target: string): Promise<boolean> =>
    (await attempt(['ping', '-c', '1', '-W', '1', target])).status === 0;

  it('reach each other through the bridge, and not while the link is down', async () => {
    const lan = await lanWith();
    await lan.attach('m', { addresses: ['192.0.2.9/24'], mac: '02:00:00:00:00:09' });
    expect(await reaches('192.0.2.9')).toBe(true);
    expect(await run(['ip', 'neighbour', 'show', '192.0.2.9'])).toContain('02:00:00:00:00:09');
    await lan.setCable(false);
    expect(await reaches('192.0.2.9')).toBe(false);
  });
});

describe('processes in a namespace', () => {
  it('are ended with it, by force where they do not listen', async () => {
    const namespace: Namespace = await createNamespace('p');
    open.push(namespace);
    const deaf = namespace.spawn(['sh', '-c', 'trap "" TERM; echo deaf; while :; do sleep 0.1; done'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const listening = namespace.spawn(['sleep', '1000'], { stdio: 'ignore' });
    if (deaf.stdout !== null) await once(deaf.stdout, 'data');
    await namespace.close();
    expect([listening.signalCode, deaf.signalCode]).toEqual(['SIGTERM', 'SIGKILL']);
  });
});
