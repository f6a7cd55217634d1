import { widthOf } from '../../text/format/plain-text.ts';
import type { PlacedBox, Rectangle } from './drawing-boxes.ts';
import type { Layout, Point } from './drawing-layout.ts';

/** Directions in which a line leaves a cell, as bits. */
const [NORTH, EAST, SOUTH, WEST] = [1, 2, 4, 8];
/** Line characters by the sum of the directions. */
const LINES = ' ╵╶└╷│┌├╴┘─┴┐┤┬┼';

/** Returns a drawing in characters, as lines that are at most as long as the layout is wide. */
export function drawingLines(layout: Layout): readonly string[] {
  const canvas = createCanvas(layout);
  for (const frame of layout.frames) canvas.rectangle({ ...frame, left: 0, right: layout.width - 1 });
  for (const box of layout.boxes) drawBox(box, canvas);
  for (const { points } of [...layout.wires, ...layout.lanes]) canvas.line(points);
  for (const { title, top, titleAt } of layout.frames) canvas.write([titleAt, top], ` ${title} `);
  for (const {
    text,
    textAt: [x, y],
  } of layout.lanes)
    canvas.write([x - 1, y], ` ${text} `);
  for (const { points } of layout.lanes) canvas.write(points[3], '▼');
  return canvas.lines();
}

function drawBox({ area, title, lines, ports }: PlacedBox, canvas: Canvas): void {
  canvas.rectangle(area);
  [title, ...lines].forEach((text, index) => {
    canvas.write([area.left + 2, area.top + 1 + index], text);
  });
  for (const port of ports) drawBox(port, canvas);
}

interface Canvas {
  line(points: readonly Point[]): void;
  rectangle(area: Rectangle): void;
  write(at: Point, text: string): void;
  lines(): readonly string[];
}

function createCanvas({ width, height }: Layout): Canvas {
  const joints = Array.from({ length: height }, () => new Array<number>(width).fill(0));
  const texts = Array.from({ length: height }, () => new Array<string | undefined>(width).fill(undefined));
  const join = (x: number, y: number, direction: number) => {
    const row = joints[y];
    if (row !== undefined && x >= 0 && x < width) row[x] = (row[x] ?? 0) | direction;
  };
  const segment = ([x1, y1]: Point, [x2, y2]: Point) => {
    for (let x = Math.min(x1, x2); x < Math.max(x1, x2); x += 1) {
      join(x, y1, EAST);
      join(x + 1, y1, WEST);
    }
    for (let y = Math.min(y1, y2); y < Math.max(y1, y2); y += 1) {
      join(x1, y, SOUTH);
      join(x1, y + 1, NORTH);
    }
  };
  const line = (points: readonly Point[]) => {
    points.slice(1).forEach((point, index) => {
      segment(points[index] ?? point, point);
    });
  };
  return {
    line,
    rectangle: ({ left, top, right, bottom }) =>
      line([
        [left, top],
        [right, top],
        [right, bottom],
        [left, bottom],
        [left, top],
      ]),
    write([x, y], text) {
      const row = texts[y];
      if (row === undefined) return;
      let at = x;
      for (const character of text) {
        if (at < width) row[at] = character;
        at += 1;
        // A character with two columns also occupies the next cell.
        if (widthOf(character) === 2 && at < width) row[at++] = '';
      }
    },
    lines: () =>
      joints.map((row, y) =>
        row
          .map((directions, x) => texts[y]?.[x] ?? LINES[directions] ?? ' ')
          .join('')
          .trimEnd(),
      ),
  };
}
