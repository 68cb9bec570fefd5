/**
 * From a decoded DHCP message to the server that it tells of, and the address that it hands out: what core/dhcp/scopes.ts learns
 * spans from. Pure; believes no message that names an impossible server or address.
 */
import { ANY_ADDRESS, type Ipv4 } from '../core/address/ipv4.ts';
import type { Mac } from '../core/address/mac.ts';
import type { DhcpMessage } from '../core/codec/dhcp.ts';
import { err, ok, type Result } from '../core/result.ts';

export interface HandedOut {
  readonly server: Ipv4;
  /** What the server gives or promises; null where the message only shows that there is such a server. */
  readonly address: Ipv4 | null;
  /** Ethernet source of what the server sent: its own, or a relay's. null where only a client names the server. */
  readonly mac: Mac | null;
}

export type HearingRefusal =
  /** DISCOVER, INFORM, and a REQUEST that is for no server in particular (INIT-REBOOT, RENEWING, REBINDING). */
  | 'dhcp-names-no-server'
  /** 0.0.0.0/8, loopback, multicast or broadcast: no server's address. */
  | 'dhcp-impossible-server'
  /** The same, of the address that it hands out. */
  | 'dhcp-impossible-address';

/**
 * RFC 2131 sections 3.1 and 4.3. A relay's copies (giaddr not 0) count like all others.
 * @param ipSource of the datagram
 */
export function handedOut(message: DhcpMessage, etherSource: Mac, ipSource: Ipv4): Result<HandedOut, HearingRefusal> {
  const { serverId, nextServerAddress, yourAddress } = message;
  switch (message.messageType) {
    case 'offer':
    case 'ack':
    case 'nak': {
      // Option 54 is a must, but old servers leave it out.
      const server = serverId ?? (isPossible(nextServerAddress) ? nextServerAddress : ipSource);
      if (!isPossible(server)) return err('dhcp-impossible-server');
      const address = givesAddress(message) ? yourAddress : null;
      if (address !== null && !isPossible(address)) return err('dhcp-impossible-address');
      return ok({ server, address, mac: etherSource });
    }
    case 'request': {
      if (serverId === null) return err('dhcp-names-no-server');
      if (!isPossible(serverId)) return err('dhcp-impossible-server');
      // SELECTING (section 4.3.2): the client repeats what the server offered it. Offers go by unicast: mostly this is all one hears.
      const offered = message.clientAddress === ANY_ADDRESS ? message.requestedAddress : null;
      if (offered !== null && !isPossible(offered)) return err('dhcp-impossible-address');
      return ok({ server: serverId, address: offered, mac: null });
    }
    case 'decline':
    case 'release':
      if (serverId === null) return err('dhcp-names-no-server');
      if (!isPossible(serverId)) return err('dhcp-impossible-server');
      return ok({ server: serverId, address: null, mac: null });
    case 'discover':
    case 'inform':
      return err('dhcp-names-no-server');
  }
}

/** An ACK to an INFORM carries no lease time (RFC 2131 section 4.3.5), whatever some servers put into yiaddr. */
const givesAddress = ({ messageType, yourAddress, leaseSeconds }: DhcpMessage): boolean =>
  yourAddress !== ANY_ADDRESS && (messageType === 'offer' || (messageType === 'ack' && leaseSeconds !== null));

/** Whether a host can have it: 1.0.0.0 .. 223.255.255.255 without 127.0.0.0/8. */
function isPossible(address: Ipv4): boolean {
  const network = address >>> 24;
  return network >= 1 && network <= 223 && network !== 127;
}
