import { useState } from 'preact/hooks';
import { changeName } from '../../../../review/changes/change-name.ts';
import type { ChangeRecord } from '../../../../review/record/run-record.ts';
import { typedCommand } from '../typed-command.ts';
import { ActionDialog } from './action-dialog.tsx';
import { CommentField } from './comment-field.tsx';
import type { DialogProps } from './dialog-props.ts';

interface SettleDialogProps extends DialogProps {
  readonly change: ChangeRecord;
}

/** Records how a person has dealt with a change that wf could not undo. */
export function SettleDialog({ frame, view, change, act, onClose }: SettleDialogProps) {
  const { id } = view.run;
  const [as, setAs] = useState<'gone' | 'kept'>('gone');
  const [reason, setReason] = useState('');
  const [problem, setProblem] = useState<string | undefined>(undefined);
  const current = view.changes.find(({ seq }) => seq === change.seq) ?? change;
  const isSettled = current.status !== 'stuck';
  return (
    <ActionDialog
      frame={frame}
      title={`Settle change ${change.seq}`}
      act={as === 'gone' ? 'Record it as gone' : 'Record it as kept'}
      command={typedCommand(
        frame,
        'settle',
        [id, String(change.seq)],
        [
          ['--as', as],
          ['--reason', reason === '' ? '...' : reason],
        ],
      )}
      refusal={
        isSettled
          ? { message: `the change is ${current.status} already`, hint: 'Close the dialog.' }
          : view.actions.settle
      }
      isReady
      onAct={async () => {
        if (reason.trim() === '') {
          setProblem('Enter a reason.');
          return 'incomplete';
        }
        return act({
          name: 'settle',
          body: { change: change.seq, as, reason },
          words: ({ status }) => `Change ${change.seq} is settled as ${as}; the run is ${status}.`,
        });
      }}
      onClose={onClose}
    >
      <p>
        wf could not undo <span class="target">{changeName(change)}</span>
        {change.reason === null ? '' : `: ${change.reason}`}
      </p>
      {change.undo.length === 0 ? null : (
        <>
          <p>To undo it by hand:</p>
          <pre>{change.undo.join('\n')}</pre>
        </>
      )}
      <fieldset>
        <legend>What has become of it?</legend>
        <p class="check">
          <input id="settle-gone" type="radio" name="as" checked={as === 'gone'} onChange={() => setAs('gone')} />{' '}
          <label for="settle-gone">It is gone: somebody has removed it</label>
        </p>
        <p class="check">
          <input id="settle-kept" type="radio" name="as" checked={as === 'kept'} onChange={() => setAs('kept')} />{' '}
          <label for="settle-kept">It stays, on purpose</label>
        </p>
      </fieldset>
      <CommentField
        label="Reason, required"
        comment={reason}
        problem={problem}
        onType={(text) => {
          setReason(text);
          setProblem(undefined);
        }}
      />
    </ActionDialog>
  );
}
