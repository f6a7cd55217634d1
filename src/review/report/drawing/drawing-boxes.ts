import type { Drawing } from '../../../engine/workflow/narrative.ts';
import { widthOf } from '../../text/format/plain-text.ts';

type Box = Drawing['layers'][number]['boxes'][number];
type Port = Box['ports'][number];

/** A rectangle in cells, with its right and bottom ones. */
export interface Rectangle {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export interface PlacedBox extends Port {
  readonly area: Rectangle;
  readonly ports: readonly PlacedBox[];
}

const GAP_BETWEEN_PORTS = 2;
/** Columns of both edges, with a space at each. */
const EDGES = 4;

/** Places a box at line 0, with its ports side by side at its lower edge. @param width its minimum */
export function placedBox(box: Box, left: number, width = 0): PlacedBox {
  const top = 2 + box.lines.length;
  const ports = placedPorts(box.ports, left + 2, top);
  const bottom = Math.max(top, ...ports.map(({ area }) => area.bottom + 1));
  const portsWidth = (ports.at(-1)?.area.right ?? left) - left - 1;
  const needed = Math.max(textWidth(box), portsWidth) + EDGES;
  return {
    ...box,
    area: { left, top: 0, right: left + Math.max(width, needed) - 1, bottom },
    ports: ports.map((port) => ({ ...port, area: { ...port.area, bottom: bottom - 1 } })),
  };
}

function placedPorts(ports: readonly Port[], left: number, top: number): readonly PlacedBox[] {
  let free = left;
  return ports.map((port) => {
    const right = free + textWidth(port) + EDGES - 1;
    const area = { left: free, top, right, bottom: top + port.lines.length + 2 };
    free = right + 1 + GAP_BETWEEN_PORTS;
    return { ...port, area, ports: [] };
  });
}

function textWidth({ title, lines }: Port): number {
  return Math.max(widthOf(title), ...lines.map(widthOf));
}

/** Gives all boxes the same lower edge, with their ports at it. */
export function sameHeight(boxes: readonly PlacedBox[]): readonly PlacedBox[] {
  const bottom = Math.max(0, ...boxes.map(({ area }) => area.bottom));
  return boxes.map((box) => ({
    ...box,
    area: { ...box.area, bottom },
    ports: box.ports.map((port) => moved(port, bottom - box.area.bottom)),
  }));
}

/** Moves a box down by this many lines. */
export function moved(box: PlacedBox, by: number): PlacedBox {
  const area = { ...box.area, top: box.area.top + by, bottom: box.area.bottom + by };
  return { ...box, area, ports: box.ports.map((port) => moved(port, by)) };
}

/** Whether the id is that of the box or of one of its ports. */
export function holds(box: PlacedBox, id: string): boolean {
  return box.id === id || box.ports.some((port) => port.id === id);
}

/** Returns the column in the middle of a box. */
export function middle({ area }: PlacedBox): number {
  return Math.floor((area.left + area.right) / 2);
}
