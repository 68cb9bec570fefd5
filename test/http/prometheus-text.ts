/**
 * A strict reader of Prometheus' text format 0.0.4: refuses what a scrape must not hold, and what is right by the letter but means
 * nothing (a histogram that shrinks, a series told twice).
 */

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram' | 'summary';
  readonly samples: readonly Sample[];
}

const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (NaN|[+-]Inf|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/;
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\["\\n])*)"(?:,(?=.)|$)/;
const ESCAPES: Readonly<Record<string, string>> = { '\\n': '\n', '\\"': '"', '\\\\': '\\' };

/** @throws Error that names the line */
export function parsePrometheusText(text: string): ReadonlyMap<string, Family> {
  if (!text.endsWith('\n')) throw new Error('the last line is not ended');
  const families = new Map<string, Family>();
  const series = new Set<string>();
  let help: { readonly name: string; readonly text: string } | null = null;
  let family: (Family & { samples: Sample[] }) | null = null;
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const [, told, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    if (told === 'HELP') {
      help = { name, text: rest };
    } else if (told === 'TYPE') {
      if (help?.name !== name) throw new Error(`no HELP right before: ${line}`);
      if (families.has(name)) throw new Error(`told twice: ${line}`);
      family = { name, help: help.text, type: typeOf(rest), samples: [] };
      families.set(name, family);
    } else {
      const sample = parseSample(line);
      if (family === null || !belongs(sample.name, family)) throw new Error(`does not belong here: ${line}`);
      const key = JSON.stringify([sample.name, Object.entries(sample.labels).sort()]);
      if (series.has(key)) throw new Error(`a series told twice: ${line}`);
      series.add(key);
      family.samples.push(sample);
    }
  }
  for (const each of families.values()) check(each);
  return families;
}

function typeOf(text: string): Family['type'] {
  if (text === 'counter' || text === 'gauge' || text === 'histogram' || text === 'summary') return text;
  throw new Error(`no type: ${text}`);
}

function parseSample(line: string): Sample {
  const [, name, labelText = '', value] = SAMPLE.exec(line) ?? [];
  if (name === undefined || value === undefined) throw new Error(`no sample: ${line}`);
  const labels: Record<string, string> = {};
  for (let rest = labelText; rest !== ''; ) {
    const [whole, label, quoted] = LABEL.exec(rest) ?? [];
    if (whole === undefined || label === undefined || quoted === undefined) throw new Error(`no label at ${rest}: ${line}`);
    if (label in labels) throw new Error(`the label ${label} is there twice: ${line}`);
    labels[label] = quoted.replaceAll(/\\./g, (escaped) => ESCAPES[escaped] ?? escaped);
    rest = rest.slice(whole.length);
  }
  return { name, labels, value: Number(value.replace('Inf', 'Infinity')) };
}

const belongs = (name: string, { name: family, type }: Family): boolean =>
  type === 'histogram' || type === 'summary'
    ? [`${family}_sum`, `${family}_count`, type === 'histogram' ? `${family}_bucket` : family].includes(name)
    : name === family;

function check({ name, type, samples }: Family): void {
  if (type === 'counter') {
    if (!name.endsWith('_total')) throw new Error(`a counter without _total: ${name}`);
    if (samples.some(({ value }) => !(value >= 0))) throw new Error(`a counter below 0: ${name}`);
  }
  if (type === 'histogram') checkHistogram(name, samples);
}

function checkHistogram(name: string, samples: readonly Sample[]): void {
  const groups = new Map<string, Sample[]>();
  for (const sample of samples) {
    const { le: _, ...labels } = sample.labels;
    const key = JSON.stringify(labels);
    groups.set(key, [...(groups.get(key) ?? []), sample]);
  }
  for (const [key, group] of groups) {
    const buckets = group
      .filter((sample) => sample.name === `${name}_bucket`)
      .map(({ labels, value }) => ({ le: Number(labels['le']?.replace('Inf', 'Infinity')), value }));
    const count = group.find((sample) => sample.name === `${name}_count`)?.value;
    const ordered = buckets.every(({ le, value }, index) => {
      const before = buckets[index - 1];
      return before === undefined || (le > before.le && value >= before.value);
    });
    const last = buckets.at(-1);
    if (!ordered || last?.le !== Number.POSITIVE_INFINITY || last.value !== count)
      throw new Error(`not a histogram: ${name} ${key}`);
    if (!group.some((sample) => sample.name === `${name}_sum`)) throw new Error(`a histogram without a sum: ${name} ${key}`);
  }
}

/** The value of the one series with exactly these labels; undefined where there is none. */
export const seriesValue = (
  families: ReadonlyMap<string, Family>,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined =>
  [...families.values()]
    .flatMap(({ samples }) => samples)
    .find(
      (sample) =>
        sample.name === name &&
        Object.keys(sample.labels).length === Object.keys(labels).length &&
        Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
    )?.value;
