/**
 * What a test and the simulator's process say to each other over the IPC channel. Every order gets one answer with its number.
 */
import type { SimulatorReport } from './observed.ts';
import type { Announcement, SimulatedHost } from './simulated-host.ts';
import type { Temper } from './temper.ts';

export type SimulatorOrder =
  | { readonly kind: 'add'; readonly hosts: readonly SimulatedHost[] }
  | { readonly kind: 'remove'; readonly id: string }
  | { readonly kind: 'temper'; readonly id: string; readonly temper: Temper }
  | { readonly kind: 'announce'; readonly id: string; readonly announcement: Announcement }
  | { readonly kind: 'report'; readonly addresses: readonly string[] | 'all' }
  /** Forgets what was heard so far; the hosts stay. */
  | { readonly kind: 'forget' };

export interface SimulatorMessage {
  readonly number: number;
  readonly order: SimulatorOrder;
}

export type SimulatorAnswer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly error: string }
  | { readonly kind: 'done'; readonly number: number; readonly report: SimulatorReport | null }
  | { readonly kind: 'refused'; readonly number: number; readonly error: string };
