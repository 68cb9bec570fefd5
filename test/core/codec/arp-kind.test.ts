import { describe, expect, it } from 'vitest';
import { parseIpv4 } from '../../../src/core/address/ipv4.ts';
import type { ArpOperation } from '../../../src/core/codec/arp.ts';
import { type ArpKind, arpKind } from '../../../src/core/codec/arp-kind.ts';
import { unwrap } from './build.ts';

const address = (text: string) => unwrap(parseIpv4(text));

describe('arpKind', () => {
  it.each<[string, ArpOperation, string, string, ArpKind]>([
    ['a reply', 'reply', '192.0.2.1', '192.0.2.50', 'reply'],
    ['a reply to a probe', 'reply', '192.0.2.1', '0.0.0.0', 'reply'],
    ['a reply from nobody', 'reply', '0.0.0.0', '192.0.2.1', 'reply'],
    ['an ordinary request', 'request', '192.0.2.50', '192.0.2.1', 'request'],
    ['a probe', 'request', '0.0.0.0', '192.0.2.99', 'probe'],
    ['a probe for 0.0.0.0', 'request', '0.0.0.0', '0.0.0.0', 'probe'],
    ['an announcement by request', 'request', '192.0.2.99', '192.0.2.99', 'announcement'],
    ['a gratuitous reply', 'reply', '192.0.2.99', '192.0.2.99', 'announcement'],
    ['an announcement at the top', 'request', '255.255.255.255', '255.255.255.255', 'announcement'],
  ])('%s', (_, operation, sender, target, kind) => {
    expect(arpKind({ operation, senderAddress: address(sender), targetAddress: address(target) })).toBe(kind);
  });
});
