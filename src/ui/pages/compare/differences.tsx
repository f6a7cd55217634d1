import type { Json } from '../../../engine/model/json.ts';

/** Two values of one thing; a side without a value is absent. */
export interface NamedDifference {
  readonly name: string;
  readonly first?: Json;
  readonly second?: Json;
}

interface DifferencesProps {
  /** What differs, for the head of the table. */
  readonly title: string;
  /** The ids of the two runs. */
  readonly ids: readonly [string, string];
  readonly differences: readonly NamedDifference[];
}

/** Values that differ between two runs. */
export function Differences({ title, ids, differences }: DifferencesProps) {
  return (
    <table class="differences">
      <caption class="unseen">{title}s that differ</caption>
      <thead>
        <tr>
          <th scope="col">{title}</th>
          {ids.map((id) => (
            <th key={id} scope="col">
              {id}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {differences.map(({ name, first, second }) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <ValueCell value={first} />
            <ValueCell value={second} />
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function ValueCell({ value }: { readonly value: Json | undefined }) {
  if (value === undefined) return <td class="quiet">absent</td>;
  return (
    <td>
      <code>{typeof value === 'string' && value !== '' ? value : JSON.stringify(value)}</code>
    </td>
  );
}
