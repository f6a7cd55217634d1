import type { ComponentChildren } from 'preact';
import { ScrollBox } from './scroll-box.tsx';

interface DataTableProps {
  readonly caption: string;
  /** Whether the caption is for screen readers alone, as the table follows its heading. */
  readonly isCaptionUnseen?: boolean;
  readonly columns: readonly string[];
  /** The first cell of each row names it. */
  readonly rows: readonly (readonly ComponentChildren[])[];
}

/** A table that scrolls sideways in itself on a narrow screen. */
export function DataTable({ caption, isCaptionUnseen = false, columns, rows }: DataTableProps) {
  return (
    <ScrollBox label={caption}>
      <table>
        <caption class={isCaptionUnseen ? 'unseen' : undefined}>{caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((cells, row) => (
            <tr key={row}>
              {cells.map((cell, index) =>
                index === 0 ? (
                  <th key={columns[index]} scope="row">
                    {cell}
                  </th>
                ) : (
                  <td key={columns[index]}>{cell}</td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollBox>
  );
}
