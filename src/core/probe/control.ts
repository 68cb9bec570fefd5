/**
 * Whether a sweep or a live run proves anything: the wire was whole, the probes left, and the positive control answered.
 * Where it proves nothing, silence in it is nobody's.
 */
import type { InvalidReason, WireHealth } from './types.ts';

/** The share of the planned addresses that must have got at least one probe. */
export const MIN_SENT_SHARE = 0.9;
/** One control must answer, and this share of them: of many, one lucky answer through a broken trunk is no proof. */
const MIN_CONTROL_SHARE = 0.25;

export interface Experiment {
  readonly health: WireHealth;
  /** Nothing was left to send and every patience was over. */
  readonly complete: boolean;
  readonly planned: number;
  /** Addresses that at least one probe really left for. */
  readonly asked: number;
  /** Controls among the targets; those a probe really left for; those that answered. */
  readonly controls: { readonly named: number; readonly asked: number; readonly answered: number };
  /** Distinct addresses that anybody answered for. */
  readonly answered: number;
}

/** The first reason why the experiment proves nothing, or null where it is valid. */
export function judge(experiment: Experiment): InvalidReason | null {
  const { health, complete, planned, asked } = experiment;
  if (health.fault !== null) return health.fault;
  if (health.kernelDrops > 0) return 'kernel-drops';
  if (!complete) return 'aborted';
  if (asked === 0 || asked < planned * MIN_SENT_SHARE) return 'send-failed';
  return controlAnswered(experiment) ? null : 'control-silent';
}

/**
 * Without a named control somebody must answer, whoever it is. A stand-in (proxy ARP) is enough for that: its answer shows
 * that frames leave and that answers are heard, and that is all a control is asked to show.
 */
function controlAnswered({ controls, answered }: Experiment): boolean {
  if (controls.named === 0) return answered > 0;
  return controls.answered > 0 && controls.answered >= controls.asked * MIN_CONTROL_SHARE;
}
