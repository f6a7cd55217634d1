import type { Drawing } from '../../../engine/workflow/narrative.ts';
import { widthOf } from '../../text/format/plain-text.ts';
import { holds, middle, moved, type PlacedBox, placedBox, sameHeight } from './drawing-boxes.ts';
import { type LabelledPath, lanesOf, type PlacedLane } from './drawing-lanes.ts';

type Layer = Drawing['layers'][number];
type Wire = Drawing['wires'][number];

export type Point = readonly [x: number, y: number];

/** The frame around adjacent layers of one group. */
interface PlacedFrame {
  readonly title: string;
  readonly top: number;
  readonly bottom: number;
  /** The first column of its title in the upper edge, where no wire crosses. */
  readonly titleAt: number;
}

interface PlacedWire {
  readonly origin: Wire['origin'];
  readonly points: readonly Point[];
}

/**
 * The layout of a drawing in cells, each as wide as a character and as high as a line, for the picture in characters and for the SVG.
 */
export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly PlacedBox[];
  readonly frames: readonly PlacedFrame[];
  readonly wires: readonly PlacedWire[];
  readonly lanes: readonly PlacedLane[];
}

/** Cells between the left or right edge, with the frames, and the content. */
const MARGIN = 3;
const GAP_BETWEEN_BOXES = 6;
const GAP_BETWEEN_SMALL_BOXES = 2;
/** Room for wires and their bends. */
const GAP_BETWEEN_LAYERS = 2;
/** The upper edge of a frame, and a line below it. */
const FRAME_EDGE = 2;
/** The largest gap for the label of a path. */
const WIDEST_GAP = 200;

/** Lays out a drawing: boxes of a lower layer are below the boxes that they are wired to. */
export function layoutDrawing(drawing: Drawing, label: (path: Drawing['paths'][number]) => string): Layout {
  const paths = drawing.paths.map((path): LabelledPath => ({ path, text: label(path) }));
  const columns = placedSideBySide(drawing, paths);
  const laneHeight = lanesOf(paths, columns[0] ?? [], 0).height;
  const { layers, frames, height } = placedBelowEachOther(drawing.layers, columns, laneHeight);
  const boxes = layers.flat();
  const { lanes } = lanesOf(paths, layers[0] ?? [], laneHeight);
  const wires = drawing.wires.flatMap((wire) => placedWire(wire, boxes));
  const right = Math.max(0, ...boxes.map(({ area }) => area.right), ...lanes.map((lane) => lane.right));
  return {
    width: right + MARGIN + 1,
    height,
    boxes,
    frames: frames.map((frame) => ({ ...frame, titleAt: freeColumn(frame.top, widthOf(frame.title) + 2, wires) })),
    wires,
    lanes,
  };
}

/** Returns the boxes of each layer with their columns, all at line 0. */
function placedSideBySide(
  { layers, wires }: Drawing,
  paths: readonly LabelledPath[],
): readonly (readonly PlacedBox[])[] {
  const [top, ...lower] = layers;
  if (top === undefined) return [];
  const placed = [topLayer(top, paths)];
  for (const layer of lower) placed.push(lowerLayer(layer, wires, placed.flat()));
  return placed;
}

/** Places the top layer, with room for the labels of the paths between its boxes. */
function topLayer({ boxes }: Layer, paths: readonly LabelledPath[]): readonly PlacedBox[] {
  for (let gap = GAP_BETWEEN_BOXES; ; gap += 2) {
    let left = MARGIN;
    const placed = boxes.map((box) => {
      const one = placedBox(box, left);
      left = one.area.right + 1 + gap;
      return one;
    });
    if (gap > WIDEST_GAP || lanesOf(paths, placed, 0).lanes.every((lane) => lane.hasRoom)) return sameHeight(placed);
  }
}

/** Places each box below the boxes that it is wired to, as wide as its wires; boxes without wires are last. */
function lowerLayer(layer: Layer, wires: readonly Wire[], above: readonly PlacedBox[]): readonly PlacedBox[] {
  const preferred = layer.boxes.map((box) => {
    const ids = [box.id, ...box.ports.map((port) => port.id)];
    const ends = wires.filter(({ to }) => ids.includes(to)).flatMap(({ from }) => endOf(from, above) ?? []);
    const columns = ends.map(middle);
    const natural = placedBox(box, 0).area.right + 1;
    const [low, high] = [Math.min(...columns), Math.max(...columns)];
    if (columns.length === 0) return { box, left: Number.POSITIVE_INFINITY, width: natural };
    const width = Math.max(natural, high - low + 7);
    return { box, left: Math.round((low + high - width) / 2), width };
  });
  let free = MARGIN;
  const placed = preferred
    .toSorted((a, b) => (a.left === b.left ? 0 : a.left - b.left))
    .map(({ box, left, width }) => {
      const one = placedBox(box, Number.isFinite(left) ? Math.max(free, left) : free, width);
      free = one.area.right + 1 + GAP_BETWEEN_SMALL_BOXES;
      return one;
    });
  return sameHeight(placed);
}

function endOf(id: string, boxes: readonly PlacedBox[]): PlacedBox | undefined {
  return boxes.flatMap((box) => [box, ...box.ports]).find((box) => box.id === id);
}

/** Returns the layers with their lines, from `top` on, and the frames around groups. */
function placedBelowEachOther(
  layers: readonly Layer[],
  columns: readonly (readonly PlacedBox[])[],
  top: number,
): {
  readonly layers: readonly (readonly PlacedBox[])[];
  readonly frames: readonly Omit<PlacedFrame, 'titleAt'>[];
  readonly height: number;
} {
  const frames: { readonly title: string; readonly top: number; bottom: number }[] = [];
  let y = top;
  const placed = layers.map(({ group }, index) => {
    const above = index === 0 ? undefined : (layers[index - 1]?.group ?? null);
    if (above !== undefined) y += GAP_BETWEEN_LAYERS;
    if (group !== null && group !== above) {
      frames.push({ title: group, top: y, bottom: y });
      y += FRAME_EDGE;
    }
    const layer = (columns[index] ?? []).map((box) => moved(box, y));
    y = Math.max(y, ...layer.map(({ area }) => area.bottom + 1));
    const frame = frames.at(-1);
    if (group === null || frame === undefined) return layer;
    frame.bottom = y + 1;
    // The lower edge of the frame is in the gap, unless the next layer is in the same group.
    if (layers[index + 1]?.group !== group) y += FRAME_EDGE;
    return layer;
  });
  return { layers: placed, frames, height: y };
}

/** Places a wire from the box of its upper end down to that of its lower end, with a bend if they are in different columns. */
function placedWire({ from, to, origin }: Wire, boxes: readonly PlacedBox[]): readonly PlacedWire[] {
  const [upper, lower] = [endOf(from, boxes), endOf(to, boxes)];
  const [above, below] = [boxes.find((box) => holds(box, from)), boxes.find((box) => holds(box, to))];
  if (upper === undefined || lower === undefined || above === undefined || below === undefined) return [];
  const x = middle(upper);
  const { left, right, top: bottom } = below.area;
  const end = lower === below ? Math.min(Math.max(x, left + 1), right - 1) : middle(lower);
  const bend: readonly Point[] =
    x === end
      ? []
      : [
          [x, bottom - 1],
          [end, bottom - 1],
        ];
  return [{ origin, points: [[x, above.area.bottom], ...bend, [end, bottom]] }];
}

/** Returns the first column of a line with this many cells that no wire crosses. */
function freeColumn(y: number, width: number, wires: readonly PlacedWire[]): number {
  const crossed = wires
    .filter(({ points }) => points.some(([, at]) => at <= y) && points.some(([, at]) => at >= y))
    .flatMap(({ points }) => points.map(([x]) => x));
  for (let left = 2; ; left += 1) {
    if (crossed.every((x) => x < left || x >= left + width)) return left;
  }
}
