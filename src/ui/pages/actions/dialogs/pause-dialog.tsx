import { useState } from 'preact/hooks';
import { commentOption, typedCommand } from '../typed-command.ts';
import { usePreview } from '../use-preview.ts';
import { ActionDialog } from './action-dialog.tsx';
import { CommentField } from './comment-field.tsx';
import type { DialogProps } from './dialog-props.ts';

/** Lets the running steps of a run finish, and pauses it. */
export function PauseDialog({ frame, view, act, onClose }: DialogProps) {
  const { id } = view.run;
  const { preview, refusal } = usePreview(frame, view, 'pause');
  const [comment, setComment] = useState('');
  const finishes = preview?.finishes ?? [];
  return (
    <ActionDialog
      frame={frame}
      title={`Pause run ${id}`}
      act="Pause"
      command={typedCommand(frame, 'pause', [id], commentOption(comment))}
      refusal={refusal}
      isReady={preview !== null}
      onAct={() => act({ name: 'pause', body: { comment }, words: ({ status }) => `The run is ${status}.` })}
      onClose={onClose}
    >
      <p>
        {finishes.length === 0
          ? 'No step is running. wf begins no other step until somebody resumes the run.'
          : `wf lets ${finishes.join(', ')} finish, and begins no other step until somebody resumes the run.`}
      </p>
      <CommentField comment={comment} onType={setComment} />
    </ActionDialog>
  );
}
