import { z } from 'zod';
import { WfError } from '../../engine/errors.ts';
import { parseRunId, type RunId } from '../../engine/ids.ts';
import { defineCommand } from '../define-command.ts';
import { watchForInterruption } from '../interruption.ts';
import { createProgressView } from '../progress-view.ts';
import { tellResult } from '../tell-result.ts';
import { workflowInput } from '../workflow-input.ts';
import { rehearse } from './start-dry-run.ts';

const options = z.object({
  workflow: z.string(),
  input: z.array(z.string()).default([]),
  inputFile: z.string().optional(),
  runtime: z.enum(['auto', 'docker', 'embedded']).default('auto'),
  pauseAfter: z.string().optional(),
  onFailure: z.enum(['rollback', 'keep']).default('rollback'),
  id: z.string().optional(),
  dryRun: z.boolean().default(false),
  json: z.boolean().default(false),
});
type StartOptions = z.output<typeof options>;

/** `wf start WORKFLOW`: starts a run and follows it to its end, or with --dry-run tells what it would do. */
export const start = defineCommand(options, async (given, wire, terminal) => {
  const id = chosenId(given);
  refuseWhatIsNotThereYet(given);
  const resolved = await wire.workflow(given.workflow);
  const input = workflowInput(resolved.workflow, { assignments: given.input, file: given.inputFile });
  if (given.dryRun) return rehearse(resolved.workflow, input, given.json, wire, terminal);

  const view = await createProgressView(terminal.err, wire.clock, resolved.workflow.model.stages);
  const interruption = watchForInterruption(terminal, view.say);
  try {
    const engine = await wire.engine();
    const { workflow, definition } = resolved;
    const runOptions = { onFailure: given.onFailure, pauseAfter: null };
    const request = { workflow, definition, input, runtime: 'docker', options: runOptions } as const;
    const handle = await engine.start(id === undefined ? request : { ...request, id }, view.observer);
    view.say(`run ${handle.id} of ${workflow.name}`);
    interruption.attach(handle);
    return await tellResult({ id: handle.id, result: handle.result, json: given.json, workflow, view }, wire, terminal);
  } finally {
    view.end();
    interruption.end();
  }
});

function chosenId({ id }: StartOptions): RunId | undefined {
  if (id === undefined) return undefined;
  const parsed = parseRunId(id);
  if (parsed !== undefined) return parsed;
  throw new WfError('E_USAGE', `--id "${id}" cannot be a run id`, {
    hint: 'A run id begins with a letter or digit, goes on with letters, digits, "_" and "-", and has at most 63 of them.',
  });
}

function refuseWhatIsNotThereYet({ pauseAfter, runtime }: StartOptions): void {
  if (pauseAfter !== undefined) {
    throw new WfError('E_USAGE', '--pause-after is not there yet', { hint: 'Start the run without it.' });
  }
  if (runtime === 'embedded') {
    throw new WfError('E_RUNTIME_UNAVAILABLE', 'the embedded runtime is not there yet', {
      hint: 'Start the run with --runtime docker.',
    });
  }
}
