import { useState } from 'preact/hooks';
import { FieldFrame } from '../../forms/field-frame.tsx';
import { ChangeList } from '../../parts/change-list.tsx';
import { Moment } from '../../parts/moment.tsx';
import { commentOption, typedCommand } from '../typed-command.ts';
import { usePreview } from '../use-preview.ts';
import { ActionDialog } from './action-dialog.tsx';
import { CommentField } from './comment-field.tsx';
import type { DialogProps } from './dialog-props.ts';

/** Keeps the changes of an unconfirmed run. */
export function ConfirmDialog({ frame, view, act, onClose }: DialogProps) {
  const { id } = view.run;
  const { preview, refusal } = usePreview(frame, view, 'confirm');
  const [comment, setComment] = useState('');
  const keeps = preview?.keeps ?? [];
  return (
    <ActionDialog
      frame={frame}
      title={`Confirm run ${id}`}
      act="Keep the changes"
      command={typedCommand(frame, 'confirm', [id], commentOption(comment))}
      refusal={refusal}
      isReady={preview !== null}
      onAct={() =>
        act({ name: 'confirm', body: { comment }, words: ({ status }) => `The run is confirmed: it is ${status}.` })
      }
      onClose={onClose}
    >
      {keeps.length === 0 ? (
        <p>The run ends as succeeded.</p>
      ) : (
        <>
          <p>The run ends as succeeded, and {keeps.length === 1 ? 'this change stays' : 'these changes stay'}:</p>
          <ChangeList changes={keeps} hasUndo={false} />
        </>
      )}
      <CommentField comment={comment} onType={setComment} />
    </ActionDialog>
  );
}

/** Moves the deadline of an unconfirmed run. */
export function ExtendDialog({ frame, view, act, onClose }: DialogProps) {
  const { id } = view.run;
  const { preview, refusal } = usePreview(frame, view, 'confirm');
  const [extend, setExtend] = useState('10m');
  const [comment, setComment] = useState('');
  const [problem, setProblem] = useState<string | undefined>(undefined);
  return (
    <ActionDialog
      frame={frame}
      title={`Extend the deadline of run ${id}`}
      act="Extend"
      command={typedCommand(frame, 'confirm', [id], [['--extend', extend], ...commentOption(comment)])}
      refusal={refusal}
      isReady={preview !== null}
      onAct={async () => {
        if (!/^(?:\d{1,7}[smhdw])+$/.test(extend)) {
          setProblem('Write it as 90s, 15m or 1h30m.');
          return 'incomplete';
        }
        return act({ name: 'confirm', body: { extend, comment }, words: () => 'The deadline is extended.' });
      }}
      onClose={onClose}
    >
      <p>
        The changes are undone at <Moment at={preview?.deadline ?? null} /> now. The new deadline counts from the moment
        of the request.
      </p>
      <FieldFrame id="extend-by" label="Time from now" hint="Such as 90s, 15m or 1h30m." problem={problem}>
        <input
          id="extend-by"
          aria-describedby="extend-by-hint extend-by-problem"
          aria-invalid={problem !== undefined}
          value={extend}
          onInput={(event) => {
            setExtend(event.currentTarget.value);
            setProblem(undefined);
          }}
        />
      </FieldFrame>
      <CommentField comment={comment} onType={setComment} />
    </ActionDialog>
  );
}
