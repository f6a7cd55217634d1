import { useState } from 'preact/hooks';
import { changeName } from '../../../review/changes/change-name.ts';
import type { ChangeRecord } from '../../../review/record/run-record.ts';
import { Command, CopyButton } from '../parts/command.tsx';
import { DataTable } from '../parts/data-table.tsx';
import { Prose } from '../parts/prose.tsx';
import { Status } from '../parts/status.tsx';
import { type StepAddresses, StepLink } from './step-link.tsx';

interface LedgerProps {
  readonly changes: readonly ChangeRecord[];
  readonly steps: StepAddresses;
  /** Address of the page with more about them. */
  readonly more: string;
}

const FIRST_ROWS = 100;

/** All changes of the run, in order, each with its status and the commands that undo it by hand. */
export function Ledger({ changes, steps, more }: LedgerProps) {
  const [isWhole, setWhole] = useState(false);
  const shown = isWhole ? changes : changes.slice(0, FIRST_ROWS);
  return (
    <section aria-labelledby="ledger">
      <h2 id="ledger">Ledger</h2>
      {changes.length === 0 ? (
        <p>The run has changed nothing on the host.</p>
      ) : (
        <p>
          {counts(changes)}. <a href={more}>Identities, times and fingerprints</a>
        </p>
      )}
      <Remaining changes={changes} />
      {changes.length === 0 ? null : (
        <DataTable
          caption="Changes"
          isCaptionUnseen
          columns={['#', 'Target', 'Step', 'Status', 'Reason', 'Undo']}
          rows={shown.map(({ seq, target, title, step, status, reason, undo }) => [
            seq,
            changeName({ title, target }),
            <StepLink id={step} steps={steps} />,
            <Status status={status} />,
            reason ?? '',
            undo.length === 0 ? '' : <Undo lines={undo} />,
          ])}
        />
      )}
      {shown.length === changes.length ? null : (
        <button type="button" onClick={() => setWhole(true)}>
          {`Show all ${changes.length} changes`}
        </button>
      )}
    </section>
  );
}

function Undo({ lines }: { readonly lines: readonly string[] }) {
  return (
    <details>
      <summary>{lines.length === 1 ? '1 command' : `${lines.length} commands`}</summary>
      <ul class="undo">
        {lines.map((line) => (
          <li key={line}>
            <Command line={line} />
          </li>
        ))}
      </ul>
    </details>
  );
}

/** The commands that undo the changes which are still in place, newest first. */
function Remaining({ changes }: Pick<LedgerProps, 'changes'>) {
  const lines = changes
    .filter(({ status }) => NEED_UNDO.includes(status))
    .toReversed()
    .flatMap(({ undo }) => undo);
  if (lines.length === 0) return null;
  const text = lines.join('\n');
  return (
    <details class="remaining">
      <summary>Undo the changes in place by hand</summary>
      <p>
        <Prose text="Type these commands in this order. `wf rollback` does the same, and verifies the host." />
      </p>
      <pre>{text}</pre>
      <CopyButton text={text} label="Copy all commands" />
    </details>
  );
}

const NEED_UNDO: readonly ChangeRecord['status'][] = ['intended', 'applied', 'stuck'];

/** Returns `2 applied, 3 reverted`. */
function counts(changes: readonly ChangeRecord[]): string {
  const found = new Map<string, number>();
  for (const { status } of changes) found.set(status, (found.get(status) ?? 0) + 1);
  return [...found].map(([status, count]) => `${count} ${status}`).join(', ');
}
