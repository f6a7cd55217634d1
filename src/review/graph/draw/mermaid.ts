import { oneLine } from '../../text/format/plain-text.ts';
import { ANYWHERE, type Arrow, arrowsOf } from '../links.ts';
import { type GraphState, type MachineGraph, statesBelow } from '../machine-graph.ts';
import { type Mark, markOf, type RunMarks } from '../run-marks.ts';
import { MARK_WORDS, MARKS, SIGNS } from './mark-style.ts';
import { textLinesOf } from './state-lines.ts';

/** Strokes that are distinguishable on light and dark pages. */
const STYLES: Readonly<Record<Mark, string>> = {
  passed: 'stroke:#1a7f37,stroke-width:2px',
  current: 'stroke:#0969da,stroke-width:4px',
  failed: 'stroke:#cf222e,stroke-width:4px',
  stopped: 'stroke:#bf8700,stroke-width:4px',
  'not-run': 'stroke-dasharray:4 4',
};

/**
 * Returns a machine as a Mermaid state diagram. Mermaid draws no arrow from inside one state into another: such a transition connects the
 * two outer states, and its label names its ends.
 */
export function mermaidText(graph: MachineGraph, marks: RunMarks | undefined): string {
  const { workflow, version, root } = graph;
  const ids = shortIds(root);
  const arrows = arrowsOf(graph, marks?.taken);
  const anywhere = arrows.some(({ from }) => from === root.id);
  const title = `${workflow} ${version}${marks === undefined ? '' : `, run ${marks.run}: ${marks.status}`}`;
  return [
    'stateDiagram-v2',
    `  accTitle: ${plain(title)}`,
    ...(anywhere ? [`  state "${ANYWHERE}" as ${idOf(ids, root.id)}`] : []),
    ...body(root, '  ', { ids, arrows, marks }),
    ...(marks === undefined ? [] : markLines(root, ids, marks)),
    '',
  ].join('\n');
}

interface Drawing {
  readonly ids: ReadonlyMap<string, string>;
  readonly arrows: readonly Arrow[];
  readonly marks: RunMarks | undefined;
}

/** Returns the lines between the braces of a state. */
function body(state: GraphState, indent: string, drawing: Drawing): readonly string[] {
  const { ids } = drawing;
  const children = state.states.map((child) => stateLines(child, indent, drawing));
  if (state.type === 'parallel') {
    return children.flatMap((lines, index) => (index === 0 ? lines : [`${indent}--`, ...lines]));
  }
  const initial = state.initial === null ? [] : [`${indent}[*] --> ${idOf(ids, state.initial)}`];
  const ends = state.states.filter(({ type }) => type === 'final').map(({ id }) => `${indent}${idOf(ids, id)} --> [*]`);
  const arrows = drawing.arrows
    .filter(({ place }) => place === state.id)
    .map((arrow) => indent + arrowLine(arrow, ids));
  return [...initial, ...children.flat(), ...arrows, ...ends];
}

function stateLines(state: GraphState, indent: string, drawing: Drawing): readonly string[] {
  const [name, ...steps] = textLinesOf(state, drawing.marks);
  const id = idOf(drawing.ids, state.id);
  if (state.states.length > 0) {
    // Mermaid shows no lines of text in a compound state: its steps go into its title.
    const title = plain(steps.length === 0 ? name : `${name} - ${steps.join(', ')}`);
    return [`${indent}state "${title}" as ${id} {`, ...body(state, `${indent}  `, drawing), `${indent}}`];
  }
  return [`${indent}state "${plain(name)}" as ${id}`, ...steps.map((step) => `${indent}${id} : ${plain(step)}`)];
}

function arrowLine({ from, to, labels, taken }: Arrow, ids: ReadonlyMap<string, string>): string {
  return `${idOf(ids, from)} --> ${idOf(ids, to)} : ${plain(`${taken > 0 ? '✓ ' : ''}${labels.join(' / ')}`)}`;
}

function markLines(root: GraphState, ids: ReadonlyMap<string, string>, marks: RunMarks): readonly string[] {
  return MARKS.flatMap((mark) => {
    const marked = statesBelow(root).filter(({ id }) => id !== '' && markOf(marks, id) === mark);
    if (marked.length === 0) return [];
    const name = className(mark);
    return [
      `  %% ${SIGNS[mark]} ${MARK_WORDS[mark]}`,
      `  classDef ${name} ${STYLES[mark]}`,
      `  class ${marked.map(({ id }) => idOf(ids, id)).join(', ')} ${name}`,
    ];
  });
}

function className(mark: Mark): string {
  return mark === 'not-run' ? 'notRun' : mark;
}

/** Returns unique ids of letters, digits and `_` that are not keywords of Mermaid. */
function shortIds(root: GraphState): ReadonlyMap<string, string> {
  const taken = new Set<string>();
  return new Map(
    statesBelow(root).map(({ id }) => {
      const wanted = `s_${id.replace(/\W+/g, '_')}`;
      let free = wanted;
      for (let count = 2; taken.has(free); count++) free = `${wanted}_${count}`;
      taken.add(free);
      return [id, free];
    }),
  );
}

function idOf(ids: ReadonlyMap<string, string>, id: string): string {
  return ids.get(id) ?? id;
}

/** Replaces the characters that are syntax in a label of Mermaid: quotes, colons, semicolons, angle brackets, percent and number signs. */
function plain(text: string): string {
  const replaced: Readonly<Record<string, string>> = {
    '"': "'",
    ':': '∶',
    ';': ',',
    '<': '‹',
    '>': '›',
    '%': '％',
    '#': '＃',
  };
  return oneLine(text).replace(/[":;<>%#]/g, (character) => replaced[character] ?? '');
}
