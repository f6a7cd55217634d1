import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { asWfError, WfError } from '../../../engine/model/errors.ts';
import { parseRunId, RUN_ID_RULE, type RunId } from '../../../engine/model/ids.ts';
import { invalid, parseRunFile, RUN_FILE_LIMIT } from '../../../history/transfer/run-file.ts';
import { readRunMaterial } from '../../../review/record/run-material.ts';
import { runSummary } from '../../../review/record/run-record.ts';
import { nextLine } from '../../../review/text/run/end-of-run.ts';
import { findRun } from '../../arguments/find-run.ts';
import { defineCommand } from '../../define-command.ts';
import { writeJson, writeLines } from '../../output/terminal.ts';

const options = z.object({ json: z.boolean().default(false), file: z.string(), id: z.string().optional() });

/** `wf import FILE`: imports a run of another machine, which can then be read. */
export const importCommand = defineCommand(options, async ({ json, file, id }, services, { out }) => {
  const given = id === undefined ? undefined : runIdOf(id);
  const content = parseRunFile(readBounded(file));
  const run = given === undefined ? content.run : { ...content.run, id: given };
  const history = await services.history();
  history.importRun({ ...content, run }, services.clock.now());
  const stored = findRun(history, run.id).run;
  const imported = runSummary(stored, services.isAlive, () => readRunMaterial(history, stored));
  if (json) {
    writeJson(out, imported);
    return 0;
  }
  writeLines(out, [
    `Imported run ${run.id} of ${run.workflow} from ${content.machine} (${imported.status}), read-only.`,
    nextLine([`wf show ${run.id}`, `wf logs ${run.id}`, `wf report ${run.id}`], out.style),
  ]);
  return 0;
});

function runIdOf(text: string): RunId {
  const id = parseRunId(text);
  if (id !== undefined) return id;
  throw new WfError('E_USAGE', `--id ${text} is not a valid run id`, {
    hint: RUN_ID_RULE,
  });
}

/**
 * Reads a file, up to the limit.
 * @throws WfError E_USAGE if it is not a readable file; E_RUN_FILE_INVALID if it is too large.
 */
function readBounded(file: string): string {
  let descriptor: number | undefined;
  try {
    // Non-blocking: opening a pipe without a writer would hang.
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    const found = fstatSync(descriptor);
    if (!found.isFile())
      throw new WfError('E_USAGE', `${file} is not a file`, { hint: 'Give a file that `wf export` wrote.' });
    if (found.size > RUN_FILE_LIMIT) throw invalid(`it has ${found.size} bytes, more than ${RUN_FILE_LIMIT}`);
    return readFileSync(descriptor, 'utf8');
  } catch (thrown) {
    if (thrown instanceof WfError) throw thrown;
    throw new WfError('E_USAGE', `${file}: cannot read: ${asWfError(thrown).message}`, {
      hint: 'Give a file that `wf export RUN -o FILE` wrote.',
      cause: thrown,
    });
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
