/** The text format 0.0.4 of Prometheus, parsed by its specification: https://prometheus.io/docs/instrumenting/exposition_formats/ */

export interface ParsedMetric {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

interface Family {
  readonly name: string;
  readonly help: string;
  type?: string;
  readonly samples: Sample[];
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  counter: [''],
  gauge: [''],
  histogram: ['_bucket', '_sum', '_count'],
};

/** Parses a text, and throws if it breaks a rule of the format, of histograms or of names. */
export function parsePrometheus(text: string): ReadonlyMap<string, ParsedMetric> {
  if (!text.endsWith('\n')) throw new Error('the last line does not end');
  if (/\r|(?!\n)\p{Cc}|\p{Surrogate}/u.test(text)) throw new Error('there is a control character');
  const families = new Map<string, Family>();
  let family: Family | undefined;
  for (const line of text.slice(0, -1).split('\n')) {
    if (line === '') continue;
    if (line.startsWith('# HELP ')) {
      const [, name = '', help = ''] = matched(/^# HELP (\S+) (.+)$/, line);
      if (families.has(name)) throw new Error(`${name} comes twice`);
      family = { name, help: unescaped(help, /\\[\\n]/g), samples: [] };
      families.set(name, family);
    } else if (line.startsWith('# TYPE ')) {
      const [, name, type = ''] = matched(/^# TYPE (\S+) (counter|gauge|histogram)$/, line);
      if (family === undefined || family.name !== name) throw new Error(`not beside its help: ${line}`);
      if (family.type !== undefined || family.samples.length > 0) throw new Error(`not before its samples: ${line}`);
      family.type = type;
    } else if (line.startsWith('#')) {
      throw new Error(`a comment: ${line}`);
    } else {
      const sample = parseSample(line);
      const { name, type = '' } = family ?? {};
      if (family === undefined || !SUFFIXES[type]?.some((suffix) => sample.name === `${name}${suffix}`)) {
        throw new Error(`not of the metric above: ${line}`);
      }
      family.samples.push(sample);
    }
  }
  return new Map([...families.values()].map((found) => [found.name, checked(found)]));
}

function matched(pattern: RegExp, line: string): RegExpExecArray {
  const found = pattern.exec(line);
  if (found === null) throw new Error(`not in the format: ${line}`);
  return found;
}

function unescaped(text: string, escapes: RegExp): string {
  if (text.replace(escapes, '').includes('\\')) throw new Error(`an unknown escape: ${text}`);
  return text.replace(escapes, (found) => (found === '\\n' ? '\n' : found.slice(1)));
}

function parseSample(line: string): Sample {
  const [, name = '', , inBraces, number = ''] = matched(
    /^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\]|\\.)*"(?:,(?=[a-zA-Z_])|(?=\})))*)\})? (\S+)$/,
    line,
  );
  const labels: Record<string, string> = {};
  for (const [, label = '', value = ''] of (inBraces ?? '').matchAll(/([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"/g)) {
    if (label in labels || label.startsWith('__')) throw new Error(`${label} is reserved or comes twice: ${line}`);
    labels[label] = unescaped(value, /\\[\\n"]/g);
  }
  return { name, labels, value: parseNumber(number) };
}

function parseNumber(text: string): number {
  if (text === '+Inf') return Number.POSITIVE_INFINITY;
  if (!/^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/.test(text)) throw new Error(`not a number: ${text}`);
  return Number(text);
}

/** Checks the rules that need all samples of a metric. */
function checked({ name, type, help, samples }: Family): ParsedMetric {
  if (type === undefined || !NAME.test(name)) throw new Error(`${name} has no type, or is no name`);
  if ((type === 'counter') !== name.endsWith('_total')) throw new Error(`${name} is a ${type}`);
  const series = samples.map((sample) => `${sample.name} ${keyOf(sample.labels)}`);
  if (new Set(series).size < series.length) throw new Error(`a series of ${name} comes twice`);
  if (type !== 'gauge' && samples.some(({ value }) => value < 0)) throw new Error(`${name} is below 0`);
  if (type === 'histogram') checkHistogram(name, samples);
  return { name, type, help, samples };
}

function checkHistogram(name: string, samples: readonly Sample[]): void {
  const groups = new Set(samples.map(({ labels: { le, ...others } }) => keyOf(others)));
  for (const group of groups) {
    const own = samples.filter(({ labels: { le, ...others } }) => keyOf(others) === group);
    const buckets = own.filter((sample) => sample.name === `${name}_bucket`);
    const bounds = buckets.map(({ labels }) => parseNumber(labels['le'] ?? ''));
    const counts = buckets.map(({ value }) => value);
    const rise = (all: readonly number[]) => all.every((value, index) => index === 0 || value >= (all[index - 1] ?? 0));
    if (!rise(bounds) || new Set(bounds).size < bounds.length || !rise(counts)) throw new Error(`${name}: no rise`);
    const count = own.find((sample) => sample.name === `${name}_count`)?.value;
    if (bounds.at(-1) !== Number.POSITIVE_INFINITY || counts.at(-1) !== count) throw new Error(`${name}: +Inf`);
    if (own.length !== buckets.length + 2) throw new Error(`${name} has no sum`);
  }
}

function keyOf(labels: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(labels).toSorted());
}

/** Returns the value of one series; undefined if there is none. */
export function valueIn(
  metrics: ReadonlyMap<string, ParsedMetric>,
  series: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const all = [...metrics.values()].flatMap(({ samples }) => samples);
  return all.find(({ name, labels: own }) => name === series && keyOf(own) === keyOf(labels))?.value;
}

/** Returns the values of a counter or gauge by its labels, e.g. `test.file failed`. */
export function valuesOf(metrics: ReadonlyMap<string, ParsedMetric>, name: string): Readonly<Record<string, number>> {
  const samples = metrics.get(name)?.samples ?? [];
  return Object.fromEntries(samples.map(({ labels, value }) => [Object.values(labels).join(' '), value]));
}
