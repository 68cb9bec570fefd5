/** What docs/ gives to Prometheus and Grafana, held against a real scrape. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { CONFLICT_KINDS, severityOf } from '../../src/core/conflict/types.ts';
import { metricsOf, sources, tellEverything } from '../http/metrics-fixtures.ts';
import type { Family } from '../http/prometheus-text.ts';
import { anchorsOf, read } from './pages.ts';
import { readPromql, TARGET_LABELS } from './promql.ts';

/** Grafana fills it in when the dashboard is shown. */
const DATA_SOURCE = `\${DS_PROMETHEUS}`;

let families: ReadonlyMap<string, Family>;
/** Label names by the name that is asked for: a histogram has three. */
const known = new Map<string, ReadonlySet<string>>([['up', new Set()]]);
beforeAll(async () => {
  const { metrics, scrape } = metricsOf(sources(), afterAll);
  tellEverything(metrics);
  families = await scrape();
  for (const { samples } of families.values()) {
    for (const { name, labels } of samples) known.set(name, new Set([...(known.get(name) ?? []), ...Object.keys(labels)]));
  }
});

/** Every metric is there, with every label that is asked of it. @returns the labels that its result may have */
function checkExpression(expression: string): ReadonlySet<string> {
  const { references, grouping, resultLabels } = readPromql(expression);
  expect(references.length, expression).toBeGreaterThan(0);
  const all = new Set(TARGET_LABELS);
  for (const { metric, labels } of references) {
    const has = known.get(metric);
    expect(has, `${metric} in ${expression}`).toBeDefined();
    for (const label of has ?? []) all.add(label);
    for (const label of labels) expect([...(has ?? []), ...TARGET_LABELS], `${metric} in ${expression}`).toContain(label);
  }
  for (const label of grouping) expect([...all], expression).toContain(label);
  return resultLabels === null ? all : new Set(resultLabels);
}

describe('docs/prometheus-rules.yaml', () => {
  interface Rule {
    readonly alert: string;
    readonly expr: string;
    readonly for: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  }
  const { groups } = parse(read('prometheus-rules.yaml')) as {
    readonly groups: readonly { readonly name: string; readonly rules: readonly Rule[] }[];
  };
  const rules = groups.flatMap((group) => group.rules);

  it('has rules, each of another name', () => {
    expect(rules.length).toBeGreaterThanOrEqual(12);
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
    expect(new Set(groups.map(({ name }) => name)).size).toBe(groups.length);
  });

  it.each(rules.map((rule) => [rule.alert, rule] as const))('%s is whole, and asks for what a scrape has', (_, rule) => {
    expect(Object.keys(rule).sort()).toEqual(['alert', 'annotations', 'expr', 'for', 'labels']);
    expect(rule.for).toMatch(/^\d+m$/);
    expect(rule.labels['severity']).toMatch(/^(critical|warning|notice)$/);
    expect(Object.keys(rule.annotations).sort()).toEqual(['description', 'runbook', 'summary']);
    const labels = checkExpression(rule.expr);
    for (const text of Object.values(rule.annotations)) {
      for (const [, label = ''] of text.matchAll(/\$labels\.(\w+)/g)) expect([...labels], rule.alert).toContain(label);
      expect(text.replaceAll(/\{\{ \$(value|labels\.\w+)( \| humanize(Duration|Percentage)?)? \}\}/g, '')).not.toMatch(/[{}]/);
    }
    const [, page = '', anchor = ''] = /^docs\/([\w-]+\.md)#([\w-]+)$/.exec(rule.annotations['runbook'] ?? '') ?? [];
    expect(anchorsOf(read(page))).toContain(anchor);
  });

  it('covers every severity of conflicts', () => {
    const asked = rules.flatMap(({ expr }) => /freehold_conflicts_unacknowledged\{severity="(\w+)"\}/.exec(expr)?.[1] ?? []);
    expect(asked.sort()).toEqual([...new Set(CONFLICT_KINDS.map(severityOf))].sort());
  });
});

describe('docs/grafana-dashboard.json', () => {
  interface Place {
    readonly x: number;
    readonly y: number;
    readonly w: number;
    readonly h: number;
  }
  interface Panel {
    readonly id: number;
    readonly type: string;
    readonly title: string;
    readonly description?: string;
    readonly gridPos: Place;
    readonly datasource?: { readonly uid: string };
    readonly targets?: readonly {
      readonly refId: string;
      readonly expr: string;
      readonly legendFormat: string;
      readonly datasource: { readonly uid: string };
    }[];
  }
  interface Variable {
    readonly name: string;
    readonly type: string;
    readonly query: string | { readonly query: string };
  }
  const dashboard = JSON.parse(read('grafana-dashboard.json')) as {
    readonly title: string;
    readonly uid: string;
    readonly schemaVersion: number;
    readonly templating: { readonly list: readonly Variable[] };
    readonly panels: readonly Panel[];
  };
  const panels = dashboard.panels.filter(({ type }) => type !== 'row');
  const targets = panels.flatMap((panel) => (panel.targets ?? []).map((target) => [panel.title, target] as const));
  const variables = dashboard.templating.list.map(({ name }) => name);

  it('can be imported', () => {
    expect(dashboard).toMatchObject({ title: 'Freehold', uid: 'freehold' });
    expect(dashboard.schemaVersion).toBeGreaterThanOrEqual(36);
    expect(dashboard).not.toHaveProperty('id');
    expect(dashboard.templating.list.find(({ name }) => name === 'DS_PROMETHEUS')).toMatchObject({
      type: 'datasource',
      query: 'prometheus',
    });
    for (const { query, type } of dashboard.templating.list) {
      if (type === 'query' && typeof query === 'object') checkExpression(withoutLabelValues(query.query));
    }
  });

  // label_values(METRIC, LABEL) is Grafana's, not PromQL's: the label is checked as one that the selector asks for.
  const withoutLabelValues = (query: string): string => {
    const [, metric = '', selectors = '', label = ''] = /^label_values\((\w+)(?:\{(.*)\})?, (\w+)\)$/.exec(query) ?? [];
    return `${metric}{${[selectors, `${label}=""`].filter(Boolean).join(', ')}}`;
  };

  it('has panels, each with an id of its own, that lie side by side', () => {
    expect(panels.length).toBeGreaterThanOrEqual(12);
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
    const taken = new Map<string, string>();
    for (const { title, gridPos } of dashboard.panels) {
      const { x, y, w, h } = gridPos;
      expect(x >= 0 && x + w <= 24 && w > 0 && h > 0, title).toBe(true);
      for (let row = y; row < y + h; row++) {
        for (let column = x; column < x + w; column++) {
          expect(taken.get(`${column}/${row}`), `${title} lies on another panel`).toBeUndefined();
          taken.set(`${column}/${row}`, title);
        }
      }
    }
  });

  it('says of each panel what it shows, and takes its data from the variable', () => {
    for (const { title, description, datasource, targets: own = [] } of panels) {
      expect(description, title).toMatch(/\S{3}.*[.]$/);
      expect(datasource?.uid, title).toBe(DATA_SOURCE);
      expect(own.map(({ refId }) => refId)).toEqual([...new Set(own.map(({ refId }) => refId))]);
      expect(own.length, title).toBeGreaterThan(0);
      for (const target of own) expect(target.datasource.uid, title).toBe(DATA_SOURCE);
    }
  });

  it.each(targets.map(([title, target]) => [`${title} ${target.refId}`, target] as const))(
    '%s asks for what a scrape has',
    (_, { expr, legendFormat }) => {
      const labels = checkExpression(expr);
      for (const [, label = ''] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) expect([...labels], expr).toContain(label);
      for (const [, variable = ''] of expr.matchAll(/\$(\w+)/g)) {
        if (variable !== '__rate_interval') expect(variables, expr).toContain(variable);
      }
    },
  );

  it('shows every metric of Freehold that there is, but what only serves other metrics', () => {
    const shown = targets.flatMap(([, { expr }]) => readPromql(expr).references.map(({ metric }) => metric));
    const names = [...families.keys()].filter((name) => name.startsWith('freehold_'));
    const missing = names.filter((name) => !shown.some((metric) => metric.replace(/_bucket$/, '') === name));
    expect(missing.sort()).toEqual([
      'freehold_alert_channel_failing',
      'freehold_conflicts_unacknowledged',
      'freehold_last_sweep_duration_seconds',
      'freehold_metrics_source_errors_total',
      'freehold_sweep_interval_seconds',
    ]);
  });
});

describe('the reader of expressions', () => {
  it.each([
    ['sum(rate(a_total[5m]) > 0', 'brackets'],
    ['rat(a_total[5m])', 'function'],
    ['a_total{b~"1"}', 'selector'],
    ['a_total % 2', 'understood'],
  ])('refuses %s', (expression, why) => {
    expect(() => readPromql(expression)).toThrow(why);
  });

  it('finds metrics, labels and grouping', () => {
    expect(readPromql('sum by (x, le) (rate(a_bucket{b="1", c!~"$d"}[5m])) / on (x) group_left (y) e_info or vector(0)')).toEqual(
      {
        references: [
          { metric: 'a_bucket', labels: ['b', 'c'] },
          { metric: 'e_info', labels: [] },
        ],
        grouping: ['x', 'le', 'x', 'y'],
        resultLabels: ['x', 'le'],
      },
    );
  });
});
