import type { TextSink } from './terminal.ts';

const ESCAPE = '\u001B[';
/** Terminals with synchronized updates show the enclosed output at once; others ignore these sequences. */
const BEGIN_UPDATE = `${ESCAPE}?2026h`;
const END_UPDATE = `${ESCAPE}?2026l`;

/**
 * Draws lines on a terminal and redraws them in place. No line may be wider than the terminal. The cursor stays visible, so a
 * killed process leaves the terminal unchanged.
 */
export function createLivePicture(terminal: Pick<TextSink, 'write'>) {
  let drawn: readonly string[] = [];
  const back = () => (drawn.length === 0 ? '' : `${ESCAPE}${drawn.length}A`);
  return {
    draw(lines: readonly string[]) {
      // Overwrites each line, then clears the rest of it and the lines below: nothing flickers or remains.
      const written = lines.map((line) => `${line}${ESCAPE}K\n`).join('');
      terminal.write(`${BEGIN_UPDATE}${back()}\r${written}${ESCAPE}J${END_UPDATE}`);
      drawn = lines;
    },
    clear() {
      terminal.write(`${back()}\r${ESCAPE}J`);
      drawn = [];
    },
  };
}
