import { describe, expect, it } from 'vitest';
import { DECODE_REASONS } from '../../../src/core/codec/reason.ts';

describe('DECODE_REASONS', () => {
  it('are distinct labels in kebab case, each led by its protocol', () => {
    expect(new Set(DECODE_REASONS).size).toBe(DECODE_REASONS.length);
    for (const reason of DECODE_REASONS) expect(reason).toMatch(/^(ethernet|arp|ipv4|udp|icmp|dhcp)(-[a-z0-9]+)+$/);
  });
});
