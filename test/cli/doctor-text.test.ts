import { describe, expect, it } from 'vitest';
import type { DoctorDocument } from '../../src/cli/doctor/document.ts';
import { nameservers } from '../../src/cli/doctor/machine.ts';
import { doctorText, wrap } from '../../src/cli/doctor/text.ts';
import { formatIpv4 } from '../../src/core/address/ipv4.ts';
import { NO_COLORS } from './catcher.ts';

const check = (
  name: string,
  status: DoctorDocument['checks'][number]['status'],
  more = {},
): DoctorDocument['checks'][number] => ({
  name,
  status,
  title: `The title of ${name}`,
  group: 'Pools',
  seen: `What was seen of ${name}.`,
  why: `Why ${name} matters.`,
  fix: status === 'ok' ? '' : `The fix of ${name}.`,
  ...more,
});

const document = (...checks: DoctorDocument['checks']): DoctorDocument => ({
  generatedAt: '2026-05-05T10:00:00.000Z',
  cluster: { server: 'https://192.0.2.10:6443', context: 'lab', version: 'v1.34.1', namespace: 'metallb-system' },
  daemon: null,
  interfaces: ['lan0'],
  counts: {
    ok: checks.filter(({ status }) => status === 'ok').length,
    warning: checks.filter(({ status }) => status === 'warning').length,
    failed: checks.filter(({ status }) => status === 'failed').length,
    skipped: checks.filter(({ status }) => status === 'skipped').length,
  },
  checks,
  notes: ['A note for everybody.'],
});

const REASON = { seen: 'No daemon answers.', fix: 'Start it.' };

describe('the text of doctor', () => {
  it('has a line for each check, then what was skipped, warnings, and failures last', () => {
    const all = document(
      check('bad-pool', 'failed'),
      check('good-pool', 'ok'),
      check('odd-pool', 'warning', { group: 'Services' }),
      check('far-pool', 'skipped', REASON),
      check('dim-pool', 'skipped', REASON),
    );
    expect(doctorText(all, NO_COLORS, 80)).toBe(`cluster: Kubernetes v1.34.1 at https://192.0.2.10:6443, MetalLB in
  metallb-system
daemon: not read
wire: lan0

Pools
  FAILED   bad-pool   What was seen of bad-pool.
  ok       good-pool  What was seen of good-pool.
  skipped  far-pool   No daemon answers.
  skipped  dim-pool   No daemon answers.

Services
  warning  odd-pool   What was seen of odd-pool.

Not looked at
  far-pool, dim-pool
    seen   No daemon answers.
    needs  Start it.

A note for everybody.

warning  odd-pool
    want   The title of odd-pool
    seen   What was seen of odd-pool.
    why    Why odd-pool matters.
    fix    The fix of odd-pool.

FAILED  bad-pool
    want   The title of bad-pool
    seen   What was seen of bad-pool.
    why    Why bad-pool matters.
    fix    The fix of bad-pool.

5 checks: 1 FAILED, 1 warning, 1 ok, 2 not looked at.`);
  });

  it('never calls what was skipped ok', () => {
    const text = doctorText(document(check('far-pool', 'skipped')), NO_COLORS, 80);
    expect(text).toMatch(/1 check: none failed, 0 ok, 1 not looked at\.$/);
    expect(text).not.toMatch(/^ {2}ok/m);
  });

  it.each([[undefined], [80], [60], [20], [300]])('keeps to the width of the terminal (%s columns)', (columns) => {
    const long = { seen: 'word '.repeat(100), why: 'word '.repeat(100), fix: 'word '.repeat(100) };
    const text = doctorText(document(check('long-one', 'failed', long), check('long-ok', 'ok', long)), NO_COLORS, columns);
    const widest = Math.min(Math.max(columns ?? 80, 60), 110);
    expect(text.split('\n').filter((line) => line.length > widest)).toEqual([]);
  });
});

describe('wrap', () => {
  it.each([
    ['a b c', 3, '', ['a b', 'c']],
    ['a b c', 3, '  ', ['a b', '  c']],
    ['', 10, '', []],
    ['much-too-long-a-word', 5, '', ['much-too-long-a-word']],
    ['a much-too-long-a-word b', 5, ' ', ['a', ' much-too-long-a-word', ' b']],
    ['two  spaces\nand a line', 20, '', ['two spaces and a', 'line']],
  ])('%j in %i', (text, width, indent, lines) => expect(wrap(text, width, indent)).toEqual(lines));
});

it('reads the DNS servers that are hosts of a network', () => {
  const text =
    '# made by hand\nnameserver 192.0.2.53\nnameserver 127.0.0.53\n nameserver 198.51.100.53 # far\nnameserver 2001:db8::53\nsearch example.org\n';
  expect(nameservers(text).map(formatIpv4)).toEqual(['192.0.2.53', '198.51.100.53']);
});
