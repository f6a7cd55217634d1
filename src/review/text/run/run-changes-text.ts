import type { ChangedRecord, RunChanges } from '../../changes/run-changes.ts';
import type { RunMaterial } from '../../record/run-material.ts';
import { durationText } from '../format/duration.ts';
import { shortId } from '../format/output-words.ts';
import { counted, oneLine, wrapWords } from '../format/plain-text.ts';
import { type Cell, type Column, tableLines } from '../format/table.ts';
import { statusPaint, type TextStyle } from '../format/text-style.ts';
import { ledgerWords, remainingLines } from './ledger-text.ts';
import { differenceLines, hostWords } from './verification-text.ts';

const SIGNS = { made: '+', altered: '~' } as const;

/** Returns the milliseconds from the start of the run to a moment (ISO 8601), without idle time. */
export type OffsetOf = (moment: string) => number;

/** Returns the output of `wf diff RUN`: the changes of the run, by sort, and the compared fingerprints. */
export function runChangesLines(
  changes: RunChanges,
  material: Pick<RunMaterial, 'run' | 'changes'>,
  offsetOf: OffsetOf,
  style: TextStyle,
): readonly string[] {
  const { colors } = style;
  const title = `${colors.bold(changes.run)}  ${oneLine(changes.workflow)}  ${statusPaint(style, changes.status)(changes.status)}`;
  const { importedFrom } = material.run;
  const imported = importedFrom === null ? '' : `  ${colors.dim(`imported from ${oneLine(importedFrom)}`)}`;
  const sections: (readonly string[])[] = [
    [title + imported, ...changedLines(changes, offsetOf, style)],
    [colors.bold(ledgerWords(material.changes))],
    remainingLines(material, style),
    comparedLines(changes, offsetOf, style),
    [
      `${colors.bold('host')}: ${hostWords(changes.verification, material.changes)}`,
      ...differenceLines(changes.verification, style, '  '),
    ],
  ];
  return sections.filter((lines) => lines.length > 0).flatMap((lines, index) => (index === 0 ? lines : ['', ...lines]));
}

/** Widths from which there is room for the times of a change, and for its step. */
const ROOM_FOR_TIMES = 100;
const ROOM_FOR_STEPS = 120;

function columnsFor({ width }: TextStyle): readonly Column[] {
  const room = width ?? Number.POSITIVE_INFINITY;
  return [
    // The changed object shrinks last.
    { title: 'changed on the host', shrinksTo: 40 },
    { title: 'identity', shrinksTo: 12 },
    { title: 'status' },
    ...(room < ROOM_FOR_TIMES ? [] : [{ title: 'in place', align: 'right' as const }]),
    ...(room < ROOM_FOR_STEPS ? [] : [{ title: 'step', shrinksTo: 8 }]),
  ];
}

/** Returns one table, with a line for each sort before its first row. */
function changedLines({ changed, fullest }: RunChanges, offsetOf: OffsetOf, style: TextStyle): readonly string[] {
  if (changed.length === 0) return ['  changed nothing on the host'];
  const sorts = [...new Set(changed.map(({ object }) => object))];
  const sorted = sorts.flatMap((sort) => changed.filter(({ object }) => object === sort));
  const [titles = '', ...lines] = tableLines(
    columnsFor(style),
    sorted.map((object) => objectRow(object, offsetOf, style)),
    style,
    '    ',
  );
  const grouped = lines.flatMap((line, index) => {
    const sort = sorted[index]?.object ?? '';
    return sort === sorted[index - 1]?.object ? [line] : [`  ${oneLine(sort)}`, line];
  });
  const most =
    fullest === null
      ? []
      : [
          '',
          `  most at once, ${durationText(offsetOf(fullest.at))} into the run: ${counted(fullest.count, 'change')} in place`,
        ];
  return ['', titles, ...grouped, ...most];
}

function objectRow(
  { change, target, identity, appliedAt, settledAt, status, step }: ChangedRecord,
  offsetOf: OffsetOf,
  style: TextStyle,
): readonly Cell[] {
  const [from, to] = [appliedAt, settledAt].map((at) => (at === null ? null : durationText(offsetOf(at))));
  const named = Object.entries(identity).map(([name, value]) => `${name}=${shortId(value)}`);
  return [
    { text: `${SIGNS[change]} ${target}`, paint: change === 'made' ? style.colors.green : style.colors.yellow },
    named.join(' '),
    { text: status, paint: statusPaint(style, status) },
    from === null ? 'not observed' : `${from} - ${to ?? 'now'}`,
    step,
  ];
}

function comparedLines({ compared }: RunChanges, offsetOf: OffsetOf, { colors, width }: TextStyle): readonly string[] {
  const { before, after, equal, sections, leftOut } = compared;
  if (before === null) return [];
  const taken = (which: string, { hash, at }: NonNullable<typeof before>) =>
    `  ${which}  fingerprint ${hash?.slice(0, 12) ?? 'not stored'}, ${durationText(offsetOf(at))} into the run`;
  const equality = equal === null ? '' : equal ? ': equal' : ': different';
  const room = width === null ? null : width - 2;
  const listed = (words: readonly string[]) => wrapWords(words, room, '  ').map((line) => `  ${line}`);
  const sentence = (text: string) => wrapWords(oneLine(text).split(' '), room).map((line) => `  ${line}`);
  const counts = sections.map(({ name, entriesBefore, entriesAfter }) => {
    const [was, is] = [entriesBefore ?? '?', entriesAfter ?? '?'];
    return `${name} ${was === is ? was : `${was} -> ${is}`}`;
  });
  const unread = sections.flatMap(({ name, before: was, after: is }) => {
    const state = [was, is].find((one) => typeof one === 'string' && one !== 'read');
    return typeof state === 'string' ? [`${name} (${oneLine(state)})`] : [];
  });
  return [
    colors.bold('compared'),
    taken('before', before),
    after === null ? '  after   not taken yet' : `${taken('after ', after)}${equality}`,
    ...listed(counts),
    ...(unread.length === 0 ? [] : sentence(`not compared: ${unread.join(', ')}`).map(colors.yellow)),
    ...(leftOut.length === 0 ? [] : sentence(`in no fingerprint: ${leftOut.join(', ')}`).map(colors.dim)),
  ];
}
