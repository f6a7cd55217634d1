import { useEffect, useState } from 'preact/hooks';
import type { JsonObject } from '../../../engine/model/json.ts';
import type { PlanRecord } from '../../../review/record/plan-record.ts';
import type { DescribedWorkflow } from '../../commands/workflow-catalog.ts';
import { displayed } from '../../views/displayed.ts';
import { collect } from '../forms/field-values.ts';
import { FormFields } from '../forms/form-fields.tsx';
import { problemsByField } from '../forms/problems-by-field.ts';
import { fieldsOf } from '../forms/schema-fields.ts';
import { type Form, useForm } from '../forms/use-form.ts';
import { askApi, type PageError } from '../live/api.ts';
import type { PageFrame } from '../page-model.ts';
import { Command } from '../parts/command.tsx';
import { ErrorNotice } from '../parts/error-notice.tsx';
import { PlanTable } from './plan-table.tsx';
import { startCommand } from './start-command.ts';
import { StartDialog } from './start-dialog.tsx';
import { startOptions } from './start-options.ts';
import { useDraft } from './use-draft.ts';

interface StartFormProps {
  readonly frame: PageFrame;
  readonly workflow: DescribedWorkflow;
}

/** A plan of a run, with notes on what this machine lacks for it. */
export interface Planned {
  readonly plan: PlanRecord;
  readonly notes: readonly string[];
}

/** A request to plan or to start a run. */
export type StartBody = JsonObject & { readonly input: JsonObject };

/** The inputs and options of a run, with a dry run and the start. Keeps what was typed, except secrets. */
export function StartForm({ frame, workflow }: StartFormProps) {
  const { name, secretInputs } = workflow;
  const inputs = useForm(fieldsOf(workflow.input, secretInputs));
  const options = useForm(startOptions(workflow.stages));
  const [isPlanning, setIsPlanning] = useState(false);
  const [error, setError] = useState<PageError | null>(null);
  const [dryRun, setDryRun] = useState<Planned | null>(null);
  const [starting, setStarting] = useState<(Planned & { readonly body: StartBody }) | null>(null);
  useDraft(inputs, options);
  // The dry run belongs to the previous texts.
  useEffect(() => setDryRun(null), [inputs.typed, options.typed]);

  const command = startCommand(frame, {
    workflow: name,
    input: collect(inputs.fields, inputs.typed).data,
    options: collect(options.fields, options.typed).data,
    secrets: secretInputs,
  });

  async function plan(show: (planned: Planned, body: StartBody) => void): Promise<void> {
    if (isPlanning) return;
    setError(null);
    const given = dataOf(inputs, options);
    if (given === undefined) return;
    setIsPlanning(true);
    const answer = await askApi<Planned>(frame, `/workflows/${name}/plan`, given);
    setIsPlanning(false);
    if (answer.type === 'done') show(displayed(answer.document), given);
    if (answer.type === 'refused') refuse(answer.error);
  }

  function refuse(refused: PageError): void {
    const { byField, isComplete } = problemsByField(
      refused.message,
      inputs.fields.map((field) => field.name),
    );
    inputs.complain(byField);
    setError(isComplete ? null : refused);
  }

  return (
    <>
      <form
        class="start-form"
        noValidate
        aria-label={`Start ${name}`}
        onSubmit={(event) => {
          event.preventDefault();
          // Enter in a field shows what a run would do, and starts nothing.
          void plan(setDryRun);
        }}
      >
        <h2>Inputs</h2>
        {inputs.fields.length === 0 ? <p class="quiet">The workflow has no inputs.</p> : null}
        <FormFields form={inputs} prefix="input" />
        <h2>Options</h2>
        <FormFields form={options} prefix="option" />
        <div role="alert">{error === null ? null : <ErrorNotice frame={frame} error={error} />}</div>
        <div class="form-buttons">
          <button type="submit" aria-disabled={isPlanning}>
            {isPlanning ? 'Working' : 'Dry run'}
          </button>
          {frame.allowActions ? (
            <button
              type="button"
              class="primary"
              aria-disabled={isPlanning}
              onClick={() => void plan((planned, body) => setStarting({ ...planned, body }))}
            >
              Start
            </button>
          ) : null}
        </div>
        <p class="same-command">
          <span class="quiet">
            {frame.allowActions ? 'The same in a terminal:' : 'This page is read-only. Start the run in a terminal:'}
          </span>{' '}
          <Command line={command} />
        </p>
        <p role="status" class="quiet">
          {dryRun === null ? '' : 'The dry run is below. It has changed nothing.'}
        </p>
        {starting === null ? null : (
          <StartDialog
            frame={frame}
            workflow={name}
            planned={starting}
            body={starting.body}
            command={command}
            onClose={() => setStarting(null)}
          />
        )}
      </form>
      {dryRun === null ? null : (
        <section class="dry-run" aria-labelledby="dry-run-title">
          <h2 id="dry-run-title">Dry run</h2>
          <PlanTable {...dryRun} />
        </section>
      )}
    </>
  );
}

/** Returns the body of a request; undefined if a field shows a problem. */
function dataOf(inputs: Form, options: Form): StartBody | undefined {
  const input = inputs.data();
  // The problems of the inputs come first, and have the focus.
  if (input === undefined) return undefined;
  const given = options.data();
  return given === undefined ? undefined : { ...given, input };
}
