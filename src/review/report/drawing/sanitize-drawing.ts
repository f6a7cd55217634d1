import type { Drawing } from '../../../engine/workflow/narrative.ts';
import { line } from '../document.ts';

type Box = Drawing['layers'][number]['boxes'][number];
type Port = Box['ports'][number];

/** Returns a drawing with each of its texts sanitized, on one line. */
export function sanitizedDrawing(drawing: Drawing): Drawing {
  return {
    ...drawing,
    title: line(drawing.title),
    text: line(drawing.text),
    layers: drawing.layers.map(({ group, boxes }) => ({
      group: group === null ? null : line(group),
      boxes: boxes.map((box) => ({ ...sanitizedPort(box), ports: box.ports.map(sanitizedPort) })),
    })),
    paths: drawing.paths.map((path) => ({ ...path, seen: line(path.seen) })),
  };
}

function sanitizedPort<One extends Port>(port: One): One {
  return { ...port, title: line(port.title), lines: port.lines.map(line) };
}
