/** This machine, for `doctor`: interfaces, gateways, DNS servers, and whether raw frames may be sent. Opens a socket to see; sends nothing. */
import { readFileSync } from 'node:fs';
import type { MachineFacts, MachineInterface } from '../../cluster/doctor/types.ts';
import { type Ipv4, parseIpv4 } from '../../core/address/ipv4.ts';

export type ReadMachine = () => Promise<Pick<MachineFacts, 'interfaces' | 'dnsServers' | 'mayNotSend'>>;

const RESOLV_CONF = '/etc/resolv.conf';
const AF_PACKET = 17;
/** SOCK_RAW | SOCK_CLOEXEC */
const RAW_CLOEXEC = 3 | 0o2000000;

/** @throws FreeholdError where the machine cannot be read (no netlink, no native library) */
export const readMachine: ReadMachine = async () => {
  const [{ watchInterfaces }, { libc }] = await Promise.all([import('../../link/interfaces.ts'), import('../../link/libc.ts')]);
  const watch = watchInterfaces();
  let interfaces: readonly MachineInterface[];
  try {
    interfaces = watch
      .list()
      .filter(({ loopback }) => !loopback)
      .map(({ name, adminUp, running, addresses, gateways }) => ({ name, up: adminUp && running, addresses, gateways }));
  } finally {
    watch.close();
  }
  const c = libc();
  // Protocol 0: it receives nothing either.
  const descriptor = c.socket(AF_PACKET, RAW_CLOEXEC, 0);
  const mayNotSend = descriptor < 0 ? `the kernel refuses a raw socket: ${c.errno()}` : null;
  if (descriptor >= 0) c.close(descriptor);
  return { interfaces, dnsServers: nameservers(resolvConf()), mayNotSend };
};

function resolvConf(): string {
  try {
    return readFileSync(RESOLV_CONF, 'utf8');
  } catch {
    // Without it there is no DNS server to compare with.
    return '';
  }
}

/** IPv4 servers of resolv.conf(5); a resolver on this machine itself (127.0.0.53) is no host of the LAN. */
export const nameservers = (text: string): readonly Ipv4[] =>
  text.split('\n').flatMap((line) => {
    const [, server = ''] = /^\s*nameserver\s+(\S+)/.exec(line) ?? [];
    const address = parseIpv4(server);
    return address.ok && address.value >>> 24 !== 127 ? [address.value] : [];
  });
