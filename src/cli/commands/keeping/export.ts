import * as z from 'zod/mini';
import { commandLine } from '../../../engine/model/evidence.ts';
import { runFileText } from '../../../history/transfer/run-file.ts';
import { machineName } from '../../../host/machine/machine-name.ts';
import { findRun, LATEST } from '../../arguments/find-run.ts';
import { defineCommand } from '../../define-command.ts';
import { documentOptions, writeDocument } from '../../output/write-document.ts';

const options = z.object({ ...documentOptions, run: z._default(z.string(), LATEST) });

/** `wf export RUN`: writes a run with its journal and evidence to one JSON file. */
export const exportCommand = defineCommand(options, async (given, services, terminal) => {
  const { history, run } = findRun(await services.historyForReading(), given.run, services.places.database);
  const text = runFileText(history.exportRun(run.id, machineName()));
  const next = (file: string) => `Import it on another machine with \`${commandLine(['wf', 'import', file])}\`.`;
  writeDocument({ title: `run ${run.id}`, format: 'json', text, about: { run: run.id }, next }, given, terminal);
  return 0;
});
