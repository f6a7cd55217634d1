import { isJsonObject, type Json } from '../../../engine/model/json.ts';
import type { Relevance } from '../../compare/difference-relevance.ts';
import type { OnlyOne, Outcome, RunComparison, Timing } from '../../compare/run-comparison.ts';
import { durationText } from '../format/duration.ts';
import { outputWords, shortId } from '../format/output-words.ts';
import { oneLine, setText, wrapWords } from '../format/plain-text.ts';
import { type Cell, type Column, tableLines } from '../format/table.ts';
import { statusPaint, type TextStyle } from '../format/text-style.ts';

const SAME = '  the same';

/** Returns the output of `wf diff RUN OTHER`: the differences of two runs of one workflow, by section. */
export function runComparisonLines(comparison: RunComparison, style: TextStyle): readonly string[] {
  const { colors } = style;
  const { first, second, definition } = comparison;
  const section = (title: string, lines: readonly string[]) => ['', colors.bold(title), ...lines];
  const summary = ({ id, status, durationMs }: typeof first): readonly Cell[] => [
    { text: id, paint: colors.bold },
    { text: status, paint: statusPaint(style, status) },
    durationText(durationMs),
  ];
  const runs = tableLines(
    [{ title: '', shrinksTo: 10 }, { title: '' }, { title: '', align: 'right' }],
    [summary(first), summary(second)],
    style,
    '  ',
  );
  return [
    `two runs of ${colors.bold(oneLine(comparison.workflow))}`,
    ...runs.slice(1),
    ...section('definition', definition.equal ? [SAME] : differentDefinition(comparison)),
    ...section(
      'inputs',
      membersLines(
        'input',
        comparison.inputs.map((one) => ({ ...one, name: one.member })),
        comparison,
        style,
      ),
    ),
    ...section('path', onlyLines(comparison.path, comparison, style)),
    ...section('steps', onlyLines(comparison.steps, comparison, style)),
    ...section('outcomes', outcomeLines(comparison, style)),
    ...section('outputs', outputLines(comparison, style)),
    ...section('timings', timingLines(comparison, style)),
  ];
}

function differentDefinition({ first, second, definition }: RunComparison): readonly string[] {
  const hashes = `  ${first.definitionHash.slice(0, 12)} and ${second.definitionHash.slice(0, 12)}`;
  return [hashes, ...definition.differences.map((difference) => `  ${oneLine(difference)}`)];
}

type Pair = Pick<RunComparison, 'first' | 'second'>;

interface NamedDifference {
  readonly name: string;
  readonly first?: Json;
  readonly second?: Json;
}

function membersLines(
  title: string,
  differences: readonly NamedDifference[],
  { first, second }: Pair,
  style: TextStyle,
): readonly string[] {
  if (differences.length === 0) return [SAME];
  const columns: readonly Column[] = [
    // The name of the member shrinks last.
    { title, shrinksTo: 40 },
    { title: first.id, shrinksTo: 12 },
    { title: second.id, shrinksTo: 12 },
  ];
  const rows = differences.map((one) => [one.name, valueText(one.first), valueText(one.second)]);
  return tableLines(columns, rows, style, '  ');
}

function valueText(value: Json | undefined): string {
  if (value === undefined) return '(absent)';
  if (typeof value === 'string' && value !== '') return shortId(value);
  return (isJsonObject(value) ? outputWords(value) : '') || JSON.stringify(value);
}

function onlyLines({ onlyFirst, onlySecond }: OnlyOne, { first, second }: Pair, style: TextStyle): readonly string[] {
  if (onlyFirst.length === 0 && onlySecond.length === 0) return [SAME];
  const room = style.width === null ? null : style.width - 4;
  const only = (run: string, items: readonly string[]) =>
    items.length === 0
      ? []
      : [`  in ${run} only`, ...wrapWords(outermost(items).map(oneLine), room, '  ').map((line) => `    ${line}`)];
  return [...only(first.id, onlyFirst), ...only(second.id, onlySecond)];
}

/** Removes the states inside another one of the list. */
function outermost(states: readonly string[]): readonly string[] {
  return states.filter((state) => !states.some((other) => state.startsWith(`${other}.`)));
}

function outcomeLines({ outcomes, first, second }: RunComparison, style: TextStyle): readonly string[] {
  if (outcomes.length === 0) return [SAME];
  const columns: readonly Column[] = [
    { title: 'of', shrinksTo: 14 },
    { title: first.id, shrinksTo: 20 },
    { title: second.id, shrinksTo: 20 },
  ];
  const rows = outcomes.map(({ step, ...sides }) => [
    step ?? 'the run',
    outcomeText(sides.first),
    outcomeText(sides.second),
  ]);
  return tableLines(columns, rows, style, '  ');
}

function outcomeText({ status, attempts, error }: Outcome): string {
  const tries = attempts !== null && attempts > 1 ? `, ${attempts} attempts` : '';
  return `${status}${tries}${error === null ? '' : `: ${error.code}: ${error.message}`}`;
}

function outputLines(comparison: RunComparison, style: TextStyle): readonly string[] {
  const { outputs } = comparison;
  const named = outputs
    .filter(({ relevance }) => relevance === 'significant')
    .map((one) => ({ ...one, name: [one.step ?? 'the run', one.member].filter((part) => part !== '').join('.') }));
  const room = style.width === null ? null : style.width - 2;
  const rest = (relevance: Relevance, why: string) => {
    const { length } = outputs.filter((one) => one.relevance === relevance);
    if (length === 0) return [];
    const words = `${named.length === 0 ? 'but for' : 'and'} ${length} that ${why}`;
    return setText(words, room, 2).map((line) => `  ${style.colors.dim(line)}`);
  };
  return [
    ...membersLines('output', foldLists(named), comparison, style),
    ...rest('derived', 'follow from these'),
    ...rest('incidental', 'differ in any two runs: ids, hardware addresses, numbers, times'),
  ];
}

function grouped<Item>(items: readonly Item[], keyOf: (item: Item) => string): ReadonlyMap<string, readonly Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}

/** Number of list items that are printed if only one run has them; more are counted. */
const MOST_ITEMS = 3;

function foldLists(differences: readonly NamedDifference[]): readonly NamedDifference[] {
  const listOf = ({ name, first, second }: NamedDifference) =>
    first !== undefined && second !== undefined ? name : `${name.replace(/\.[^.]*$/, '')} ${first === undefined}`;
  const lists = grouped(differences, listOf);
  return [...lists.values()].flatMap((items) => {
    const [one] = items;
    if (one === undefined || items.length <= MOST_ITEMS) return items;
    const count = `${items.length} items`;
    const name = one.name.replace(/\.[^.]*$/, '');
    return [one.first === undefined ? { name, second: count } : { name, first: count }];
  });
}

function timingLines({ timings, steps, first, second }: RunComparison, style: TextStyle): readonly string[] {
  const { colors } = style;
  const isShared = (step: string) => !steps.onlyFirst.includes(step) && !steps.onlySecond.includes(step);
  const columns: readonly Column[] = [
    { title: 'stage and step', shrinksTo: 20 },
    { title: first.id, align: 'right', shrinksTo: 8 },
    { title: second.id, align: 'right', shrinksTo: 8 },
    { title: 'ratio', align: 'right' },
  ];
  const cells = ({ first: one, second: other, ratio }: Timing): readonly Cell[] => [
    durationText(one),
    durationText(other),
    ratio === null ? '-' : `x ${ratio.toFixed(2)}`,
  ];
  const rows: readonly (readonly Cell[])[] = [
    [{ text: 'the run', paint: colors.bold }, ...cells(timings.run)],
    ...timings.stages.flatMap(({ stage, ...of }) => [
      [{ text: stage, paint: colors.bold }, ...cells(of)],
      // Steps of only one run are listed above.
      ...timings.steps
        .filter((step) => step.stage === stage && isShared(step.step))
        .map((step): readonly Cell[] => [
          { text: `  ${oneLine(step.step)}`, paint: String, spaces: 'kept' },
          ...cells(step),
        ]),
    ]),
  ];
  return tableLines(columns, rows, style, '  ');
}
