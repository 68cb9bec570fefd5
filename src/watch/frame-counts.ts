/** Counts the frames of one segment: those that were understood by kind, and those that were ignored by reason. Keeps no frame. */
import type { ArpKind } from '../core/codec/arp-kind.ts';
import type { DhcpMessageType } from '../core/codec/dhcp.ts';
import { IgnoredFrames } from './ignored.ts';

/** Twelve at the most: labels of a metric. */
export type FrameKind = `arp-${ArpKind}` | `dhcp-${DhcpMessageType}`;

export class FrameCounts {
  readonly ignored = new IgnoredFrames();
  readonly #heard = new Map<FrameKind, number>();

  heard(kind: FrameKind): void {
    this.#heard.set(kind, (this.#heard.get(kind) ?? 0) + 1);
  }

  heardByKind(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#heard].sort(([a], [b]) => a.localeCompare(b)));
  }
}
