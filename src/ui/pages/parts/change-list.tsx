import type { ChangeRecord } from '../../../review/record/run-record.ts';
import { Status } from './status.tsx';

/** Changes with their status, and the commands that undo them by hand. */
export function ChangeList({ changes }: { readonly changes: readonly ChangeRecord[] }) {
  return (
    <ol class="changes">
      {changes.map(({ seq, step, target, status, reason, undo }) => (
        <li key={seq}>
          <p>
            <strong>{target}</strong> <Status status={status} /> <span class="quiet">by {step}</span>
          </p>
          {reason !== null && <p class="quiet">{reason}</p>}
          {undo.length > 0 && (
            <pre>
              <code>{undo.join('\n')}</code>
            </pre>
          )}
        </li>
      ))}
    </ol>
  );
}
