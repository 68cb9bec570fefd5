/**
 * Random and mutated byte arrays from a seed, always the same ones: what a hostile or broken neighbour may send. A loop of its own,
 * because hundreds of thousands of cases through a property framework take minutes.
 */

/** 0 .. bound-1 */
export type Random = (bound: number) => number;

/** mulberry32: small, fast, good enough to wander. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return (bound) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 0x100000000) * bound);
  };
}

/** Values at which lengths and counts go wrong. */
const TELLING = [0, 1, 2, 3, 4, 5, 6, 7, 8, 0x0f, 0x10, 0x34, 0x35, 0x3f, 0x40, 0x44, 0x4f, 0x7f, 0x80, 0x81, 0xa8, 0xfe, 0xff];

export function randomBytes(random: Random, maxLength: number): Uint8Array {
  const bytes = new Uint8Array(random(maxLength + 1));
  for (let i = 0; i < bytes.length; i++) bytes[i] = random(256);
  return bytes;
}

/** One to four changes to a copy of `bytes`. */
export function mutated(random: Random, bytes: Uint8Array): Uint8Array {
  let copy: Uint8Array = bytes.slice();
  for (let changes = 1 + random(4); changes > 0; changes--) copy = mutatedOnce(random, copy);
  return copy;
}

function mutatedOnce(random: Random, bytes: Uint8Array): Uint8Array {
  if (bytes.length === 0) return randomBytes(random, 8);
  const at = random(bytes.length);
  switch (random(7)) {
    case 0: // one bit
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8));
      return bytes;
    case 1: // one byte, to a value that lengths trip over
      bytes[at] = TELLING[random(TELLING.length)] ?? 0;
      return bytes;
    case 2: {
      // a length of two bytes, at or near what the array has; behind the last byte it falls away
      const length = Math.max(0, bytes.length + random(5) - 2);
      bytes[at] = length >>> 8;
      bytes[at + 1] = length;
      return bytes;
    }
    case 3: // cut
      return bytes.slice(0, at);
    case 4: {
      // more bytes inside
      const more = randomBytes(random, 12);
      const longer = new Uint8Array(bytes.length + more.length);
      longer.set(bytes.subarray(0, at));
      longer.set(more, at);
      longer.set(bytes.subarray(at), at + more.length);
      return longer;
    }
    case 5: // fewer bytes inside
      return Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(at + 1 + random(12))]);
    default: // a piece of it somewhere else
      bytes.copyWithin(at, random(bytes.length), random(bytes.length));
      return bytes;
  }
}
