/** What a watch of one segment is given, and what it says of itself. */
import type { Ledger } from '../ledger/ledger.ts';
import type { SweepRecord } from '../ledger/types.ts';
import type { InterfaceWatch, PacketWire, PacketWireHandlers } from '../link/types.ts';
import type { Clock } from '../system/clock.ts';
import type { SegmentConfig } from '../system/config-types.ts';
import type { Logger } from '../system/logger.ts';
import type { Hearing } from './hearing.ts';
import type { IcmpSweeper } from './icmp-sweeper.ts';
import type { Recorder } from './recorder.ts';
import type { WaitReason } from './segment-place.ts';

export type SweepTrigger = SweepRecord['trigger'];

export interface SegmentWatchOptions {
  readonly config: SegmentConfig;
  readonly ledger: Ledger;
  readonly recorder: Recorder;
  readonly interfaces: InterfaceWatch;
  readonly openWire: (interfaceName: string, handlers: PacketWireHandlers) => PacketWire;
  readonly icmp: IcmpSweeper;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
  /** Told when the segment is placed for the first time, or over another range. */
  readonly onPlaced: () => void;
  /** Told of what is heard and swept, at once: the guard. */
  readonly hearing?: Hearing | undefined;
}

export interface SegmentStatus {
  readonly state: 'sweeping' | 'idle' | 'waiting';
  readonly waitingFor: WaitReason | null;
  readonly waitingDetail: string | null;
  readonly framesReceived: number;
  readonly kernelDrops: number;
  /** Frames of others that were understood, by kind. */
  readonly heard: Readonly<Record<string, number>>;
  readonly ignored: Readonly<Record<string, number>>;
}
