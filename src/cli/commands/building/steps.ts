import path from 'node:path';
import { z } from 'zod';
import { WfError } from '../../../engine/model/errors.ts';
import type { StepRunner } from '../../../engine/workflow/step.ts';
import { didYouMean } from '../../../review/text/did-you-mean.ts';
import { warningLines } from '../../../review/text/error-text.ts';
import { counted } from '../../../review/text/format/plain-text.ts';
import { tableLines } from '../../../review/text/format/table.ts';
import { stepRunnerLines } from '../../../review/text/step-runner-text.ts';
import { exampleText } from '../../../steps/examples/example-text.ts';
import { defineCommand } from '../../define-command.ts';
import { writeJson, writeLines } from '../../output/terminal.ts';

const DOES = { change: 'changes', undo: 'undoes', read: 'reads' } as const;

const options = z.object({ json: z.boolean().default(false), kind: z.string().optional() });

/** A step runner, and the file of the project that has it; null if it comes with wf. */
interface KnownRunner {
  readonly runner: StepRunner;
  readonly file: string | null;
}

/** `wf steps [KIND]`: lists the step runners of wf and of the project, or shows one with its schemas. */
export const steps = defineCommand(options, async ({ json, kind }, services, { out, err }) => {
  const own = (await services.stepRunners()).map((runner): KnownRunner => ({ runner, file: null }));
  const isOwn = own.some(({ runner }) => runner.kind === kind);
  // A kind of wf is shown without executing a file of the project.
  const project = isOwn ? { runners: [], errors: [] } : await services.projectStepRunners();
  if (kind === undefined) for (const error of project.errors) writeLines(err, warningLines(error, err.style));
  const all = [...own, ...project.runners].toSorted((a, b) => (a.runner.kind < b.runner.kind ? -1 : 1));
  const known = kind === undefined ? all : [runnerOfKind(all, kind, project.errors.length)];
  const [only] = known;
  if (json) writeJson(out, known.map(runnerRecord));
  else if (kind !== undefined && only !== undefined) {
    writeLines(out, stepRunnerLines(only.runner, originOf(only), exampleOf(only), out.style));
  } else {
    const columns = [{ title: 'kind' }, { title: 'does' }, { title: 'from' }, { title: 'description', shrinksTo: 20 }];
    const rows = known.map((one) => {
      const { kind, behaviour, description } = one.runner;
      return [kind, DOES[behaviour.type], originOf(one), description];
    });
    writeLines(out, tableLines(columns, rows, out.style));
  }
  return 0;
});

/** Returns an example of a step runner that comes with wf. */
function exampleOf({ runner, file }: KnownRunner): string | null {
  return file === null ? exampleText(runner.kind) : null;
}

function originOf({ file }: KnownRunner): string {
  return file === null ? 'wf' : path.relative(process.cwd(), file);
}

/** @param unread number of files of the project that could not be loaded */
function runnerOfKind(known: readonly KnownRunner[], kind: string, unread: number): KnownRunner {
  const found = known.find(({ runner }) => runner.kind === kind);
  if (found !== undefined) return found;
  const kinds = known.map(({ runner }) => runner.kind);
  const others = unread === 0 ? '' : ` ${counted(unread, 'file')} of the project could not be loaded.`;
  throw new WfError('E_STEP_NOT_FOUND', `step runner "${kind}" does not exist`, {
    hint: `${didYouMean(kind, kinds)}List the step runners with \`wf steps\`.${others}`,
  });
}

function runnerRecord(known: KnownRunner) {
  const { runner, file } = known;
  const { kind, description, behaviour, policy, schemas } = runner;
  return {
    kind,
    description,
    file,
    changes: behaviour.type === 'change',
    timeoutMs: policy.timeoutMs,
    attempts: policy.retry.attempts,
    input: schemas.input,
    output: schemas.output,
    example: exampleOf(known),
  };
}
