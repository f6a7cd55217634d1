import { useState } from 'preact/hooks';
import type { ResumePlan } from '../../../views/action-preview.ts';
import { displayedText } from '../../../views/displayed.ts';
import { DataTable } from '../../parts/data-table.tsx';
import { commentOption, typedCommand } from '../typed-command.ts';
import { usePreview } from '../use-preview.ts';
import { ActionDialog } from './action-dialog.tsx';
import { CheckBox } from './check-box.tsx';
import { CommentField } from './comment-field.tsx';
import type { DialogProps } from './dialog-props.ts';
import { SecretFields, type TypedSecrets, useSecrets } from './secret-fields.tsx';

/** Resumes a run that no process advances. */
export function ResumeDialog({ frame, view, act, onClose }: DialogProps) {
  const { id } = view.run;
  const [acceptChanges, setAcceptChanges] = useState(false);
  const secrets = useSecrets(view, true);
  const { preview, refusal } = usePreview(frame, view, 'resume', planOptions(acceptChanges, secrets));
  return (
    <ActionDialog
      frame={frame}
      title={`Resume run ${id}`}
      act="Resume"
      command={typedCommand(frame, 'resume', [id], [...acceptOption(acceptChanges), ...secrets.options])}
      refusal={refusal}
      isReady={preview !== null || secrets.given === null}
      onAct={async () => {
        const input = secrets.form.data();
        // People first see what will happen.
        if (input === undefined || preview === null) return 'incomplete';
        const body = { acceptChanges, input };
        return act({ name: 'resume', body, words: ({ status }) => `The run was resumed; it is ${status}.` });
      }}
      onClose={onClose}
      fields={<SecretFields secrets={secrets} text={SECRETS_TEXT} />}
    >
      <Planned plan={preview?.plan ?? null} stages={view.stages.map(({ name }) => name)} />
      <AcceptChanges code={preview?.refusal?.code} isAccepted={acceptChanges} onChange={setAcceptChanges} />
    </ActionDialog>
  );
}

/** Continues a failed run, or starts a rolled-back one anew. */
export function RetryDialog({ frame, view, act, onClose }: DialogProps) {
  const { id } = view.run;
  const [acceptChanges, setAcceptChanges] = useState(false);
  const [comment, setComment] = useState('');
  const secrets = useSecrets(view, true);
  const { preview, refusal } = usePreview(frame, view, 'retry', planOptions(acceptChanges, secrets));
  const options = [...acceptOption(acceptChanges), ...secrets.options, ...commentOption(comment)];
  return (
    <ActionDialog
      frame={frame}
      title={`Retry run ${id}`}
      act={preview?.plan?.direction === 'anew' ? 'Start anew' : 'Retry'}
      command={typedCommand(frame, 'retry', [id], options)}
      refusal={refusal}
      isReady={preview !== null || secrets.given === null}
      onAct={async () => {
        const input = secrets.form.data();
        if (input === undefined || preview === null) return 'incomplete';
        return act({
          name: 'retry',
          body: { acceptChanges, input, comment },
          words: (run) =>
            run.id === id ? `The run was retried; it is ${run.status}.` : 'Another run was started in its place:',
        });
      }}
      onClose={onClose}
      fields={<SecretFields secrets={secrets} text={SECRETS_TEXT} />}
    >
      <Planned plan={preview?.plan ?? null} stages={view.stages.map(({ name }) => name)} />
      <AcceptChanges code={preview?.refusal?.code} isAccepted={acceptChanges} onChange={setAcceptChanges} />
      <CommentField comment={comment} onType={setComment} />
    </ActionDialog>
  );
}

const SECRETS_TEXT = 'wf stores no secrets. Enter them again to see what will happen.';

/** Returns the options of the plan; null while a secret is missing. */
function planOptions(acceptChanges: boolean, { given }: TypedSecrets) {
  return given === null ? null : { acceptChanges, input: given };
}

function acceptOption(isAccepted: boolean): readonly (readonly [name: string])[] {
  return isAccepted ? [['--accept-changes']] : [];
}

interface AcceptChangesProps {
  /** The code of the error with which the command would refuse. */
  readonly code: string | undefined;
  readonly isAccepted: boolean;
  onChange(isAccepted: boolean): void;
}

/** Lets somebody continue a run although its workflow has changed. */
function AcceptChanges({ code, isAccepted, onChange }: AcceptChangesProps) {
  if (code !== 'E_DEFINITION_CHANGED' && !isAccepted) return null;
  return (
    <CheckBox
      id="accept-changes"
      label="Continue although the workflow has changed since the run started"
      isChecked={isAccepted}
      onChange={onChange}
    />
  );
}

/** The words for what happens to a step. */
const WORDS: Readonly<Record<ResumePlan['steps'][number]['plan'], string>> = {
  kept: 'is kept',
  run: 'runs',
  adopted: 'is adopted',
  completed: 'is completed',
  undone: 'is undone',
  gone: 'is gone',
  refused: 'is refused',
};

function Planned({ plan, stages }: { readonly plan: ResumePlan | null; readonly stages: readonly string[] }) {
  if (plan === null) return null;
  if (plan.direction === 'anew') {
    return <p>The run was rolled back: wf starts another run of the workflow with the same inputs in its place.</p>;
  }
  // Kept steps need no decision.
  const due = plan.steps.filter((step) => step.plan !== 'kept');
  const kept = plan.steps.length - due.length;
  const reached = new Set(plan.steps.map(({ stage }) => stage));
  const last = stages.findLastIndex((name) => reached.has(name));
  const toCome = plan.direction === 'back' ? [] : stages.slice(last + 1);
  const begins =
    kept === 0
      ? 'wf observes the host'
      : `wf keeps ${kept === 1 ? 'the completed step' : `the ${kept} completed steps`}`;
  const rest = toCome.length === 0 ? '' : ` as the machine decides: ${toCome.join(', ')}`;
  if (plan.direction === 'forward' && due.length === 0) return <p>{`${begins}, and continues${rest}.`}</p>;
  return (
    <>
      <p>
        {plan.direction === 'back'
          ? 'wf continues the rollback: it undoes what is left, and compares the host with its state before the run.'
          : `${begins}, and continues:`}
      </p>
      {due.length === 0 ? null : (
        <DataTable
          caption="Steps that are due"
          columns={['Step', 'Plan']}
          rows={due.map(({ step, kind, plan: what, why }) => [
            <StepName key={step} step={step} kind={kind} />,
            `${WORDS[what]}: ${why}`,
          ])}
        />
      )}
      {rest === '' ? null : <p>{`Then it continues${rest}.`}</p>}
    </>
  );
}

function StepName({ step, kind }: { readonly step: string; readonly kind: string }) {
  return (
    <>
      {displayedText(step)}
      <br />
      <span class="quiet">{kind}</span>
    </>
  );
}
