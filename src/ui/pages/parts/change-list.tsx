import { changeName } from '../../../review/changes/change-name.ts';
import type { ChangeRecord } from '../../../review/record/run-record.ts';
import { displayedText } from '../../views/displayed.ts';
import { Status } from './status.tsx';

interface ChangeListProps {
  readonly changes: readonly ChangeRecord[];
  /** Whether the commands that undo them by hand are shown. */
  readonly hasUndo?: boolean;
}

/** Changes, in the order in which something happens to them. */
export function ChangeList({ changes, hasUndo = true }: ChangeListProps) {
  return (
    <ol class="changes">
      {changes.map(({ seq, step, target, title, status, reason, undo }) => (
        <li key={seq}>
          <p>
            <strong>{changeName({ title, target })}</strong> <Status status={status} />{' '}
            <span class="quiet">
              change {seq}, by {displayedText(step)}
            </span>
          </p>
          {reason !== null && <p class="quiet">{reason}</p>}
          {hasUndo && undo.length > 0 && (
            <pre>
              <code>{undo.join('\n')}</code>
            </pre>
          )}
        </li>
      ))}
    </ol>
  );
}
