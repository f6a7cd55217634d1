import type { TextSink } from './terminal.ts';

const ESCAPE = '\u001B[';
/** What comes in between is shown at once by terminals that can do that; others ignore these. */
const BEGIN_UPDATE = `${ESCAPE}?2026h`;
const END_UPDATE = `${ESCAPE}?2026l`;

/**
 * Lines on a terminal that are drawn anew in place. None may be wider than the terminal. The cursor is never hidden: a process that
 * is killed leaves the terminal as it was.
 */
export function createLivePicture(terminal: Pick<TextSink, 'write'>) {
  let drawn: readonly string[] = [];
  const back = () => (drawn.length === 0 ? '' : `${ESCAPE}${drawn.length}A`);
  return {
    draw(lines: readonly string[]) {
      // Each line is written over, then what is left of the old one and the lines below it go: nothing blinks, nothing stays.
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
