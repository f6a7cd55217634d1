const ESCAPE = '\u001B';

/** The rows that a terminal shows after this output. Supports only the sequences of the live view, and refuses others. */
export function screenOf(written: string): readonly string[] {
  const rows: string[][] = [];
  let row = 0;
  let column = 0;
  for (const part of written.split(new RegExp(`(${ESCAPE}\\[[?\\d;]*[A-Za-z])`))) {
    const cells = rows[row] ?? [];
    rows[row] = cells;
    const given = part.slice(2, -1);
    const count = Number(given || 1);
    if (part.startsWith(ESCAPE)) {
      const kind = part.at(-1) ?? '';
      if (kind === 'A') row = Math.max(0, row - count);
      else if (kind === 'K') cells.splice(column);
      else if (kind === 'J') rows.splice(row, rows.length, cells.slice(0, column));
      // Colours, and updates that are shown at once.
      else if (!'mhl'.includes(kind)) throw new Error(`this screen does not know ${JSON.stringify(part)}`);
      continue;
    }
    for (const character of part) {
      if (character === '\n') row += 1;
      if (character === '\n' || character === '\r') column = 0;
      else {
        const line = rows[row] ?? [];
        rows[row] = line;
        line[column++] = character;
      }
    }
  }
  return Array.from(rows, (cells) =>
    Array.from(cells ?? [], (cell) => cell ?? ' ')
      .join('')
      .trimEnd(),
  );
}
