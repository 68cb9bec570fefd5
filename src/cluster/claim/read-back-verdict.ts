/**
 * What the objects of a claim say of whether MetalLB took it. What MetalLB said before the push is no word about the push: without a
 * sign of something newer the verdict is that it is not told. Pure.
 *
 * Signs of something newer: counters of a pool whose spec never was another one; counters or a ConfigurationState that changed since
 * the push. (MetalLB renews the time in a ConfigurationState whenever it looks at the configuration, and the counters only where they
 * change: a range that moves and keeps its size leaves them as they are.)
 */
import { type Ipv4Range, sizeOf } from '../../core/address/range.ts';
import { oneLine } from '../../core/text.ts';
import { advertisementsOf } from '../election.ts';
import { FIELD_MANAGER } from '../kube/api.ts';
import { type KubeObject, listAt, numberAt, textAt } from '../kube/objects.ts';
import { readAdvertisement, readConfigurationState, readPool } from '../read/metallb.ts';
import type { ClusterPool } from '../types.ts';

const SENTENCE = 400;
/** Names or complaints in one text. */
const MOST_NAMED = 5;

export interface ReadBack {
  readonly verdict: 'accepted' | 'refused' | 'waiting' | 'not-told';
  /** One line each, printable. */
  readonly told: readonly string[];
}

/** As it was right before the push. */
export interface BeforePush {
  /** null: not there. */
  readonly pool: KubeObject | null;
  /** ConfigurationStates; null: no such kind, or not readable. */
  readonly states: readonly KubeObject[] | null;
}

export interface Seen extends BeforePush {
  /** null: not there. */
  readonly advertisement: KubeObject | null;
  /** Names of the nodes that there are; null: not known. */
  readonly nodes: ReadonlySet<string> | null;
}

export interface Claimed {
  readonly pool: string;
  /** undefined: not looked at. */
  readonly advertisement?: string;
  readonly size: number;
  /** Its IPv4 addresses; default: only their number is compared. */
  readonly range?: Ipv4Range;
  readonly before?: BeforePush;
}

/** @param settled MetalLB has had its time: what it says, or does not say, is believed */
export function verdictOf(seen: Seen, claimed: Claimed, settled: boolean): ReadBack {
  const wrong = whatIsNotThere(seen, claimed);
  if (seen.pool === null || wrong !== null) return { verdict: 'refused', told: [wrong ?? ''] };
  const { before } = claimed;
  const states = seen.states?.filter((state) => isAlive(state, seen.nodes)) ?? null;
  const complaints = complaintsOf(states ?? [], before);
  if (complaints.length > 0) return { verdict: settled ? 'refused' : 'waiting', told: complaints };
  const counters = countersTold(seen.pool, claimed);
  const taken = statesTold(states, seen.pool, before);
  const told = [counters.text, taken.text];
  if (counters.state === 'waiting' || taken.state === 'waiting') return { verdict: 'waiting', told };
  if (counters.state === 'new') return { verdict: 'accepted', told };
  if (counters.state === 'old') {
    if (taken.state === 'new') return { verdict: 'accepted', told };
    if (isUnchanged(seen.pool, before)) return { verdict: 'not-told', told: [...told, NOTHING_TO_SAY] };
    return settled ? { verdict: 'not-told', told: [...told, NOT_TOLD_APART] } : { verdict: 'waiting', told };
  }
  if (!settled) return { verdict: 'waiting', told };
  // Whoever has ConfigurationStates has counters, too: MetalLB is slow, or does not run.
  return { verdict: taken.state === 'new' ? 'accepted' : taken.state === 'none' ? 'not-told' : 'waiting', told };
}

const NOT_TOLD_APART =
  'Whether that is said of the new addresses could not be told apart from before the push: look whether the pods of MetalLB run.';
const NOTHING_TO_SAY =
  'The push changed nothing that MetalLB looks at, so that it has nothing new to say: it could not be told apart from before the push.';

/** Words of the cluster. */
export const inOneLine = (text: string): string => oneLine(text, SENTENCE);

/** null: both objects are as they were pushed, as far as MetalLB cares. */
function whatIsNotThere({ pool: object, advertisement }: Seen, claimed: Claimed): string | null {
  const { pool: name, advertisement: advertisementName, size, range } = claimed;
  if (object === null) return `The IPAddressPool ${name} is not in the cluster any more: somebody deleted it after the push.`;
  const pool = readPool(object);
  const holds = pool.addresses.reduce((sum, part) => sum + sizeOf(part), 0);
  const [only] = pool.addresses;
  const isElsewhere = range !== undefined && (only?.first !== range.first || only.last !== range.last);
  if (holds !== size || isElsewhere) {
    const written = inOneLine(pool.written.slice(0, MOST_NAMED).join(', '));
    return `The IPAddressPool ${name} holds ${written === '' ? 'nothing' : written} now, and not what was pushed: somebody changed it after the push.`;
  }
  if (advertisementName === undefined) return null;
  if (advertisement === null)
    return `The L2Advertisement ${advertisementName} is not in the cluster any more: it announces none of the addresses.`;
  if (advertisementsOf(pool, [readAdvertisement(advertisement)]).length > 0) return null;
  return `The L2Advertisement ${advertisementName} neither names the IPAddressPool ${name} nor selects it: it announces none of its addresses.`;
}

interface Told {
  /** `new`: good, and said since the push. `old`: good, and said before it as well. `none`: nothing is said. */
  readonly state: 'new' | 'old' | 'waiting' | 'none';
  readonly text: string;
}

/** `avoidBuggyIPs` leaves out addresses that end in .0 and .255. */
function countersTold(object: KubeObject, { size, before }: Claimed): Told {
  const pool = readPool(object);
  if (pool.counters === null) {
    return { state: 'none', text: 'The pool has no counters (yet; before MetalLB 0.15 it never has).' };
  }
  const expected = pool.avoidBuggyIps ? size - buggyIn(pool) : size;
  const total = pool.counters.assigned + pool.counters.available;
  const text = `The pool counts ${total} addresses, ${pool.counters.assigned} of them assigned`;
  // Of a lone .0 or .255 MetalLB takes away two.
  const isGood = total === expected || (pool.avoidBuggyIps && total === expected - loneBuggyIn(pool));
  if (!isGood) return { state: 'waiting', text: `${text}; ${expected} are expected.` };
  return areCountersNew(object, before)
    ? { state: 'new', text: `${text}.` }
    : { state: 'old', text: `${text}, as before the push.` };
}

function areCountersNew(pool: KubeObject, before: BeforePush | undefined): boolean {
  // Its spec never was another one, so that they can be about nothing else.
  if (numberAt(pool, 'metadata', 'generation') === 1) return true;
  if (before === undefined) return isLater(statusTime(pool), pushTime(pool));
  if (before.pool === null || !isSame(before.pool, pool)) return true;
  const [then, now] = [readPool(before.pool).counters, readPool(pool).counters];
  return (
    then === null ||
    then.assigned !== now?.assigned ||
    then.available !== now.available ||
    isLater(statusTime(pool), statusTime(before.pool))
  );
}

const isSame = (a: KubeObject, b: KubeObject): boolean => textAt(a, 'metadata', 'uid') === textAt(b, 'metadata', 'uid');

/** The spec that was pushed is the one that was there. */
function isUnchanged(pool: KubeObject, before: BeforePush | undefined): boolean {
  const generation = numberAt(pool, 'metadata', 'generation');
  const then = before?.pool ?? null;
  return then !== null && isSame(then, pool) && generation !== null && numberAt(then, 'metadata', 'generation') === generation;
}

function buggyIn({ addresses }: ClusterPool): number {
  let count = 0;
  for (const { first, last } of addresses) {
    // .0 and .255 of every /24 that the range touches.
    for (let base = first - (first % 256); base <= last; base += 256) {
      if (base >= first && base <= last) count++;
      if (base + 255 >= first && base + 255 <= last) count++;
    }
  }
  return count;
}

/** Ranges become networks: one that begins at .255, or ends at .0, has that address for a network of its own. */
const loneBuggyIn = ({ addresses }: ClusterPool): number =>
  addresses.reduce((sum, { first, last }) => sum + (first % 256 === 255 ? 1 : 0) + (last % 256 === 0 ? 1 : 0), 0);

const CONTROLLER = 'controller';

/** States of speakers that are not settled yet: for these it matters whether their node is still there. */
export const unsettledSpeakers = (states: readonly KubeObject[]): readonly KubeObject[] =>
  states.filter((state) => state.metadata.name !== CONTROLLER && !isValid(state));

/** A speaker's state stays when its node is gone. */
function isAlive(state: KubeObject, nodes: ReadonlySet<string> | null): boolean {
  if (nodes === null || state.metadata.name === CONTROLLER) return true;
  return nodes.has(textAt(state, 'metadata', 'labels', 'metallb.io/node-name') ?? state.metadata.name.replace(/^speaker-/, ''));
}

/** Some versions say Valid although a part of them could not take it, where the configuration is not to blame. */
const isValid = (state: KubeObject): boolean =>
  readConfigurationState(state).result === 'Valid' &&
  listAt(state, 'status', 'conditions').every((condition) => textAt(condition, 'status') !== 'False');

function complaintsOf(states: readonly KubeObject[], before: BeforePush | undefined): readonly string[] {
  const invalid = states.map(readConfigurationState).filter(({ result }) => result === 'Invalid');
  const then = new Set(
    (before?.states ?? []).flatMap((one) => (readConfigurationState(one).result === 'Invalid' ? one.metadata.name : [])),
  );
  const texts = invalid.slice(0, MOST_NAMED).map(({ name, errorSummary }) => {
    const since = then.has(name) ? ' (nor did it before the push)' : '';
    return `${inOneLine(name)} does not take the configuration${since}: ${errorSummary === '' ? 'it does not say why.' : inOneLine(errorSummary)}`;
  });
  return invalid.length > MOST_NAMED ? [...texts, `Nor do ${invalid.length - MOST_NAMED} more.`] : texts;
}

function statesTold(states: readonly KubeObject[] | null, pool: KubeObject, before: BeforePush | undefined): Told {
  if (states === null) {
    return {
      state: 'none',
      text: 'Whether controller and speakers took it is not told (MetalLB before 0.15.3, or no right to read ConfigurationStates).',
    };
  }
  const missing = states.filter((state) => !isValid(state)).map(({ metadata }) => inOneLine(metadata.name));
  if (missing.length > 0) {
    const more = missing.length > MOST_NAMED ? ` and ${missing.length - MOST_NAMED} more` : '';
    return {
      state: 'waiting',
      text: `Waiting for ${missing.slice(0, MOST_NAMED).join(', ')}${more} to take the configuration.`,
    };
  }
  const controller = states.find(({ metadata }) => metadata.name === CONTROLLER);
  if (controller === undefined)
    return { state: 'old', text: 'The controller has not said yet whether it takes the configuration.' };
  const speakers = states.length - 1;
  const text = `The controller and ${speakers} ${speakers === 1 ? 'speaker' : 'speakers'} say that the configuration is valid`;
  return isStateNew(controller, pool, before)
    ? { state: 'new', text: `${text}.` }
    : { state: 'old', text: `${text}, as before the push.` };
}

function isStateNew(state: KubeObject, pool: KubeObject, before: BeforePush | undefined): boolean {
  if (before === undefined || before.states === null) return isLater(statusTime(state), pushTime(pool));
  const then = before.states.find(({ metadata }) => metadata.name === state.metadata.name);
  return then === undefined || then.metadata.resourceVersion !== state.metadata.resourceVersion;
}

/** Both of the API server's clock, in whole seconds: the same second proves nothing. */
const isLater = (a: number | null, b: number | null): boolean => a !== null && b !== null && a > b;

/** When the status was written last, epoch ms of the API server; null where it does not say. */
const statusTime = (object: KubeObject): number | null => newestOf(object, (entry) => textAt(entry, 'subresource') === 'status');

/** When our own fields changed last. */
const pushTime = (object: KubeObject): number | null =>
  newestOf(object, (entry) => textAt(entry, 'manager') === FIELD_MANAGER && textAt(entry, 'operation') === 'Apply');

function newestOf(object: KubeObject, isMeant: (entry: unknown) => boolean): number | null {
  const times = listAt(object, 'metadata', 'managedFields')
    .filter(isMeant)
    .map((entry) => Date.parse(textAt(entry, 'time') ?? ''))
    .filter((time) => !Number.isNaN(time));
  return times.length === 0 ? null : Math.max(...times);
}
