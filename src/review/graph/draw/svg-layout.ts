import { type Arrow, arrowsOf } from '../links.ts';
import type { GraphState, MachineGraph } from '../machine-graph.ts';
import type { RunMarks } from '../run-marks.ts';
import { textLinesOf } from './state-lines.ts';

/** Pixels. The width of a letter is 0.6 of the font size, as in all common monospaced fonts. */
export const LETTER = 7.2;
export const LINE = 16;
const PADDING = 12;
/** Room to the left of the children of a state, for the dot and the arrow to the initial one. */
const START = 22;
const BETWEEN = 22;
const LANE_GAP = 14;
/** Room for an arrow downwards. */
const NARROWEST = 40;

/** A state with its position, relative to the corner of the picture. */
export interface Box {
  readonly state: GraphState;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly Box[];
  readonly arrows: readonly Path[];
}

/** An arrow along these points, with its label. */
export interface Path {
  readonly arrow: Arrow;
  readonly points: readonly (readonly [x: number, y: number])[];
  readonly label: { readonly x: number; readonly y: number };
}

/**
 * Places the states: children below each other in the order of the file, parallel regions side by side. An arrow to the next state goes
 * straight down; each other arrow has a lane on the right.
 */
export function layoutGraph(graph: MachineGraph, marks: RunMarks | undefined): Box {
  const arrows = arrowsOf(graph, marks?.taken);
  return moved(boxOf(graph.root, arrows, marks), 0, 0);
}

/** Returns a box with its corner at the origin, and all inside relative to it. */
function boxOf(state: GraphState, arrows: readonly Arrow[], marks: RunMarks | undefined): Box {
  const lines = textLinesOf(state, marks);
  const own = {
    width: Math.max(NARROWEST, ...lines.map((line) => line.length * LETTER)) + 2 * PADDING,
    height: lines.length * LINE + PADDING,
  };
  const children = state.states.map((child) => boxOf(child, arrows, marks));
  if (children.length === 0) return { state, x: 0, y: 0, ...own, boxes: [], arrows: [] };
  const inner = state.type === 'parallel' ? beside(children) : below(state, children, arrows);
  const boxes = inner.boxes.map((box) => moved(box, PADDING, own.height));
  const paths = inner.arrows.map((path) => movedPath(path, PADDING, own.height));
  const width = Math.max(own.width, inner.width + 2 * PADDING);
  return { state, x: 0, y: 0, width, height: own.height + inner.height + PADDING, boxes, arrows: paths };
}

type Inside = Pick<Box, 'boxes' | 'arrows' | 'width' | 'height'>;

function beside(children: readonly Box[]): Inside {
  let x = 0;
  const boxes = children.map((child) => {
    const placed = moved(child, x, 0);
    x += child.width + PADDING;
    return placed;
  });
  return { boxes, arrows: [], width: x - PADDING, height: Math.max(...children.map((child) => child.height)) };
}

function below(state: GraphState, children: readonly Box[], arrows: readonly Arrow[]): Inside {
  const own = arrows.filter(({ place }) => place === state.id);
  const positionOf = (id: string) => children.findIndex((child) => child.state.id === id);
  const isStraight = ({ from, to }: Arrow) => from !== state.id && positionOf(to) === positionOf(from) + 1;
  const straight = own.filter(isStraight);
  let y = 0;
  const boxes = children.map((child, position) => {
    const placed = moved(child, START, y);
    const labels = straight.filter(({ from }) => positionOf(from) === position).flatMap((arrow) => arrow.labels);
    y += child.height + BETWEEN + labels.length * LINE;
    return placed;
  });
  const boxIn = (id: string) => boxes.find((box) => box.state.id === id);
  const down = straight.flatMap((arrow) => {
    const [from, to] = [boxIn(arrow.from), boxIn(arrow.to)];
    return from === undefined || to === undefined ? [] : [straightPath(arrow, from, to)];
  });
  const widthOf = (arrow: Arrow) => Math.max(...arrow.labels.map((label) => label.length)) * LETTER;
  let lane = Math.max(
    ...boxes.map((box) => box.x + box.width),
    ...down.map(({ arrow, label }) => label.x + widthOf(arrow)),
  );
  const round = own
    .filter((arrow) => !isStraight(arrow))
    .flatMap((arrow) => {
      const to = boxIn(arrow.to);
      if (to === undefined) return [];
      lane += LANE_GAP;
      const path = lanePath(arrow, boxIn(arrow.from), to, lane);
      lane += widthOf(arrow);
      return [path];
    });
  return { boxes, arrows: [...down, ...round], width: lane, height: y - BETWEEN };
}

function straightPath(arrow: Arrow, from: Box, to: Box): Path {
  const x = from.x + 30;
  const [top, bottom] = [from.y + from.height, to.y];
  return {
    arrow,
    points: [
      [x, top],
      [x, bottom],
    ],
    label: { x: x + 8, y: top + LINE },
  };
}

/** Returns a path between the right sides of two boxes; from above if the transition applies anywhere. */
function lanePath(arrow: Arrow, from: Box | undefined, to: Box, lane: number): Path {
  const same = from === to;
  const start = from === undefined ? 0 : from.y + from.height / 2 - (same ? 8 : 4);
  const end = to.y + to.height / 2 + (same ? 8 : 4);
  const beginning: readonly [number, number] = from === undefined ? [lane, start] : [from.x + from.width, start];
  return {
    arrow,
    points: [beginning, [lane, start], [lane, end], [to.x + to.width, end]],
    label: { x: lane + 4, y: (start + end) / 2 + 4 },
  };
}

function moved(box: Box, x: number, y: number): Box {
  return {
    ...box,
    x: box.x + x,
    y: box.y + y,
    boxes: box.boxes.map((inner) => moved(inner, x, y)),
    arrows: box.arrows.map((path) => movedPath(path, x, y)),
  };
}

function movedPath(path: Path, x: number, y: number): Path {
  return {
    arrow: path.arrow,
    points: path.points.map(([left, top]) => [left + x, top + y] as const),
    label: { x: path.label.x + x, y: path.label.y + y },
  };
}
