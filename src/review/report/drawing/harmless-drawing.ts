import type { Drawing } from '../../../engine/workflow/narrative.ts';
import { line } from '../document.ts';

type Box = Drawing['layers'][number]['boxes'][number];
type Port = Box['ports'][number];

/** The same drawing with all its words as lines that are shown as they are. */
export function harmlessDrawing(drawing: Drawing): Drawing {
  return {
    ...drawing,
    title: line(drawing.title),
    text: line(drawing.text),
    layers: drawing.layers.map(({ group, boxes }) => ({
      group: group === null ? null : line(group),
      boxes: boxes.map((box) => ({ ...harmlessPort(box), ports: box.ports.map(harmlessPort) })),
    })),
    paths: drawing.paths.map((path) => ({ ...path, seen: line(path.seen) })),
  };
}

function harmlessPort<One extends Port>(port: One): One {
  return { ...port, title: line(port.title), lines: port.lines.map(line) };
}
