/**
 * Who answered for which target: every MAC is kept, since two for one address is what we look for. Bounded against a
 * stranger who answers with ever new MACs. Decides nothing about what an answer means.
 */
import type { Mac } from '../address/mac.ts';

export const MAX_MACS_PER_ADDRESS = 16;
/** Distinct MACs of one sweep: twice the addresses of a /16. */
export const MAX_MACS = 131_072;

/** Transient and mutable; owned by one sweep. */
export interface Answers {
  readonly answered: Uint8Array;
  /** The positions that answered, in order of their first answer: `answeredCount` of them. */
  readonly order: Uint32Array;
  /** 1 + the number of the first MAC; 0 for none. */
  readonly firstMac: Uint32Array;
  /** Numbers of the further MACs, by position. */
  readonly otherMacs: Map<number, number[]>;
  /** Positions for which more MACs answered than are kept. */
  readonly more: Set<number>;
  readonly numbers: Map<Mac, number>;
  readonly macs: Mac[];
  /** Addresses answered for, by number of the MAC. */
  readonly addressesByMac: number[];
  answeredCount: number;
}

export const createAnswers = (size: number): Answers => ({
  answered: new Uint8Array(size),
  order: new Uint32Array(size),
  firstMac: new Uint32Array(size),
  otherMacs: new Map(),
  more: new Set(),
  numbers: new Map(),
  macs: [],
  addressesByMac: [],
  answeredCount: 0,
});

/** @param mac null where the answer carries none (ICMP) @returns whether it is the first answer for the position */
export function noteAnswer(answers: Answers, position: number, mac: Mac | null): boolean {
  const first = answers.answered[position] === 0;
  if (first) {
    answers.answered[position] = 1;
    answers.order[answers.answeredCount++] = position;
  }
  if (mac !== null) noteMac(answers, position, mac);
  return first;
}

export function macsAt(answers: Answers, position: number): { readonly macs: readonly Mac[]; readonly more: boolean } {
  const numbers = [(answers.firstMac[position] ?? 0) - 1, ...(answers.otherMacs.get(position) ?? [])];
  const macs = numbers.flatMap((number) => answers.macs[number] ?? []);
  return { macs, more: answers.more.has(position) };
}

/** The positions that each MAC answered for. */
export function positionsByMac(answers: Answers): ReadonlyMap<Mac, readonly number[]> {
  const lists = answers.macs.map((): number[] => []);
  for (let position = 0; position < answers.firstMac.length; position++) {
    const first = answers.firstMac[position] ?? 0;
    if (first > 0) lists[first - 1]?.push(position);
  }
  for (const [position, numbers] of answers.otherMacs) for (const number of numbers) lists[number]?.push(position);
  return new Map(answers.macs.map((mac, number) => [mac, lists[number] ?? []]));
}

function noteMac(answers: Answers, position: number, mac: Mac): void {
  const known = answers.numbers.get(mac);
  const first = answers.firstMac[position] ?? 0;
  if (known !== undefined && first === known + 1) return;
  const others = answers.otherMacs.get(position);
  if (known !== undefined && others?.includes(known)) return;
  const full = first !== 0 && 1 + (others?.length ?? 0) >= MAX_MACS_PER_ADDRESS;
  const number = full ? null : (known ?? newNumber(answers, mac));
  if (number === null) {
    answers.more.add(position);
    return;
  }
  answers.addressesByMac[number] = (answers.addressesByMac[number] ?? 0) + 1;
  if (first === 0) answers.firstMac[position] = number + 1;
  else if (others === undefined) answers.otherMacs.set(position, [number]);
  else others.push(number);
}

function newNumber(answers: Answers, mac: Mac): number | null {
  if (answers.macs.length >= MAX_MACS) return null;
  const number = answers.macs.push(mac) - 1;
  answers.numbers.set(mac, number);
  return number;
}
