import path from 'node:path';
import { z } from 'zod';
import { runFileText } from '../../history/transfer/run-file.ts';
import { machineName } from '../../host/machine-name.ts';
import { defineCommand } from '../define-command.ts';
import { findRun } from '../find-run.ts';
import { writeJson, writeLines } from '../terminal.ts';
import { isStandardOutput, writeNewFile } from '../write-new-file.ts';

const options = z.object({
  json: z.boolean().default(false),
  run: z.string(),
  output: z.string().optional(),
  force: z.boolean().default(false),
});

/** `wf export RUN`: a run with all that tells of it as one file, which is JSON itself. */
export const exportCommand = defineCommand(
  options,
  async ({ json, run: reference, output, force }, wire, { out, err }) => {
    const { history, run } = findRun(await wire.historyForReading(), reference, wire.places.database);
    const text = runFileText(history.exportRun(run.id, machineName()));
    if (output === undefined || isStandardOutput(output)) {
      out.write(text);
      return 0;
    }
    writeNewFile(output, text, force);
    if (json) writeJson(out, { run: run.id, file: path.resolve(output), bytes: Buffer.byteLength(text) });
    else writeLines(err, [`Wrote run ${run.id} to ${output}. \`wf import ${output}\` adds it on another machine.`]);
    return 0;
  },
);
