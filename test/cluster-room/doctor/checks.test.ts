/** All checks together: names, order, and what holds for each of them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { CHECKS, countByStatus, examine, sourcesOf } from '../../../src/cluster/doctor/checks.ts';
import { makeCheck } from '../../../src/cluster/doctor/judge.ts';
import { GROUPS } from '../../../src/cluster/doctor/types.ts';
import { contextOf, service } from './scene.ts';

const names = CHECKS.map(({ name }) => name);

it('has names that are stable, and each once', () => {
  expect(names.filter((name) => !/^[a-z][a-z0-9]*(-[a-z0-9]+)+$/.test(name))).toEqual([]);
  expect(new Set(names).size).toBe(names.length);
  expect(names.length).toBeGreaterThanOrEqual(40);
});

it('shows groups in one piece, in order', () => {
  const groups = CHECKS.map(({ group }) => group).filter((group, index, all) => group !== all[index - 1]);
  expect(groups).toEqual(GROUPS);
});

it('finds nothing wrong where all is well', () => {
  const examined = examine(CHECKS, contextOf({}));
  const others = examined.filter(({ result }) => result.status !== 'ok').map(({ result }) => `${result.name}: ${result.seen}`);
  expect(others).toEqual([expect.stringMatching(/^memberlist-port: /)]);
  expect(countByStatus(examined)).toEqual({ ok: CHECKS.length - 1, warning: 0, failed: 0, skipped: 1 });
});

it('calls nothing ok that was not looked at', () => {
  const context = contextOf({ without: ['machine', 'daemon', 'cluster', 'wire'] });
  const statuses = new Map(examine(CHECKS, context).map(({ result }) => [result.name, result.status]));
  expect(statuses.get('cluster-reachable')).toBe('failed');
  statuses.delete('cluster-reachable');
  expect(new Set(statuses.values())).toEqual(new Set(['skipped']));
});

it('knows what each check looks at', () => {
  const find = (name: string) => CHECKS.filter((check) => check.name === name);
  expect(sourcesOf(find('strict-arp'))).toEqual(new Set(['cluster']));
  expect(sourcesOf(find('dhcp-seen'))).toEqual(new Set(['daemon']));
  expect(sourcesOf(find('several-answerers'))).toEqual(new Set(['cluster', 'wire', 'daemon']));
});

it('survives a check that breaks, and does not call it ok', () => {
  const definition = { name: 'a-b', title: 't', group: 'Pools', why: 'because' } as const;
  const broken = makeCheck(definition, [], () => {
    throw new TypeError('x is not a function');
  });
  expect(broken.run(contextOf({}))).toMatchObject({ status: 'skipped', seen: 'The check itself broke: x is not a function.' });
});

it('keeps what it says short, however much there is', () => {
  const services = Array.from({ length: 5000 }, (_, index) => service(`s-${index}-${'x'.repeat(200)}`, null));
  const [examined] = examine(
    CHECKS.filter(({ name }) => name === 'pending-services'),
    contextOf({ facts: { services } }),
  );
  expect(examined?.result.seen).toMatch(/^5000 Services have none: .* and 4997 more\.$/);
  expect(examined?.result.seen.length).toBeLessThan(1500);
});

it('is described in docs/doctor.md, check by check, with its title', () => {
  const text = readFileSync(join(import.meta.dirname, '../../../docs/doctor.md'), 'utf8');
  const described = [...text.matchAll(/^### `([a-z0-9-]+)`\n\n\*\*(.+)\.\*\*/gm)].map(([, name, title]) => [name, title]);
  expect(described).toEqual(CHECKS.map(({ name, title }) => [name, title]));
});
