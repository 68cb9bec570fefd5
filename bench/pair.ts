/**
 * The benchmark's LAN: one veth pair and nothing between, with live hosts answered by the kernel of the namespace at its other
 * end (local routes). A bridge would add its own cost to every frame of every tool.
 */
import { setTimeout } from 'node:timers/promises';
import { run } from '../test/lab/command.ts';
import { createNamespace, type Namespace } from '../test/lab/namespace.ts';

/** @returns the namespace at the other end; its interface is `eth0` */
export async function createPair(interfaceName: string, cidr: string, own: string, hosts: readonly string[]): Promise<Namespace> {
  const namespace = await createNamespace('hosts');
  const queue = ['txqueuelen', '10000'];
  await run([
    'ip',
    'link',
    'add',
    'name',
    interfaceName,
    ...queue,
    'type',
    'veth',
    'peer',
    'name',
    'eth0',
    ...queue,
    'netns',
    namespace.name,
  ]);
  await namespace.batch([
    'link set dev eth0 up',
    `route add ${cidr} dev eth0`,
    ...hosts.map((address) => `route add local ${address} dev lo`),
  ]);
  await run(['ip', 'address', 'add', `${own}/${cidr.split('/')[1]}`, 'broadcast', '+', 'dev', interfaceName]);
  await run(['ip', 'link', 'set', 'dev', interfaceName, 'up']);
  // The kernel tells of a new link's state up to a second later.
  await setTimeout(1500);
  return namespace;
}
