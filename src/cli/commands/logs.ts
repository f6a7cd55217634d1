import { z } from 'zod';
import { WfError } from '../../engine/errors.ts';
import type { StoredEvidence, StoredStep } from '../../engine/ports/history.ts';
import { isoTime } from '../../review/run-record.ts';
import { transcriptLines } from '../../review/text/transcript.ts';
import { defineCommand } from '../define-command.ts';
import { didYouMean } from '../did-you-mean.ts';
import { findRun } from '../find-run.ts';
import { writeJson, writeLines } from '../terminal.ts';

const options = z.object({ json: z.boolean().default(false), run: z.string(), step: z.string().optional() });

/** `wf logs RUN [STEP]`: the commands of a run and their output. */
export const logs = defineCommand(options, async ({ json, run: reference, step }, wire, { out, err }) => {
  const { history, run } = findRun(await wire.historyForReading(), reference);
  const steps = selected(history.steps(run.id), step, run.id);
  const evidence = history.evidence(run.id).filter((item) => steps.some(({ id }) => id === item.step));
  if (json) {
    writeJson(
      out,
      evidence.map((item) => evidenceRecord(item, steps)),
    );
    return 0;
  }
  const lines = transcriptLines(steps, evidence, out.style);
  if (lines.length === 0)
    writeLines(err, [`Run ${run.id} has recorded no commands${step === undefined ? '' : ` in ${step}`}.`]);
  writeLines(out, lines);
  return 0;
});

function selected(steps: readonly StoredStep[], id: string | undefined, run: string): readonly StoredStep[] {
  if (id === undefined) return steps;
  const found = steps.filter((step) => step.id === id);
  if (found.length > 0) return found;
  const ids = steps.map((step) => step.id);
  throw new WfError('E_STEP_NOT_FOUND', `run ${run} has no step "${id}"`, {
    hint: `${didYouMean(id, ids)}\`wf show ${run}\` lists its steps.`,
  });
}

function evidenceRecord(item: StoredEvidence, steps: readonly StoredStep[]) {
  return {
    stage: steps.find((step) => step.id === item.step)?.stage ?? null,
    step: item.step,
    attempt: item.attempt,
    command: item.command,
    output: item.output,
    exitCode: item.exitCode,
    startedAt: isoTime(item.startedAt),
    durationMs: item.durationMs,
  };
}
