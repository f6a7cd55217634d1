import type { Drawing } from '../../../engine/workflow/narrative.ts';
import { widthOf } from '../../text/format/plain-text.ts';
import { middle, type PlacedBox } from './drawing-boxes.ts';
import type { Point } from './drawing-layout.ts';

type Path = Drawing['paths'][number];

/** A tried way as a line above the topmost boxes. */
export interface PlacedLane {
  readonly path: Path;
  /** From its beginning to where its arrow ends. */
  readonly points: readonly [Point, Point, Point, Point];
  /** Its words, and the cell that they begin in. */
  readonly text: string;
  readonly textAt: Point;
  /** The last column that it takes. */
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
/** Columns between two ends at one box. */
const END_GAP = 4;

/**
 * Ways between boxes, one line above the other: the shortest is the lowest, so that they do not cross. `floor` is the line of the
 * boxes' upper edge. Ways with an end that is none of these boxes or their ports
 * are left out.
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

/** Ends at one box stand beside each other, the outermost lines outermost. */
function endColumn(span: Span, at: PlacedBox, spans: readonly Span[]): number {
  const ends = spans.filter(({ from, to }) => from === at || to === at);
  const other = ({ from, to }: Span) => (from === at ? to : from);
  const leftwards = ends.filter((one) => middle(other(one)) < middle(at));
  const rightwards = ends.filter((one) => !leftwards.includes(one)).toReversed();
  const index = [...leftwards, ...rightwards].indexOf(span);
  return middle(at) + Math.round((index - (ends.length - 1) / 2) * END_GAP);
}
