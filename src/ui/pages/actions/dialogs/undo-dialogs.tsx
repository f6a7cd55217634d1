import { useState } from 'preact/hooks';
import type { ChangeRecord } from '../../../../review/record/run-record.ts';
import { ChangeList } from '../../parts/change-list.tsx';
import { commentOption, typedCommand } from '../typed-command.ts';
import { usePreview } from '../use-preview.ts';
import { ActionDialog } from './action-dialog.tsx';
import { CheckBox } from './check-box.tsx';
import { CommentField } from './comment-field.tsx';
import type { DialogProps } from './dialog-props.ts';
import { SecretFields, useSecrets } from './secret-fields.tsx';

/** Ends a run, and undoes its changes unless they are to stay. */
export function CancelDialog({ frame, view, act, onClose }: DialogProps) {
  const { id } = view.run;
  const { preview, refusal } = usePreview(frame, view, 'cancel');
  const [keep, setKeep] = useState(false);
  const [comment, setComment] = useState('');
  const options = keep ? ([['--keep']] as const) : [];
  const stops = preview?.stops ?? [];
  return (
    <ActionDialog
      frame={frame}
      title={`Cancel run ${id}`}
      act={keep ? 'Cancel the run' : 'Cancel and undo'}
      isDangerous
      command={typedCommand(frame, 'cancel', [id], [...options, ...commentOption(comment)])}
      refusal={refusal}
      isReady={preview !== null}
      onAct={() =>
        act({
          name: 'cancel',
          body: { keep, comment },
          words: ({ status }) => `The run was cancelled; it is ${status}.`,
        })
      }
      onClose={onClose}
    >
      <p>
        {stops.length === 0 ? 'The run ends' : `wf stops the running steps (${stops.join(', ')}), and the run ends`}
        {keep ? ' as failed.' : '.'}
      </p>
      {view.run.status === 'unconfirmed' ? null : (
        <CheckBox id="cancel-keep" label="Leave its changes in place" isChecked={keep} onChange={setKeep} />
      )}
      {preview === null ? null : keep ? (
        <Stays changes={[...preview.undo, ...preview.kept]} />
      ) : (
        <Undone undo={preview.undo} kept={preview.kept} />
      )}
      <CommentField comment={comment} onType={setComment} />
    </ActionDialog>
  );
}

/** Undoes the changes of a run in place. */
export function RollbackDialog({ frame, view, act, onClose }: DialogProps) {
  const { id } = view.run;
  const { preview, refusal } = usePreview(frame, view, 'rollback');
  const [removeImages, setRemoveImages] = useState(false);
  const secrets = useSecrets(view, false);
  const hasImages = preview?.kept.some(({ kind }) => kind === 'docker.image') ?? false;
  const options = [...(removeImages ? ([['--remove-images']] as const) : []), ...secrets.options];
  return (
    <ActionDialog
      frame={frame}
      title={`Roll back run ${id}`}
      act="Undo the changes"
      isDangerous
      command={typedCommand(frame, 'rollback', [id], options)}
      refusal={refusal}
      isReady={preview !== null}
      onAct={() => {
        const body = { removeImages, input: secrets.form.data() ?? {} };
        return act({ name: 'rollback', body, words: ({ status }) => `The run is ${status}.` });
      }}
      onClose={onClose}
      fields={
        <SecretFields
          secrets={secrets}
          text="wf stores no secrets. A change whose undo needs one that is missing is not undone: a second rollback undoes it."
        />
      }
    >
      {preview === null ? null : <Undone undo={preview.undo} kept={preview.kept} />}
      {hasImages ? (
        <CheckBox
          id="remove-images"
          label="Also remove the images that the run pulled"
          isChecked={removeImages}
          onChange={setRemoveImages}
        />
      ) : null}
    </ActionDialog>
  );
}

interface UndoneProps {
  readonly undo: readonly ChangeRecord[];
  readonly kept: readonly ChangeRecord[];
}

function Undone({ undo, kept }: UndoneProps) {
  return (
    <>
      {undo.length === 0 ? (
        <p>There is no change to undo.</p>
      ) : (
        <>
          <p>
            wf undoes {undo.length === 1 ? 'this change' : `these ${undo.length} changes, newest first`}, then compares
            the host with its state before the run.
          </p>
          <ChangeList changes={undo} />
        </>
      )}
      {kept.length === 0 ? null : (
        <>
          <p>These stay by design:</p>
          <ChangeList changes={kept} hasUndo={false} />
        </>
      )}
    </>
  );
}

function Stays({ changes }: { readonly changes: readonly ChangeRecord[] }) {
  if (changes.length === 0) return <p>The run has made no change.</p>;
  return (
    <>
      <p>These changes stay in place; a rollback can undo them later:</p>
      <ChangeList changes={changes} hasUndo={false} />
    </>
  );
}
