import { z } from 'zod';
import { WfError } from '../../engine/errors.ts';
import { parseRunId, type RunId } from '../../engine/ids.ts';
import { defineCommand } from '../define-command.ts';
import { followRun, introduction, withView } from '../follow-run.ts';
import { watchForInterruption } from '../interruption.ts';
import { stageToPauseAfter } from '../stage-option.ts';
import { tellOutcome } from '../tell-result.ts';
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
  const { workflow, definition } = await wire.workflow(given.workflow);
  const pauseAfter = stageToPauseAfter(given.pauseAfter, workflow);
  const { input, secrets } = workflowInput(workflow, { assignments: given.input, file: given.inputFile });
  if (given.dryRun) return rehearse(workflow, input, given.json, wire, terminal);

  const runOptions = { onFailure: given.onFailure, pauseAfter, secrets };
  const request = { workflow, definition, input, runtime: 'docker', options: runOptions } as const;
  const before = { stageNames: workflow.model.stages, journal: [] };
  const interruption = watchForInterruption(terminal);
  try {
    const engine = await wire.engine();
    const outcome = await withView(before, interruption, wire, terminal, async (view) => {
      const handle = await engine.start(id === undefined ? request : { ...request, id }, view.observer);
      view.say(introduction(handle.id, workflow.name));
      return followRun(handle, view, interruption, wire);
    });
    return tellOutcome(outcome, given.json, terminal);
  } finally {
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

function refuseWhatIsNotThereYet({ runtime }: StartOptions): void {
  if (runtime === 'embedded') {
    throw new WfError('E_RUNTIME_UNAVAILABLE', 'the embedded runtime is not there yet', {
      hint: 'Start the run with --runtime docker.',
    });
  }
}
