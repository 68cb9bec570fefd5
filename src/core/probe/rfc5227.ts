/**
 * The constants of RFC 5227, IPv4 Address Conflict Detection, section 1.1. Times in ms, counts as counts.
 * Nothing here is tunable: who wants other timers is not running RFC 5227.
 */

/** Initial random delay before the first probe: 0 .. 1 s. */
export const PROBE_WAIT_MS = 1_000;
/** Number of probe packets. */
export const PROBE_NUM = 3;
/** Minimum delay till the next probe. */
export const PROBE_MIN_MS = 1_000;
/** Maximum delay till the next probe. */
export const PROBE_MAX_MS = 2_000;
/** Delay after the last probe before the address may be announced. */
export const ANNOUNCE_WAIT_MS = 2_000;
/** Number of announcement packets. */
export const ANNOUNCE_NUM = 2;
/** Time between announcement packets. */
export const ANNOUNCE_INTERVAL_MS = 2_000;
/** Conflicts before a host limits its rate of trying. */
export const MAX_CONFLICTS = 10;
/** Delay between attempts once MAX_CONFLICTS is reached. */
export const RATE_LIMIT_INTERVAL_MS = 60_000;
/** Minimum time between two defensive announcements. */
export const DEFEND_INTERVAL_MS = 10_000;
