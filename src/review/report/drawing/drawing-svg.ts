import type { Drawing } from '../../../engine/workflow/narrative.ts';
import type { SvgPicture } from '../../svg-picture.ts';
import { widthOf } from '../../text/format/plain-text.ts';
import { html, lines, type Markup, trusted } from '../markup.ts';
import { drawingStyle } from '../style-sheet.ts';
import type { ReportWords } from '../words.ts';
import type { PlacedBox, Rectangle } from './drawing-boxes.ts';
import type { PlacedLane } from './drawing-lanes.ts';
import { type Layout, layoutDrawing, type Point } from './drawing-layout.ts';
import { drawingInWords, pathLabel } from './drawing-paths.ts';

/** Size of a cell in pixels: a character of 13 pixels in a monospaced font is at most 8 wide. */
const CELL = { width: 8, height: 18 };
/** Distance of the baseline of a text from the upper edge of its cell. */
const BASELINE = 13;
const ARROW = { width: 5, height: 9 };

/** Returns a drawing as SVG, with the colours of the page's style sheet. @param id unique in the page */
export function drawingSvg(drawing: Drawing, id: string, words: ReportWords): Markup {
  return drawn(drawing, id, words, html``).svg;
}

/** Returns a drawing as an SVG file with its own style, in light and dark, and its size in pixels. */
export function drawingFile(drawing: Drawing, words: ReportWords): SvgPicture {
  const { svg, ...size } = drawn(drawing, 'drawing', words, html`<style>${trusted(drawingStyle())}</style>`);
  return { svg: svg.markup, ...size };
}

function drawn(drawing: Drawing, id: string, words: ReportWords, style: Markup) {
  const layout = layoutDrawing(drawing, (path) => pathLabel(path, words));
  const [width, height] = [layout.width * CELL.width, layout.height * CELL.height];
  const svg = html`<svg role="img" aria-labelledby="${id}-title ${id}-description" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" xmlns="http://www.w3.org/2000/svg">
${style}<title id="${id}-title">${drawing.title}</title>
<desc id="${id}-description">${drawingInWords(drawing, words)}</desc>
${lines(shapes(layout))}
</svg>`;
  return { svg, width, height };
}

function shapes(layout: Layout): readonly Markup[] {
  return [
    ...layout.frames.flatMap((frame) => [
      rectangle({ ...frame, left: 0, right: layout.width - 1 }, 'frame'),
      ...label([frame.titleAt + 1, frame.top], frame.title, 'title'),
    ]),
    ...layout.wires.map(({ points, origin }) => polyline(points, `wire ${origin}`)),
    ...layout.boxes.flatMap((box) => boxShapes(box, 'box')),
    ...layout.lanes.flatMap(laneShapes),
  ];
}

function boxShapes({ area, title, lines: more, ports, origin }: PlacedBox, kind: 'box' | 'port'): readonly Markup[] {
  return [
    rectangle(area, `${kind} ${origin}`),
    ...[title, ...more].map((text, index) =>
      textAt([area.left + 2, area.top + 1 + index], text, index === 0 ? 'title' : 'line'),
    ),
    ...ports.flatMap((port) => boxShapes(port, 'port')),
  ];
}

function laneShapes({ path, points, text, textAt: at }: PlacedLane): readonly Markup[] {
  const [x, y] = centre(points[3]);
  const tip = y + CELL.height / 2;
  const foot = tip - ARROW.height;
  const arrow = `${x - ARROW.width},${foot} ${x + ARROW.width},${foot} ${x},${tip}`;
  return [
    polyline(points, `path ${path.state}`),
    html`<polygon class="arrow ${path.state}" points="${arrow}"/>`,
    ...label(at, text, `label ${path.state}`),
  ];
}

/** Returns a text on an opaque background. */
function label(at: Point, text: string, kind: string): readonly Markup[] {
  const [left, top] = [(at[0] - 1) * CELL.width, at[1] * CELL.height];
  const width = (widthOf(text) + 2) * CELL.width;
  return [
    html`<rect class="behind" x="${left}" y="${top}" width="${width}" height="${CELL.height}"/>`,
    textAt(at, text, kind),
  ];
}

function textAt([x, y]: Point, text: string, kind: string): Markup {
  return html`<text class="${kind}" x="${x * CELL.width}" y="${y * CELL.height + BASELINE}">${text}</text>`;
}

/** Returns a rectangle through the middle of its cells, like lines of characters. */
function rectangle({ left, top, right, bottom }: Rectangle, kind: string): Markup {
  const [x, y] = centre([left, top]);
  return html`<rect class="${kind}" x="${x}" y="${y}" width="${(right - left) * CELL.width}" height="${(bottom - top) * CELL.height}" rx="4"/>`;
}

function polyline(points: readonly Point[], kind: string): Markup {
  const drawn = points.map((point) => centre(point).join(',')).join(' ');
  return html`<polyline class="${kind}" points="${drawn}"/>`;
}

function centre([x, y]: Point): Point {
  return [(x + 0.5) * CELL.width, (y + 0.5) * CELL.height];
}
