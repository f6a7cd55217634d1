import { cut, oneLine, pad, widthOf, wrapWords } from '../../text/format/plain-text.ts';
import { type Paint, statusPaint, type TextStyle } from '../../text/format/text-style.ts';
import { ANYWHERE } from '../links.ts';
import {
  type GraphState,
  type GraphStep,
  type GraphTransition,
  kindOnHost,
  type MachineGraph,
  type StateType,
  stepsIn,
} from '../machine-graph.ts';
import { type Mark, markOf, type RunMarks } from '../run-marks.ts';
import { isDrawn, targetText, triggerText } from '../transition-text.ts';
import { MARK_WORDS, MARKS, markPaint, SIGNS } from './mark-style.ts';

/** The shapes of UML. */
const SHAPES = { initial: '●', state: '○', final: '◎', parallel: '═' } as const;
const GAP = '  ';

interface Drawing {
  readonly marks: RunMarks | undefined;
  readonly style: TextStyle;
}

/** A piece of a line, painted after it is measured. */
interface Piece {
  readonly text: string;
  readonly paint: Paint;
}

/**
 * Returns a machine as lines of text, one for each state and each step: the content of a state is below it, indented; parallel regions are
 * on a double line. With a run, each line begins with the sign of its mark.
 */
export function pictureLines(graph: MachineGraph, marks: RunMarks | undefined, style: TextStyle): readonly string[] {
  const drawing = { marks, style };
  const { root, workflow, version } = graph;
  const of = marks === undefined ? [] : [`run ${marks.run}`, statusPaint(style, marks.status)(marks.status)];
  return [
    [style.colors.bold(oneLine(workflow)), `version ${oneLine(version)}`, ...of].join(GAP),
    '',
    ...anywhereLines(root, drawing),
    ...ownLines(root, '', drawing),
    ...childLines(root, '', drawing),
    '',
    ...legendLines(root, drawing),
  ];
}

function childLines(state: GraphState, guide: string, drawing: Drawing): readonly string[] {
  return state.states.flatMap((child) => {
    const inner = `${guide}${child.type === 'parallel' ? '║ ' : '│ '}`;
    return [
      ...stateLine(state, child, guide, drawing),
      ...ownLines(child, child.states.length === 0 ? `${guide}  ` : inner, drawing),
      ...childLines(child, inner, drawing),
    ];
  });
}

function stateLine(parent: GraphState, state: GraphState, guide: string, drawing: Drawing): readonly string[] {
  const { colors } = drawing.style;
  const mark = drawing.marks === undefined ? undefined : markOf(drawing.marks, state.id);
  const shape = shapeOf(state, parent);
  const note = state.type === 'parallel' ? ' (parallel)' : state.type === 'history' ? ' (history)' : '';
  const name = { text: oneLine(state.name), paint: mark === undefined ? colors.bold : namePaint(mark, drawing) };
  const head = [
    { text: `${shape} `, paint: colors.dim },
    name,
    ...(note === '' ? [] : [{ text: note, paint: colors.dim }]),
  ];
  const transitions = state.transitions.filter(({ trigger }) => trigger.type !== 'done' && trigger.type !== 'error');
  return flow(mark, guide, head, transitions, drawing);
}

/** Returns the transitions of the machine itself, which apply in every state. */
function anywhereLines({ transitions }: GraphState, drawing: Drawing): readonly string[] {
  const drawn = transitions.filter(isDrawn);
  if (drawn.length === 0) return [];
  const mark = drawing.marks === undefined ? undefined : 'passed';
  return flow(mark, '', [{ text: `(${ANYWHERE})`, paint: drawing.style.colors.dim }], drawn, drawing);
}

/** Returns the steps of a state. */
function ownLines(state: GraphState, guide: string, drawing: Drawing): readonly string[] {
  const steps = stepsIn(state);
  const nameWidth = Math.max(0, ...steps.map(({ invoke }) => widthOf(oneLine(invoke))));
  const kindWidth = Math.max(0, ...steps.map((step) => widthOf(kindOf(step))));
  return steps.flatMap((step) => {
    const mark = drawing.marks === undefined ? undefined : (drawing.marks.steps.get(step.invoke) ?? 'not-run');
    const transitions = state.transitions.filter(
      ({ trigger }) => (trigger.type === 'done' || trigger.type === 'error') && trigger.step === step.invoke,
    );
    const head = [
      { text: `  ${pad(oneLine(step.invoke), nameWidth)}`, paint: namePaint(mark, drawing) },
      { text: `${GAP}${pad(kindOf(step), kindWidth)}`, paint: drawing.style.colors.dim },
    ];
    return flow(mark, guide, head, transitions, drawing);
  });
}

/** Returns a line with its transitions; those that do not fit are on lines below. */
function flow(
  mark: Mark | undefined,
  guide: string,
  head: readonly Piece[],
  transitions: readonly GraphTransition[],
  drawing: Drawing,
): readonly string[] {
  const { style } = drawing;
  const gutter = mark === undefined ? '' : `${markPaint(style, mark)(SIGNS[mark])} `;
  const room = style.width === null ? Number.POSITIVE_INFINITY : style.width - (mark === undefined ? 0 : 2);
  const lines: Piece[][] = [[{ text: guide, paint: style.colors.dim }, ...head]];
  for (const transition of transitions.filter(isDrawn)) {
    const piece = transitionPiece(transition, drawing);
    const line = lines.at(-1) ?? [];
    if (widthOfPieces(line) + GAP.length + widthOf(piece.text) <= room) {
      line.push({ text: GAP, paint: String }, piece);
    } else {
      const indent = `${guide}      `;
      const text = cut(piece.text, room - widthOf(indent));
      lines.push([
        { text: indent, paint: style.colors.dim },
        { ...piece, text },
      ]);
    }
  }
  return lines.map((line, index) => {
    const pieces = line.filter(({ text }) => text !== '');
    const beginning = index === 0 || mark === undefined ? gutter : '  ';
    const last = pieces.length - 1;
    return beginning + pieces.map(({ text, paint }, at) => paint(at === last ? text.trimEnd() : text)).join('');
  });
}

function transitionPiece(transition: GraphTransition, { marks, style }: Drawing): Piece {
  const times = marks?.taken.get(transition.number) ?? 0;
  const arrow = times > 0 ? '⇒' : '→';
  const often = times > 1 ? ` (${times} times)` : '';
  const text = oneLine(`${triggerText(transition)} ${arrow} ${targetText(transition)}${often}`);
  return { text, paint: times > 0 ? style.colors.green : style.colors.dim };
}

function legendLines({ states }: GraphState, { marks, style }: Drawing): readonly string[] {
  const { colors } = style;
  const types = new Set<StateType>();
  const collect = (all: readonly GraphState[]) => {
    for (const { type, states: inner } of all) {
      types.add(type);
      collect(inner);
    }
  };
  collect(states);
  const shapes = [
    `${SHAPES.initial} initial state`,
    `${SHAPES.state} state`,
    ...(types.has('final') ? [`${SHAPES.final} end`] : []),
    ...(types.has('parallel') ? [`${SHAPES.parallel} parallel regions`] : []),
  ];
  const shapeLine = colors.dim(shapes.join(GAP));
  if (marks === undefined) return [shapeLine];
  const signs = MARKS.map((mark) => `${markPaint(style, mark)(SIGNS[mark])} ${MARK_WORDS[mark]}`);
  return [shapeLine, ...wrapWords([...signs, `${colors.green('⇒')} taken`], style.width, GAP)];
}

function shapeOf(state: GraphState, parent: GraphState): string {
  if (state.type === 'final') return SHAPES.final;
  if (state.type === 'parallel') return SHAPES.parallel;
  return state.id === parent.initial ? SHAPES.initial : SHAPES.state;
}

function namePaint(mark: Mark | undefined, { style }: Drawing): Paint {
  return mark === undefined || mark === 'passed' ? String : markPaint(style, mark);
}

function kindOf(step: GraphStep): string {
  return oneLine(kindOnHost(step));
}

function widthOfPieces(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, { text }) => sum + widthOf(text), 0);
}
