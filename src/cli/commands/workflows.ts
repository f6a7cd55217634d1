import { z } from 'zod';
import { warningLines } from '../../review/text/error-text.ts';
import { tableLines } from '../../review/text/table.ts';
import { defineCommand } from '../define-command.ts';
import { writeJson, writeLines } from '../terminal.ts';

const options = z.object({ json: z.boolean().default(false) });

/** `wf workflows`: what there is to start. A file that cannot be loaded is listed with its error. */
export const workflows = defineCommand(options, async ({ json }, wire, { out, err }) => {
  const found = await wire.workflows();
  if (json) {
    writeJson(
      out,
      found.map(({ name, version, description, file, error }) => ({ name, version, description, file, error })),
    );
    return 0;
  }
  if (found.length === 0) {
    writeLines(err, ['There is no workflow here. A workflow is a file in the folder `workflows` of a project.']);
    return 0;
  }
  const { style } = out;
  const columns = [{ title: 'workflow' }, { title: 'version' }, { title: 'description', shrinksTo: 20 }];
  const rows = found.map(({ name, version, description, error }) => [
    name,
    version ?? '-',
    error === null ? (description ?? '') : { text: error.code, paint: style.colors.red },
  ]);
  writeLines(out, tableLines(columns, rows, style));
  for (const { error } of found) if (error !== null) writeLines(err, warningLines(error, err.style));
  return 0;
});
