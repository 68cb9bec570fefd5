/** The flood that floods are made of: as many frames as asked for, and every hidden one among them. */
import { describe, expect, it } from 'vitest';
import { floodFrames } from './flood.ts';

describe('floodFrames', () => {
  it.each([
    [1000, 9],
    [1000, 7],
    [200_000, 100],
    [5, 10],
    [300, 0],
  ])('of %i frames with %i hidden: all of the frames, then an end', (frames, count) => {
    const hidden = Array.from({ length: count }, (_, n) => n.toString(16).padStart(4, '0'));
    let sent = 0;
    const shown: string[] = [];
    for (const { bytes, length, hidden: isHidden } of floodFrames({
      frames,
      seed: 1,
      firstAddress: 0,
      addresses: 256,
      hidden,
    })) {
      if (isHidden) shown.push(Buffer.from(bytes).toString('hex'));
      else sent += bytes.length / length;
    }
    expect(sent).toBe(frames);
    expect(shown).toEqual(hidden.slice(0, Math.min(count, frames)));
  });
});
