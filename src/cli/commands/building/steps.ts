import { z } from 'zod';
import { WfError } from '../../../engine/model/errors.ts';
import type { StepRunner } from '../../../engine/workflow/step.ts';
import { didYouMean } from '../../../review/text/did-you-mean.ts';
import { tableLines } from '../../../review/text/format/table.ts';
import { stepRunnerLines } from '../../../review/text/step-runner-text.ts';
import { defineCommand } from '../../define-command.ts';
import { writeJson, writeLines } from '../../output/terminal.ts';

const DOES = { change: 'changes', undo: 'undoes', read: 'reads' } as const;

const options = z.object({ json: z.boolean().default(false), kind: z.string().optional() });

/** `wf steps [KIND]`: lists the step runners, or shows one with its schemas. */
export const steps = defineCommand(options, async ({ json, kind }, services, { out }) => {
  const all = (await services.stepRunners()).toSorted((a, b) => (a.kind < b.kind ? -1 : 1));
  const runners = kind === undefined ? all : [runnerOfKind(all, kind)];
  const [only] = runners;
  if (json) writeJson(out, runners.map(runnerRecord));
  else if (kind !== undefined && only !== undefined) writeLines(out, stepRunnerLines(only, out.style));
  else {
    const columns = [{ title: 'kind' }, { title: 'does' }, { title: 'description', shrinksTo: 20 }];
    const rows = runners.map(({ kind, behaviour, description }) => [kind, DOES[behaviour.type], description]);
    writeLines(out, tableLines(columns, rows, out.style));
  }
  return 0;
});

function runnerOfKind(runners: readonly StepRunner[], kind: string): StepRunner {
  const found = runners.find((runner) => runner.kind === kind);
  if (found !== undefined) return found;
  const kinds = runners.map((runner) => runner.kind);
  throw new WfError('E_STEP_NOT_FOUND', `step runner "${kind}" does not exist`, {
    hint: `${didYouMean(kind, kinds)}List the step runners with \`wf steps\`.`,
  });
}

function runnerRecord({ kind, description, behaviour, policy, schemas }: StepRunner) {
  return {
    kind,
    description,
    changes: behaviour.type === 'change',
    timeoutMs: policy.timeoutMs,
    attempts: policy.retry.attempts,
    input: schemas.input,
    output: schemas.output,
  };
}
