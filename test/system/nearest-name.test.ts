import { describe, expect, it } from 'vitest';
import { nearestName } from '../../src/system/nearest-name.ts';

const KNOWN = ['interface', 'cidr', 'rate', 'quietFor', 'minSweeps'];

describe('nearestName', () => {
  it.each([
    ['intreface', 'interface'],
    ['quiet_for', 'quietFor'],
    ['quietfor', 'quietFor'],
    ['min-sweep', 'minSweeps'],
    ['cdir', 'cidr'],
    ['rates', 'rate'],
  ])('%s: did you mean %s', (written, known) => {
    expect(nearestName(written, KNOWN)).toBe(known);
  });

  it.each(['', 'x', 'gate2go', 'metallb', 'rx', 'i'.repeat(10_000)])('has no guess for "%s"', (written) => {
    expect(nearestName(written, KNOWN)).toBeUndefined();
  });
});
