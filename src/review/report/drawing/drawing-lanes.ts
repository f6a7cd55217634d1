import type { Drawing } from '../../../engine/workflow/narrative.ts';
import { widthOf } from '../../text/format/plain-text.ts';
import { middle, type PlacedBox } from './drawing-boxes.ts';
import type { Point } from './drawing-layout.ts';

type Path = Drawing['paths'][number];

/** A tested path as a line above the topmost boxes. */
export interface PlacedLane {
  readonly path: Path;
  /** From its start to the tip of its arrow. */
  readonly points: readonly [Point, Point, Point, Point];
  /** Its label, and the first cell of that. */
  readonly text: string;
  readonly textAt: Point;
  /** Its last column. */
  readonly right: number;
  readonly hasRoom: boolean;
}

export interface LabelledPath {
  readonly path: Path;
  readonly text: string;
}

interface Span extends LabelledPath {
  readonly order: number;
  readonly from: PlacedBox;
  readonly to: PlacedBox;
}

const LANE_HEIGHT = 2;
/** Columns between two path ends at one box. */
const END_GAP = 4;

/**
 * Places the paths between boxes on lines above each other, the shortest one lowest, so that they do not cross. Paths with another end
 * than these boxes and their ports are left out. @param floor line of the upper edge of the boxes
 */
export function lanesOf(
  labelled: readonly LabelledPath[],
  boxes: readonly PlacedBox[],
  floor: number,
): { readonly lanes: readonly PlacedLane[]; readonly height: number } {
  const ends = boxes.flatMap((box) => [box, ...box.ports]);
  const find = (id: string) => ends.find((box) => box.id === id);
  const spans = labelled
    .flatMap(({ path, text }, order): readonly Span[] => {
      const [from, to] = [find(path.from), find(path.to)];
      return from === undefined || to === undefined || from === to ? [] : [{ path, text, order, from, to }];
    })
    .toSorted((a, b) => extent(a) - extent(b) || a.order - b.order);
  const lanes = spans.map((span, index): PlacedLane => {
    const [start, end] = [endColumn(span, span.from, spans), endColumn(span, span.to, spans)];
    const y = floor - 2 - index * LANE_HEIGHT;
    const left = Math.min(start, end);
    const width = widthOf(span.text) + 2;
    const room = Math.abs(end - start) - 1;
    const textLeft = left + 1 + Math.max(1, Math.floor((room - width) / 2));
    return {
      path: span.path,
      points: [
        [start, floor - 1],
        [start, y],
        [end, y],
        [end, floor - 1],
      ],
      text: span.text,
      textAt: [textLeft + 1, y],
      right: Math.max(start, end, textLeft + width),
      hasRoom: room >= width + 4,
    };
  });
  return { lanes, height: spans.length * LANE_HEIGHT };
}

function extent({ from, to }: Span): number {
  return Math.abs(middle(from) - middle(to));
}

/** Returns the column of a path end: several ends at one box are side by side, in the order of their lines. */
function endColumn(span: Span, at: PlacedBox, spans: readonly Span[]): number {
  const ends = spans.filter(({ from, to }) => from === at || to === at);
  const other = ({ from, to }: Span) => (from === at ? to : from);
  const leftwards = ends.filter((one) => middle(other(one)) < middle(at));
  const rightwards = ends.filter((one) => !leftwards.includes(one)).toReversed();
  const index = [...leftwards, ...rightwards].indexOf(span);
  return middle(at) + Math.round((index - (ends.length - 1) / 2) * END_GAP);
}
