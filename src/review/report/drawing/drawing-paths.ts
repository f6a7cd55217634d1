import type { Drawing } from '../../../engine/workflow/narrative.ts';
import { plain, strong, type Text } from '../document.ts';
import type { ReportWords } from '../words.ts';

type Path = Drawing['paths'][number];

/** Returns the label of a drawn path, with its state as sign and word: its line and colour alone are not enough. */
export function pathLabel({ state, seen }: Path, words: ReportWords): string {
  return `${words.paths[state]}${words.colon}${seen}`;
}

/** Returns source, target, result and observation of each tested path, drawn or not. */
export function pathRows(drawing: Drawing, words: ReportWords): readonly (readonly Text[])[] {
  return drawing.paths.map((path) => [
    plain(endName(path.from, drawing)),
    plain(endName(path.to, drawing)),
    strong(words.paths[path.state]),
    plain(path.seen),
  ]);
}

/** Returns the drawing in words: the content and the connections of each box. */
export function drawingInWords(drawing: Drawing, words: ReportWords): string {
  const { connected, added } = words.shows;
  const mark = (origin: 'given' | 'added') => (origin === 'added' ? ` (${added})` : '');
  const boxes = drawing.layers.flatMap(({ group, boxes }) =>
    boxes.map((box) => {
      const ports = box.ports.map((port) => `${[port.title, ...port.lines].join(' ')}${mark(port.origin)}`);
      const parts = [...(group === null ? [] : [group]), ...box.lines, ...ports];
      return `${box.title}${mark(box.origin)}${parts.length === 0 ? '' : `${words.colon}${parts.join(', ')}`}.`;
    }),
  );
  const wires = drawing.wires.map(
    ({ from, to, origin }) => `${endName(from, drawing)} ${connected} ${endName(to, drawing)}${mark(origin)}.`,
  );
  const paths = drawing.paths.map(
    (path) => `${endName(path.from, drawing)} → ${endName(path.to, drawing)}${words.colon}${pathLabel(path, words)}.`,
  );
  return [...boxes, ...wires, ...paths].join(' ');
}

/** Returns the name of a box or port; any other id unchanged. */
function endName(id: string, { layers }: Drawing): string {
  for (const box of layers.flatMap(({ boxes }) => boxes)) {
    if (box.id === id) return box.title;
    const port = box.ports.find((candidate) => candidate.id === id);
    if (port !== undefined) return `${box.title} ${[port.title, ...port.lines].join(' ')}`;
  }
  return id;
}
