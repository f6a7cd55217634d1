import { z } from 'zod';
import type { RunHandle, RunResult } from '../../engine/engine.ts';
import { type ExitCode, WfError } from '../../engine/errors.ts';
import { parseRunId, type RunId } from '../../engine/ids.ts';
import { type RunMaterial, readRunMaterial } from '../../review/run-material.ts';
import { type RunRecord, runRecord } from '../../review/run-record.ts';
import { endOfRunLines } from '../../review/text/end-of-run.ts';
import { defineCommand } from '../define-command.ts';
import { runExitCode } from '../exit-code.ts';
import { watchForInterruption } from '../interruption.ts';
import { reportLostRun } from '../lost-run.ts';
import { createProgressView } from '../progress-view.ts';
import { type Terminal, writeJson, writeLines } from '../terminal.ts';
import { toldProofs } from '../told-proofs.ts';
import type { ResolvedWorkflow, Wire } from '../wire-types.ts';
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
    const followed = await follow(handle);
    view.end();
    if (followed.type === 'lost') return await reportLostRun(handle.id, followed.thrown, given.json, wire, terminal);
    return await tellResult(handle.id, followed.result, given.json, resolved, wire, terminal);
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

type Followed =
  | { readonly type: 'result'; readonly result: RunResult }
  /** Its journal could not be written any more. */
  | { readonly type: 'lost'; readonly thrown: unknown };

function follow({ result }: RunHandle): Promise<Followed> {
  return result.then(
    (result): Followed => ({ type: 'result', result }),
    (thrown: unknown): Followed => ({ type: 'lost', thrown }),
  );
}

/** Tells what became of the run, and answers the exit code. */
async function tellResult(
  id: RunId,
  result: RunResult,
  json: boolean,
  { workflow }: ResolvedWorkflow,
  wire: Wire,
  terminal: Terminal,
): Promise<ExitCode> {
  const history = await wire.history();
  const run = history.run(id);
  if (run === undefined) throw new WfError('E_INTERNAL', `run ${id} is not in its own history`, { hint: '`wf runs`' });
  const material = readRunMaterial(history, run);
  // This process lives on for a moment, but it no longer advances a run that it was asked to let go of.
  const record = runRecord(material, result.type === 'interrupted' ? () => false : wire.isAlive);
  if (json) writeJson(terminal.out, record);
  else await tellPeople(material, record, workflow, terminal);
  return runExitCode(result, record);
}

async function tellPeople(
  material: RunMaterial,
  record: RunRecord,
  workflow: ResolvedWorkflow['workflow'],
  { out, err }: Terminal,
): Promise<void> {
  const succeeded = record.status === 'succeeded';
  const proofs = succeeded ? await toldProofs(async () => workflow, material.run.output) : undefined;
  writeLines(out, endOfRunLines(material, record, proofs, out.style));
  if (record.status === 'interrupted') {
    writeLines(err, [
      `run ${record.id} is interrupted; \`wf changes ${record.id}\` lists what stands and how to undo it`,
    ]);
  }
}
