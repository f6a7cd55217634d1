import { z } from 'zod';
import { runSummary } from '../../review/run-record.ts';
import { runListLines } from '../../review/text/run-list.ts';
import { defineCommand } from '../define-command.ts';
import { writeJson, writeLines } from '../terminal.ts';

const options = z.object({
  json: z.boolean().default(false),
  limit: z.number().int().positive().default(20),
  workflow: z.string().optional(),
});

/** `wf runs`: past and present runs, newest first. */
export const runs = defineCommand(options, async ({ json, limit, workflow }, wire, { out, err }) => {
  const history = await wire.historyForReading();
  const found = history?.runs({ limit, ...(workflow === undefined ? {} : { workflow }) }) ?? [];
  if (json) {
    writeJson(
      out,
      found.map((run) => runSummary(run, wire.isAlive)),
    );
    return 0;
  }
  if (found.length === 0) {
    const which = workflow === undefined ? '' : ` of ${workflow}`;
    writeLines(err, [`No run${which} yet. \`wf workflows\` lists what there is to start.`]);
    return 0;
  }
  writeLines(out, runListLines(found, wire.isAlive, wire.clock.now(), out.style));
  return 0;
});
