import type { ChangeRecord } from '../../../../review/record/run-record.ts';

interface ChangeListProps {
  readonly changes: readonly ChangeRecord[];
  /** Whether the commands that undo them are shown. */
  readonly hasUndo?: boolean;
}

/** Changes of a run, in the order in which something happens to them. */
export function ChangeList({ changes, hasUndo = false }: ChangeListProps) {
  return (
    <ol class="change-list">
      {changes.map(({ seq, kind, target, status, undo }) => (
        <li key={seq}>
          <span class="target">{target}</span>{' '}
          <span class="quiet">
            {kind}, change {seq}, {status}
          </span>
          {hasUndo && undo.length > 0 ? <pre>{undo.join('\n')}</pre> : null}
        </li>
      ))}
    </ol>
  );
}
