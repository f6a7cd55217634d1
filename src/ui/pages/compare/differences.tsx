import type { Json } from '../../../engine/model/json.ts';
import { SidesTable } from './sides-table.tsx';

/** Two values of one thing; a side without a value is absent. */
export interface NamedDifference {
  readonly name: string;
  readonly first?: Json;
  readonly second?: Json;
}

interface DifferencesProps {
  /** The subject of the differences, for the head of the table. */
  readonly title: string;
  /** The ids of the two runs. */
  readonly ids: readonly [string, string];
  readonly differences: readonly NamedDifference[];
}

/** Values that differ between two runs. */
export function Differences({ title, ids, differences }: DifferencesProps) {
  return (
    <SidesTable caption={`${title}s that differ`} subject={title} ids={ids} kind="differences">
      {differences.map(({ name, first, second }) => (
        <tr key={name}>
          <th scope="row">{name}</th>
          <ValueCell value={first} />
          <ValueCell value={second} />
        </tr>
      ))}
    </SidesTable>
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
