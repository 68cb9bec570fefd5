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
  /** Controls among the targets. */
  readonly controls: ControlCount;
  /** Distinct addresses that anybody answered for. */
  readonly answered: number;
  /** The link refused everything, so that the sweep was given up. */
  readonly gaveUp: boolean;
  /** A round of asking the controls again, during the sweep, got no answer. */
  readonly roundFailed: boolean;
  /** The round after everything else had left: an answer counts only if it came after it. Null where nobody was there to ask. */
  readonly closing: ControlCount | null;
}

/** Controls that are meant; those a frame really left for; those that answered. */
export interface ControlCount {
  readonly named: number;
  readonly asked: number;
  readonly answered: number;
}

/** One must answer, and a quarter of them where there are four or more. */
export const enoughAnswered = (asked: number, answered: number): boolean => answered > 0 && answered >= asked * MIN_CONTROL_SHARE;

/** The first reason why the experiment proves nothing, or null where it is valid. */
export function judge(experiment: Experiment): InvalidReason | null {
  const { health, complete, planned, asked, gaveUp, closing } = experiment;
  if (health.fault !== null) return health.fault;
  if (health.kernelDrops > 0) return 'kernel-drops';
  if (!complete) return 'aborted';
  if (planned === 0) return 'no-targets';
  if (gaveUp || asked === 0 || asked < planned * MIN_SENT_SHARE) return 'send-failed';
  if (!controlAnswered(experiment) || experiment.roundFailed || closing === null) return 'control-silent';
  if (closing.asked === 0) return 'send-failed';
  return enoughAnswered(closing.named, closing.answered) ? null : 'control-silent';
}

/**
 * Without a named control somebody must answer, whoever it is. A stand-in (proxy ARP) is enough for that: its answer shows
 * that frames leave and that answers are heard, and that is all a control is asked to show.
 */
function controlAnswered({ controls, answered }: Experiment): boolean {
  if (controls.named === 0) return answered > 0;
  return enoughAnswered(controls.asked, controls.answered);
}
