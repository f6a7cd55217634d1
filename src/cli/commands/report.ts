import path from 'node:path';
import { z } from 'zod';
import { asWfError, WfError } from '../../engine/errors.ts';
import { REPORT_LANGUAGES, type ReportLanguage } from '../../engine/narrative.ts';
import type { LoadedWorkflow } from '../../engine/workflow.ts';
import { htmlOf } from '../../review/report/html.ts';
import { markdownOf } from '../../review/report/markdown.ts';
import { reportDocument } from '../../review/report/report-document.ts';
import type { ToldByWorkflow } from '../../review/report/report-source.ts';
import { reportWords } from '../../review/report/words.ts';
import { type RunMaterial, readRunMaterial } from '../../review/run-material.ts';
import { runRecord } from '../../review/run-record.ts';
import { defineCommand } from '../define-command.ts';
import { findRun } from '../find-run.ts';
import { writeJson, writeLines } from '../terminal.ts';
import type { Wire } from '../wire-types.ts';
import { isStandardOutput, writeNewFile } from '../write-new-file.ts';

const options = z.object({
  json: z.boolean().default(false),
  run: z.string(),
  output: z.string().optional(),
  force: z.boolean().default(false),
  lang: z.enum(REPORT_LANGUAGES).default('en'),
});

const WRITERS = { markdown: markdownOf, html: htmlOf };
type Format = keyof typeof WRITERS;

/** `wf report RUN`: a run as a written exercise. */
export const report = defineCommand(options, async (given, wire, { out, err }) => {
  const file = given.output === undefined || isStandardOutput(given.output) ? undefined : given.output;
  const format = file === undefined ? 'markdown' : formatOf(file);
  const { history, run } = findRun(await wire.historyForReading(), given.run, wire.places.database);
  const material = readRunMaterial(history, run);
  const source = {
    material,
    record: runRecord(material, wire.isAlive),
    evidence: history.evidence(run.id),
    told: await toldByWorkflow(material, given.lang, wire),
  };
  const text = WRITERS[format](reportDocument(source, reportWords(given.lang)));
  const document = { run: run.id, language: given.lang, format };
  if (file === undefined) {
    if (given.json) writeJson(out, { ...document, file: null, text });
    else out.write(text);
    return 0;
  }
  writeNewFile(file, text, given.force);
  if (given.json) writeJson(out, { ...document, file: path.resolve(file), text: null });
  else writeLines(err, [`Wrote the report on run ${run.id} to ${file}.`]);
  return 0;
});

function formatOf(file: string): Format {
  switch (path.extname(file).toLowerCase()) {
    case '.md':
    case '.markdown':
      return 'markdown';
    case '.html':
    case '.htm':
      return 'html';
    default:
      throw new WfError('E_USAGE', `-o ${file}: the ending of its name does not say what to write`, {
        hint: 'End the name with .md for Markdown or .html for a page.',
      });
  }
}

/** Only the definition that a run was made with may explain it; without it the run is reported all the same. */
async function toldByWorkflow(material: RunMaterial, language: ReportLanguage, wire: Wire): Promise<ToldByWorkflow> {
  const { run } = material;
  try {
    const { workflow, definition } = await wire.workflow(run.workflow);
    if (definition.hash !== run.definitionHash) return { type: 'changed' };
    return { type: 'told', narrative: await narrativeOf(workflow, material, language) };
  } catch (thrown) {
    const { code, message } = asWfError(thrown);
    return { type: 'unavailable', reason: `${code}: ${message}` };
  }
}

async function narrativeOf({ narrative }: LoadedWorkflow, { run, steps }: RunMaterial, language: ReportLanguage) {
  const succeeded = steps.filter((step) => step.status === 'succeeded');
  const outputs = Object.fromEntries(succeeded.map(({ id, output }) => [id, output]));
  return narrative === undefined ? null : narrative({ language, runtime: run.runtime, input: run.input, outputs });
}
