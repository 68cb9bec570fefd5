import { describe, expect, it } from 'vitest';
import type { Ipv4 } from '../../src/core/address/ipv4.ts';
import type { Mac } from '../../src/core/address/mac.ts';
import { emptyTable, factsOf, noteMessage, replaceGateways } from '../../src/link/interface-table.ts';
import type { AddressMessage, DefaultRouteMessage, LinkMessage } from '../../src/link/rtnetlink-codec.ts';

const MAC = '52:54:00:12:34:56' as Mac;
const lan0: LinkMessage = {
  kind: 'link',
  gone: false,
  index: 2,
  name: 'lan0',
  mtu: 1500,
  mac: MAC,
  adminUp: true,
  running: true,
  loopback: false,
};
const own: AddressMessage = {
  kind: 'address',
  gone: false,
  index: 2,
  address: 0xc0000209 as Ipv4,
  networkAddress: 0xc0000209 as Ipv4,
  prefixLength: 24,
};
const routes: DefaultRouteMessage[] = [{ kind: 'default-route', gone: false, hops: [{ index: 2, gateway: 0xc0000201 as Ipv4 }] }];

function filled() {
  const table = emptyTable();
  noteMessage(table, lan0);
  noteMessage(table, own);
  replaceGateways(table, [...routes, ...routes]);
  return table;
}

describe('the interface table', () => {
  it('puts link, addresses and gateways together', () => {
    const { kind: _, gone: __, ...link } = lan0;
    const network = { network: 0xc0000200, prefixLength: 24 };
    expect(factsOf(filled())).toEqual([{ ...link, addresses: [{ address: 0xc0000209, network }], gateways: [0xc0000201] }]);
  });

  it('follows a new name, in the order of the indexes', () => {
    const table = filled();
    noteMessage(table, { ...lan0, index: 1, name: 'lo', loopback: true, mac: null });
    noteMessage(table, { ...lan0, name: 'lan1' });
    expect(factsOf(table).map(({ name, mac }) => [name, mac])).toEqual([
      ['lo', '00:00:00:00:00:00'],
      ['lan1', MAC],
    ]);
  });

  it('forgets an address, and all addresses of a link that is gone', () => {
    const table = filled();
    noteMessage(table, { ...own, address: 0xc000020a as Ipv4 });
    noteMessage(table, { ...own, gone: true });
    expect(factsOf(table)[0]?.addresses.map(({ address }) => address)).toEqual([0xc000020a]);
    noteMessage(table, { ...lan0, gone: true });
    expect(factsOf(table)).toEqual([]);
    noteMessage(table, lan0);
    expect(factsOf(table)[0]?.addresses).toEqual([]);
  });

  it.each([
    ['a link as it was', lan0, false],
    ['a link that lost its carrier', { ...lan0, running: false }, true],
    ['a link that went down', { ...lan0, adminUp: false }, true],
    ['a link that is gone', { ...lan0, gone: true }, true],
    ['an address more', own, false],
    ['an address less', { ...own, gone: true }, true],
    ['a default route', routes[0] as DefaultRouteMessage, true],
  ] as const)('asks for the routes again after %s: %j', (_, message, again) => {
    expect(noteMessage(filled(), message)).toBe(again);
  });

  it('bounds the gateways of an interface', () => {
    const table = filled();
    const hops = Array.from({ length: 500 }, (_, i) => ({ index: 2, gateway: (0xc6120000 + i) as Ipv4 }));
    replaceGateways(table, [{ kind: 'default-route', gone: false, hops }]);
    expect(factsOf(table)[0]?.gateways).toHaveLength(64);
  });
});
