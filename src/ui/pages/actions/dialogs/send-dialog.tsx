import { useState } from 'preact/hooks';
import { isJsonObject } from '../../../../engine/model/json.ts';
import type { RequestRecord } from '../../../../review/record/request-record.ts';
import type { ExpectedEvent } from '../../../../review/record/waiting-for.ts';
import { displayedText } from '../../../views/displayed.ts';
import type { RunView } from '../../../views/runs/run-view.ts';
import { collect } from '../../forms/field-values.ts';
import { FormFields } from '../../forms/form-fields.tsx';
import { problemsByField } from '../../forms/problems-by-field.ts';
import { type Field, fieldsOf, hasFields } from '../../forms/schema-fields.ts';
import { useForm } from '../../forms/use-form.ts';
import type { PageError } from '../../live/api.ts';
import { commentOption, dataOption, typedCommand } from '../typed-command.ts';
import { ActionDialog } from './action-dialog.tsx';
import { CommentField } from './comment-field.tsx';
import type { DialogProps } from './dialog-props.ts';

/** An answer to what a run asks: an event. */
export interface Answer {
  readonly event: ExpectedEvent;
  /** Its label. */
  readonly label: string;
  /** The question. */
  readonly title: string;
}

type SendDialogProps = DialogProps & Answer;

/** The one field for the data of an event whose schema describes no members. */
const ANY_DATA: Field = {
  name: 'data',
  label: 'Data',
  control: { type: 'json' },
  type: 'JSON object',
  description: '',
  isRequired: false,
  isNullable: false,
  preset: undefined,
};

/** Sends a run an event, with its data. */
export function SendDialog({ frame, view, event, label, title, act, onClose }: SendDialogProps) {
  const { id } = view.run;
  const isDescribed = hasFields(event.data);
  const form = useForm(isDescribed ? fieldsOf(event.data, []) : [ANY_DATA]);
  const [comment, setComment] = useState('');
  // The same question may be asked again.
  const [answersBefore] = useState(answersIn(view).length);
  const isAnswered = answersIn(view).length > answersBefore || !isExpected(view, event);
  const { data } = collect(form.fields, form.typed);
  const payload = isDescribed ? data : (data['data'] ?? {});

  async function send(): Promise<PageError | 'incomplete' | null> {
    if (form.data() === undefined) return 'incomplete';
    if (!isJsonObject(payload)) {
      form.complain({ data: 'Give a JSON object, such as {"by":"Ann"}.' });
      return 'incomplete';
    }
    const refused = await act({
      name: 'send',
      body: { event: event.type, data: payload, comment },
      words: ({ status }) => `The run took the event ${displayedText(event.type)}; it is ${status}.`,
    });
    const names = form.fields.map(({ name }) => name);
    if (refused !== null) form.complain(problemsByField(refused.message, names).byField);
    return refused;
  }

  const fields = <FormFields form={form} prefix="event" />;
  return (
    <ActionDialog
      frame={frame}
      title={title}
      act={label}
      command={typedCommand(frame, 'send', [id, event.type], [...dataOption(payload), ...commentOption(comment)])}
      refusal={view.actions.send ?? (isAnswered ? answeredMeanwhile(view) : null)}
      isReady
      onAct={send}
      onClose={onClose}
    >
      <p>
        The answer <strong>{label}</strong> gives the run the event <code>{displayedText(event.type)}</code>; it
        continues as its machine decides.
      </p>
      {event.data === null ? (
        <details>
          <summary>Add data</summary>
          {fields}
        </details>
      ) : (
        fields
      )}
      <CommentField comment={comment} onType={setComment} />
    </ActionDialog>
  );
}

function answersIn({ requests }: RunView): readonly RequestRecord[] {
  return requests.filter(({ kind, outcome }) => kind === 'send' && outcome?.type === 'handled');
}

function isExpected({ expects }: RunView, { type }: ExpectedEvent): boolean {
  return expects?.events.some((event) => event.type === type) ?? false;
}

/** Returns why an answer comes too late. */
function answeredMeanwhile(view: RunView): PageError {
  const last = answersIn(view).at(-1);
  const who = last === undefined ? '' : `: ${last.by.sudoUser ?? last.by.user} sent ${last.event?.type}`;
  return { message: `the question has already been answered${who}`, hint: `The run is ${view.run.status} now.` };
}
