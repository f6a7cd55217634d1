import { oneLine, shownName } from '../../text/format/plain-text.ts';
import { ANYWHERE, linksOf } from '../links.ts';
import { type GraphState, isInside, type MachineGraph, statesBelow } from '../machine-graph.ts';
import { type Mark, markOf, type RunMarks } from '../run-marks.ts';
import { textLinesOf } from './state-lines.ts';

const STYLES: Readonly<Record<Mark, string>> = {
  passed: 'color="#1a7f37", penwidth=2',
  current: 'color="#0969da", penwidth=4',
  failed: 'color="#cf222e", penwidth=4',
  stopped: 'color="#bf8700", penwidth=4',
  'not-run': 'color="#8c959f"',
};

/** Returns a machine in the language of Graphviz: `wf graph WORKFLOW --format dot | dot -Tpdf`. */
export function dotText(graph: MachineGraph, marks: RunMarks | undefined): string {
  const { workflow, version, root } = graph;
  const title = oneLine(`${workflow} ${version}${marks === undefined ? '' : `, run ${marks.run}: ${marks.status}`}`);
  return [
    `digraph ${quoted(workflow)} {`,
    `  label=${quoted(title)}; labelloc=t; compound=true; fontname="sans-serif";`,
    '  node [shape=box, style=rounded, fontname="sans-serif"]; edge [fontname="sans-serif", fontsize=10];',
    ...childLines(root, '  ', marks),
    ...arrowLines(graph, marks),
    '}',
    '',
  ].join('\n');
}

function childLines(state: GraphState, indent: string, marks: RunMarks | undefined): readonly string[] {
  const children = state.states.flatMap((child) => stateLines(child, indent, marks));
  const { initial } = state;
  if (initial === null) return children;
  const start = quoted(`${state.id}/start`);
  const attributes = [`lhead=${quoted(clusterOf(initial))}`].filter(() => isHolder(childOf(state, initial)));
  return [
    `${indent}${start} [shape=point, label=""];`,
    ...children,
    `${indent}${start} -> ${quoted(anchorOf(childOf(state, initial)))}${attributesText(attributes)};`,
  ];
}

function stateLines(state: GraphState, indent: string, marks: RunMarks | undefined): readonly string[] {
  const mark = marks === undefined ? undefined : markOf(marks, state.id);
  const label = quoted(textLinesOf(state, marks).join('\n'));
  const painted = mark === undefined ? [] : [STYLES[mark]];
  if (!isHolder(state)) {
    const attributes = [`label=${label}`, ...(state.type === 'final' ? ['peripheries=2'] : []), ...painted];
    return [`${indent}${quoted(state.id)}${attributesText(attributes)};`];
  }
  const look = [
    `label=${label}`,
    `style=${state.type === 'parallel' ? 'dashed' : 'rounded'}`,
    ...painted.join(', ').split(', '),
  ];
  return [
    `${indent}subgraph ${quoted(clusterOf(state.id))} {`,
    `${indent}  ${look.filter((part) => part !== '').join('; ')};`,
    ...childLines(state, `${indent}  `, marks),
    `${indent}}`,
  ];
}

/** Returns the arrows. Graphviz connects nodes only: an arrow of a compound state ends at a node inside, and is clipped at the border. */
function arrowLines(graph: MachineGraph, marks: RunMarks | undefined): readonly string[] {
  const states = new Map(statesBelow(graph.root).map((state) => [state.id, state]));
  return linksOf(graph, marks?.taken).flatMap(({ from, to, labels, taken }) => {
    const source = states.get(from);
    const target = states.get(to);
    if (source === undefined || target === undefined) return [];
    const attributes = [
      `label=${quoted(labels.map(oneLine).join('\n'))}`,
      // Graphviz cannot clip an arrow at a border around both of its ends.
      ...(isHolder(source) && from !== '' && !isInside(to, from) && from !== to
        ? [`ltail=${quoted(clusterOf(from))}`]
        : []),
      ...(isHolder(target) && !isInside(from, to) && from !== to ? [`lhead=${quoted(clusterOf(to))}`] : []),
      ...(taken > 0 ? [STYLES.passed] : marks === undefined ? [] : ['style=dashed']),
    ];
    return [`  ${quoted(anchorOf(source))} -> ${quoted(anchorOf(target))}${attributesText(attributes)};`];
  });
}

/** Returns the node for the arrows of a state: the first one inside a compound state. */
function anchorOf(state: GraphState): string {
  if (state.id === '') return `(${ANYWHERE})`;
  const [first] = state.states;
  return first === undefined ? state.id : anchorOf(first);
}

function childOf(state: GraphState, id: string): GraphState {
  return state.states.find((child) => child.id === id) ?? state;
}

function isHolder({ states }: GraphState): boolean {
  return states.length > 0;
}

function clusterOf(id: string): string {
  return `cluster_${id}`;
}

function attributesText(attributes: readonly string[]): string {
  return attributes.length === 0 ? '' : ` [${attributes.join(', ')}]`;
}

/** Returns a quoted string, with `\n` for a line break. */
function quoted(text: string): string {
  const lines = text.split('\n').map(shownName);
  return `"${lines.map((line) => line.replace(/\\/g, '\\\\').replace(/"/g, '\\"')).join('\\n')}"`;
}
