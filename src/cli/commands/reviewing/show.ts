import * as z from 'zod/mini';
import { WfError } from '../../../engine/model/errors.ts';
import { nextActions } from '../../../review/actions/allowed-actions.ts';
import { readRunMaterial } from '../../../review/record/run-material.ts';
import { runRecord } from '../../../review/record/run-record.ts';
import { runStatus } from '../../../review/record/run-status.ts';
import { nextLine } from '../../../review/text/run/end-of-run.ts';
import { runViewLines } from '../../../review/text/run/run-view.ts';
import { type FoundRun, findRun, LATEST } from '../../arguments/find-run.ts';
import { defineCommand } from '../../define-command.ts';
import { exitCodeOfFollowed, requireFollow } from '../../follow/follow-exit-code.ts';
import { type FollowEnd, isStopped } from '../../follow/follow-journal.ts';
import { type Terminal, writeJson, writeLines } from '../../output/terminal.ts';
import type { Services } from '../../services/services.ts';

const options = z.object({
  json: z._default(z.boolean(), false),
  follow: z._default(z.boolean(), false),
  exitCode: z._default(z.boolean(), false),
  run: z._default(z.string(), LATEST),
  step: z.optional(z.string()),
});

/** `wf show RUN [STEP]`: shows path, timeline, results, ledger and verification, or one step in full; with `--follow`, follows the run. */
export const show = defineCommand(options, async (given, services, terminal) => {
  const { json, follow, run: reference, step } = given;
  requireFollow(given);
  const found = findRun(await services.historyForReading(), reference, services.places.database);
  let end: FollowEnd | undefined;
  if (step !== undefined) {
    if (follow) throw followsWholeRun(found, step);
    const { showStep } = await import('./show-step.ts');
    showStep(found, step, json, services, terminal);
  } else if (follow && !isStopped(runStatus(found.run, services.isAlive))) {
    const { showFollowing } = await import('./show-following.ts');
    end = await showFollowing(found, json, services, terminal);
  } else {
    showRun(found, json, services, terminal);
  }
  return given.exitCode ? exitCodeOfFollowed(found, end, services) : 0;
});

function showRun({ history, run }: FoundRun, json: boolean, services: Services, { out }: Terminal): void {
  const material = readRunMaterial(history, run);
  const record = runRecord(material, services.isAlive);
  if (json) {
    writeJson(out, record);
    return;
  }
  writeLines(out, runViewLines(material, record, services.clock.now(), out.style));
  const actions = nextActions(material, record.status);
  if (actions.length > 0) writeLines(out, ['', nextLine(actions, out.style)]);
}

function followsWholeRun({ run }: FoundRun, step: string): WfError {
  return new WfError('E_USAGE', `--follow shows a whole run, not step ${step}`, {
    hint: `Follow the run with \`wf show ${run.id} --follow\`, or the commands of that step with \`wf logs ${run.id} ${step} --follow\`.`,
  });
}
