import type { ComponentChildren } from 'preact';

interface SidesTableProps {
  /** For screen readers alone: the table follows its heading. */
  readonly caption: string;
  /** The head of the first column. */
  readonly subject: string;
  /** The ids of the two runs. */
  readonly ids: readonly [string, string];
  /** Class of the table, for its style. */
  readonly kind?: string;
  /** Its rows: a subject, and a cell for each run. */
  readonly children: ComponentChildren;
}

/** A table with a column for each of two runs. */
export function SidesTable({ caption, subject, ids, kind, children }: SidesTableProps) {
  return (
    <table class={kind}>
      <caption class="unseen">{caption}</caption>
      <thead>
        <tr>
          <th scope="col">{subject}</th>
          {ids.map((id) => (
            <th key={id} scope="col">
              {id}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  );
}
