import type { ExitCode } from '../../../engine/model/errors.ts';
import { commandLine } from '../../../engine/model/evidence.ts';
import type { RunId } from '../../../engine/model/ids.ts';
import type { JsonObject } from '../../../engine/model/json.ts';
import type { Engine, RuntimeChoice } from '../../../engine/run/engine.ts';
import { redactInput } from '../../../engine/secrets/secrets.ts';
import type { LoadedWorkflow } from '../../../engine/workflow/workflow.ts';
import { warningLines } from '../../../review/text/error-text.ts';
import { rehearsalLines } from '../../../review/text/rehearsal-text.ts';
import { runtimeLine } from '../../output/runtime-line.ts';
import { type Terminal, writeJson, writeLines } from '../../output/terminal.ts';

interface Rehearsed {
  readonly workflow: LoadedWorkflow;
  readonly input: JsonObject;
  readonly id: RunId | undefined;
  readonly choice: RuntimeChoice;
  readonly json: boolean;
}

/** `wf start --dry-run`: prints what the run would do, in order. An unmet requirement of this machine is a warning. */
export async function rehearse(
  { workflow, input, id, choice, json }: Rehearsed,
  engine: Engine,
  { out, err }: Terminal,
): Promise<ExitCode> {
  const rehearsed = engine.rehearse(workflow, input, id);
  const findings = await engine.preflight(workflow, input, choice.runtime);
  const warnings = findings.flatMap(({ result }) =>
    result.met ? [] : [warningLines(result.error.toRecord(), err.style).join('\n')],
  );
  // Docker is the expected runtime.
  if (choice.why !== null && choice.runtime !== 'docker') writeLines(err, [runtimeLine(choice)]);
  // Without an engine, all requirements that ask it fail for the same reason.
  writeLines(err, [...new Set(warnings)]);
  if (json) {
    const steps = rehearsed.map(({ step, stage, kind, does, commands }) => ({
      step,
      stage,
      kind,
      changes: does !== 'read',
      commands: commands.map(commandLine),
    }));
    const hidden = redactInput(input, workflow.secretInputs ?? [], () => 0);
    writeJson(out, { workflow: workflow.name, input: hidden.input, steps });
  } else {
    writeLines(out, rehearsalLines(workflow.name, rehearsed, out.style));
  }
  return 0;
}
