import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeRouteMessages, encodeDumpRequest, type RouteMessage } from '../../src/link/rtnetlink-codec.ts';
import { address, attribute, hop, link, message, route, text, u32 } from './netlink-bytes.ts';

const decode = (...bytes: readonly number[][]): readonly RouteMessage[] => decodeRouteMessages(Uint8Array.from(bytes.flat()));

const LAN0 = [
  ...attribute(3, text('lan0')),
  ...attribute(4, u32(1500)),
  ...attribute(1, [0x52, 0x54, 0, 0x12, 0x34, 0x56]),
  ...attribute(0x8000 | 18, [1, 2, 3]),
];
const lan0 = {
  kind: 'link',
  gone: false,
  index: 2,
  name: 'lan0',
  mtu: 1500,
  mac: '52:54:00:12:34:56',
  adminUp: true,
  running: true,
  loopback: false,
};
const GATEWAY = [192, 0, 2, 1];
const HOST = [192, 0, 2, 9];
const PEER = [198, 51, 100, 7];

describe('decodeRouteMessages', () => {
  it.each<[string, number[], object[]]>([
    ['a link', message(16, link({ attributes: LAN0 })), [lan0]],
    ['a link that is gone', message(17, link({ attributes: LAN0 })), [{ ...lan0, gone: true }]],
    [
      'a link that is down',
      message(16, link({ flags: 0x1002, attributes: LAN0 })),
      [{ ...lan0, adminUp: false, running: false }],
    ],
    ['a link without carrier', message(16, link({ flags: 0x1003, attributes: LAN0 })), [{ ...lan0, running: false }]],
    ['loopback', message(16, link({ flags: 0x49, attributes: LAN0 })), [{ ...lan0, loopback: true }]],
    [
      'a link without a MAC of 48 bits',
      message(16, link({ attributes: [...attribute(3, text('tun0')), ...attribute(1, [10, 0, 0, 1])] })),
      [{ ...lan0, name: 'tun0', mtu: 0, mac: null }],
    ],
    ['a link that leaves its bridge', message(17, link({ family: 7, attributes: LAN0 })), []],
    ['a link without a name', message(16, link()), []],
    [
      'an address',
      message(20, address(24, 2, [...attribute(1, HOST), ...attribute(2, HOST)])),
      [{ kind: 'address', gone: false, index: 2, address: 0xc0000209, networkAddress: 0xc0000209, prefixLength: 24 }],
    ],
    [
      'a point-to-point address',
      message(21, address(30, 5, [...attribute(1, PEER), ...attribute(2, HOST)])),
      [{ kind: 'address', gone: true, index: 5, address: 0xc0000209, networkAddress: 0xc6336407, prefixLength: 30 }],
    ],
    ['an IPv6 address', message(20, address(64, 2, attribute(1, new Array<number>(16).fill(1)), 10)), []],
    ['an address with an impossible prefix', message(20, address(33, 2, attribute(1, HOST))), []],
    [
      'a default route',
      message(24, route({ attributes: [...attribute(4, u32(2)), ...attribute(5, GATEWAY), ...attribute(15, u32(254))] })),
      [{ kind: 'default-route', gone: false, hops: [{ index: 2, gateway: 0xc0000201 }] }],
    ],
    [
      'a default route without a gateway that goes away',
      message(25, route({ attributes: attribute(4, u32(2)) })),
      [{ kind: 'default-route', gone: true, hops: [] }],
    ],
    [
      'a default route over several hops',
      message(
        24,
        route({ attributes: attribute(9, [...hop(2, attribute(5, GATEWAY)), ...hop(3, []), ...hop(4, attribute(5, HOST))]) }),
      ),
      [
        {
          kind: 'default-route',
          gone: false,
          hops: [
            { index: 2, gateway: 0xc0000201 },
            { index: 4, gateway: 0xc0000209 },
          ],
        },
      ],
    ],
    ['a route to a network', message(24, route({ prefixLength: 24, attributes: attribute(5, GATEWAY) })), []],
    ['a default route of another table', message(24, route({ table: 0, attributes: attribute(15, u32(1000)) })), []],
    ['a default route that refuses', message(24, route({ type: 7 })), []],
    ['the end of a dump', message(3, u32(0)), [{ kind: 'end', errno: 0 }]],
    ['a dump that failed', message(2, u32(-1 >>> 0)), [{ kind: 'end', errno: 1 }]],
    ['a dump that was interrupted', message(16, link({ attributes: LAN0 }), 0x12), [{ kind: 'interrupted' }, lan0]],
    ['something else', message(28, link({ attributes: LAN0 })), []],
  ])('%s', (_, bytes, expected) => {
    expect(decode(bytes)).toEqual(expected);
  });

  it('reads several messages of a datagram, and stops where one is cut short', () => {
    const one = message(16, link({ attributes: LAN0 }));
    expect(decode(one, message(3, u32(0)))).toHaveLength(2);
    expect(decode(one, one.slice(0, 30))).toHaveLength(1);
    expect(decode(one, [3, 0, 0, 0, ...one.slice(4)])).toHaveLength(1);
  });

  it('never throws and always ends, whatever comes', () => {
    const types = fc.constantFrom(2, 3, 16, 17, 20, 21, 24, 25);
    const bodies = fc.oneof(fc.uint8Array({ maxLength: 120 }), fc.constant(Uint8Array.from(link({ attributes: LAN0 }))));
    fc.assert(
      fc.property(types, bodies, fc.array(fc.tuple(fc.nat(100), fc.nat(255)), { maxLength: 6 }), (type, body, damage) => {
        const bytes = Uint8Array.from(message(type, [...body]));
        for (const [at, value] of damage) if (at < bytes.length) bytes[at] = value;
        expect(decodeRouteMessages(bytes).length).toBeLessThanOrEqual(2 + bytes.length / 16);
      }),
      { numRuns: 5000 },
    );
  });
});

describe('encodeDumpRequest', () => {
  it.each([
    ['links', 18, 0, 32],
    ['addresses', 22, 2, 24],
    ['routes', 26, 2, 28],
  ] as const)('%s', (subject, type, family, length) => {
    const bytes = encodeDumpRequest(subject, 7);
    const view = new DataView(bytes.buffer);
    expect([view.getUint32(0, true), view.getUint16(4, true), view.getUint16(6, true), view.getUint32(8, true)]).toEqual([
      length,
      type,
      0x301,
      7,
    ]);
    expect([bytes.length, bytes[16]]).toEqual([length, family]);
  });
});
