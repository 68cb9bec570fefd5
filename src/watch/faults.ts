/**
 * What a fault of the wire, or a segment that has to wait, means for a sweep. Pure names: decides nothing else.
 */
import type { WireHealth } from '../core/probe/types.ts';
import type { WaitReason } from './segment-place.ts';

export type WireFault = NonNullable<WireHealth['fault']>;

/** What the wire's errno says about the sweep. */
export function faultOf(errorCode: string): WireFault {
  switch (errorCode) {
    case 'ENETDOWN':
      return 'link-down';
    case 'ENODEV':
    case 'ENXIO':
      return 'interface-gone';
    default:
      return 'send-failed';
  }
}

/** What a sweep suffers from while the segment waits. */
export function faultWhile(reason: WaitReason): WireFault {
  switch (reason) {
    case 'interface-gone':
    case 'link-down':
    case 'address-lost':
      return reason;
    case 'network-too-large':
    case 'cidr-beyond-link':
      return 'aborted';
    case 'socket-failed':
      return 'receive-failed';
  }
}
