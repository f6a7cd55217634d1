import { escapeHtml } from '../../report/markup.ts';
import type { SvgPicture } from '../../svg-picture.ts';
import { oneLine } from '../../text/format/plain-text.ts';
import { type GraphState, type MachineGraph, statesBelow, stepsIn } from '../machine-graph.ts';
import { markOf, type RunMarks } from '../run-marks.ts';
import { MARK_WORDS, MARKS, SIGNS } from './mark-style.ts';
import { textLinesOf } from './state-lines.ts';
import { type Box, LETTER, LINE, layoutGraph, type Path } from './svg-layout.ts';

const MARGIN = 16;
const HEADER = 3 * LINE;

/** Colours with a contrast of at least 4.5 to 1 for text, on the light and the dark page. */
const STYLE = `
.wf-graph { --page: #ffffff; --box: #f6f8fa; --text: #1f2328; --quiet: #59636e; --line: #59636e;
  --passed: #1a7f37; --current: #0969da; --failed: #cf222e; --stopped: #9a6700; }
@media (prefers-color-scheme: dark) { .wf-graph { --page: #0d1117; --box: #151b23; --text: #f0f6fc; --quiet: #9198a1;
  --line: #9198a1; --passed: #3fb950; --current: #58a6ff; --failed: #ff7b72; --stopped: #d29922; } }
.wf-graph text { font: 12px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: var(--text); }
.wf-graph .name { font-weight: bold; } .wf-graph .quiet { fill: var(--quiet); }
.wf-graph rect { fill: var(--box); stroke: var(--line); } .wf-graph .page { fill: var(--page); stroke: none; }
.wf-graph .parallel { stroke-dasharray: 6 4; } .wf-graph .end { fill: none; }
.wf-graph path { fill: none; stroke: var(--line); } .wf-graph circle, .wf-graph .head { fill: var(--line); stroke: none; }
.wf-graph path.taken { stroke: var(--passed); stroke-width: 2.5; } .wf-graph path.untaken { stroke-dasharray: 3 3; }
.wf-graph .passed { stroke: var(--passed); stroke-width: 2; } .wf-graph .current { stroke: var(--current); stroke-width: 4; }
.wf-graph .failed { stroke: var(--failed); stroke-width: 4; } .wf-graph .stopped { stroke: var(--stopped); stroke-width: 4; }
.wf-graph .not-run { stroke-dasharray: 2 3; }`;

/** Returns the picture of a machine as text. */
export function svgText(graph: MachineGraph, marks: RunMarks | undefined): string {
  return svgPicture(graph, marks).svg;
}

/** Returns a machine as one self-contained SVG, with text as text, and with light and dark colours. */
export function svgPicture(graph: MachineGraph, marks: RunMarks | undefined): SvgPicture {
  const { workflow, version, root } = graph;
  const picture = layoutGraph(graph, marks);
  const title = oneLine(`${workflow} ${version}${marks === undefined ? '' : `, run ${marks.run}: ${marks.status}`}`);
  const legend = marks === undefined ? '' : MARKS.map((mark) => `${SIGNS[mark]} ${MARK_WORDS[mark]}`).join('   ');
  const width = Math.ceil(Math.max(picture.width, Math.max(title.length, legend.length) * LETTER) + 2 * MARGIN);
  const height = Math.ceil(picture.height + HEADER + 2 * MARGIN);
  const svg = [
    `<svg xmlns="http://www.w3.org/2000/svg" class="wf-graph" role="img" aria-labelledby="wf-graph-title wf-graph-description" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">`,
    `<title id="wf-graph-title">${escapeHtml(title)}</title>`,
    `<desc id="wf-graph-description">${escapeHtml(oneLine(descriptionOf(root, marks)))}</desc>`,
    `<style>${STYLE}</style>`,
    '<defs><marker id="wf-graph-head" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto"><path class="head" d="M0 0L8 4L0 8z"/></marker></defs>',
    `<rect class="page" width="${width}" height="${height}"/>`,
    textAt(MARGIN, MARGIN + LINE, title, 'name'),
    ...(legend === '' ? [] : [textAt(MARGIN, MARGIN + 2 * LINE, legend, 'quiet')]),
    `<g transform="translate(${MARGIN} ${MARGIN + HEADER - LINE})">`,
    ...insideOf(picture, marks),
    '</g>',
    '</svg>',
    '',
  ].join('\n');
  return { svg, width, height };
}

/** Returns the description for people who cannot see the picture. */
function descriptionOf(root: GraphState, marks: RunMarks | undefined): string {
  const steps = statesBelow(root).reduce((sum, state) => sum + stepsIn(state).length, 0);
  const states = root.states.map(({ id, name }) =>
    marks === undefined ? name : `${name} (${MARK_WORDS[markOf(marks, id)]})`,
  );
  return `State machine with ${steps} steps; its states from first to last: ${states.join(', ')}.`;
}

function insideOf({ state, boxes, arrows }: Box, marks: RunMarks | undefined): readonly string[] {
  const first = boxes.find((box) => box.state.id === state.initial);
  return [
    ...(first === undefined ? [] : startOf(first)),
    ...boxes.flatMap((box) => boxText(box, marks)),
    ...arrows.flatMap((path) => pathText(path, marks)),
  ];
}

function boxText(box: Box, marks: RunMarks | undefined): readonly string[] {
  const { state, x, y, width, height } = box;
  const mark = marks === undefined ? undefined : markOf(marks, state.id);
  const classes = [state.type, ...(mark === undefined ? [] : [mark])].join(' ');
  const at = (inset: number) =>
    `x="${number(x + inset)}" y="${number(y + inset)}" width="${number(width - 2 * inset)}" height="${number(height - 2 * inset)}" rx="8"`;
  const title = mark === undefined ? state.id : `${state.id}: ${MARK_WORDS[mark]}`;
  const [name, ...steps] = textLinesOf(state, marks);
  return [
    `<g><title>${escapeHtml(oneLine(title))}</title>`,
    `<rect class="${classes}" ${at(0)}/>`,
    ...(state.type === 'final' ? [`<rect class="end" ${at(3)}/>`] : []),
    textAt(x + 12, y + LINE, name, 'name'),
    ...steps.map((step, index) => textAt(x + 12, y + (index + 2) * LINE, step, 'quiet')),
    ...insideOf(box, marks),
    '</g>',
  ];
}

/** Returns the dot and the arrow to the initial state. */
function startOf({ x, y }: Box): readonly string[] {
  const middle = number(y + LINE);
  return [
    `<circle cx="${number(x - 16)}" cy="${middle}" r="4"/>`,
    `<path d="M${number(x - 12)} ${middle}L${number(x)} ${middle}" marker-end="url(#wf-graph-head)"/>`,
  ];
}

function pathText({ arrow, points, label }: Path, marks: RunMarks | undefined): readonly string[] {
  const d = points.map(([x, y], index) => `${index === 0 ? 'M' : 'L'}${number(x)} ${number(y)}`).join('');
  const taken = arrow.taken > 0;
  const look = marks === undefined ? '' : ` class="${taken ? 'taken' : 'untaken'}"`;
  return [
    `<path${look} d="${d}" marker-end="url(#wf-graph-head)"/>`,
    ...arrow.labels.map((text, index) =>
      textAt(label.x, label.y + index * LINE, `${taken && index === 0 ? '✓ ' : ''}${oneLine(text)}`, 'quiet'),
    ),
  ];
}

function textAt(x: number, y: number, text: string, look: string): string {
  return `<text class="${look}" x="${number(x)}" y="${number(y)}">${escapeHtml(text)}</text>`;
}

/** Rounds to a tenth of a pixel. */
function number(value: number): string {
  return String(Math.round(value * 10) / 10);
}
