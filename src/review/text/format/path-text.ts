import type { RunRecord } from '../../record/run-record.ts';
import type { StageStatus } from '../../record/steps/stage-record.ts';
import type { StateVisit } from '../../timeline/state-path.ts';
import { oneLine, pad, widthOf, wrapWords } from './plain-text.ts';
import { statusPaint, type TextStyle } from './text-style.ts';

/** Length of the longest sequence that is printed whole; the middle of a longer one is left out. */
const LONGEST = 40;

/** Signs as in `wf graph`. */
const SIGNS: Readonly<Record<StageStatus | 'final', string>> = {
  succeeded: '✓',
  running: '▶',
  failed: '✗',
  interrupted: '■',
  pending: '·',
  skipped: '·',
  final: '◎',
};

/** A visit to a top-level state, or a stage without a visit. */
interface PathLine {
  readonly name: string;
  readonly status: StageStatus | 'final';
  readonly inner: string;
}

/**
 * Returns the path of a run through its machine: a line for each visit to a stage, in order, with the inner states in the order of entry;
 * then the stages without a visit. Empty if the journal has no state.
 */
export function pathLines(path: readonly StateVisit[], { stages }: RunRecord, style: TextStyle): readonly string[] {
  const statuses = new Map(stages.map(({ name, status }) => [name, status]));
  const visited = new Set(path.map(({ name }) => name));
  const lines: readonly PathLine[] = [
    ...path.map((visit) => ({ name: visit.name, status: statusOf(visit, statuses), inner: innerText(visit) })),
    ...stages
      .filter(({ name }) => !visited.has(name))
      .map(({ name, status }) => ({ name, status, inner: status === 'skipped' ? 'did not run' : 'is to come' })),
  ];
  if (path.length === 0) return [];
  const nameWidth = Math.max(...lines.map(({ name }) => widthOf(oneLine(name))));
  return shortened(lines, (left): PathLine => ({ name: `… ${left} more …`, status: 'pending', inner: '' })).flatMap(
    (line) => visitLines(line, nameWidth, style),
  );
}

function visitLines({ name, status, inner }: PathLine, nameWidth: number, style: TextStyle): readonly string[] {
  const paint = status === 'final' ? String : statusPaint(style, status);
  const room = style.width === null ? null : Math.max(20, style.width - nameWidth - 6);
  const [first = '', ...more] = wrapWords(inner === '' ? [] : inner.split(' '), room);
  const shownName = oneLine(name);
  const named = first === '' ? shownName : `${pad(shownName, nameWidth)}  ${first}`;
  const further = more.map((line) => `${pad('', nameWidth + 6)}${line}`);
  return [`  ${paint(SIGNS[status])} ${named}`, ...further];
}

function statusOf(
  { name, active, leftByFailure }: StateVisit,
  statuses: ReadonlyMap<string, StageStatus>,
): PathLine['status'] {
  if (!active) return leftByFailure ? 'failed' : 'succeeded';
  return statuses.get(name) ?? 'final';
}

/** Returns the inner states of a visit: `pair → ends (hostEnd: enslave → up ∥ containerEnd: move) → look`. */
function innerText({ inner, parallel }: StateVisit): string {
  if (parallel) return inner.map((region) => regionText(region)).join(' ∥ ');
  return shortened(inner.map(visitText), (left) => `… ${left} more …`).join(' → ');
}

function regionText(region: StateVisit): string {
  const inner = innerText(region);
  return inner === '' ? oneLine(region.name) : `${oneLine(region.name)}: ${inner}`;
}

function visitText(visit: StateVisit): string {
  const inner = innerText(visit);
  return inner === '' ? oneLine(visit.name) : `${oneLine(visit.name)} (${inner})`;
}

function shortened<Item>(items: readonly Item[], instead: (left: number) => Item): readonly Item[] {
  const left = items.length - LONGEST;
  return left <= 0 ? items : [...items.slice(0, LONGEST / 2), instead(left), ...items.slice(-LONGEST / 2)];
}
