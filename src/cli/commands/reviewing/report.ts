import { z } from 'zod';
import { asWfError } from '../../../engine/model/errors.ts';
import { REPORT_LANGUAGES, type ReportLanguage } from '../../../engine/workflow/narrative.ts';
import type { LoadedWorkflow } from '../../../engine/workflow/workflow.ts';
import { type RunMaterial, readRunMaterial } from '../../../review/record/run-material.ts';
import { runRecord } from '../../../review/record/run-record.ts';
import type { Explanations, WorkflowNarrative } from '../../../review/report/explanations.ts';
import { REPORT_FORMATS, type ReportFormat } from '../../../review/report/formats.ts';
import { htmlOf } from '../../../review/report/html.ts';
import { markdownOf } from '../../../review/report/markdown.ts';
import { reportDocument } from '../../../review/report/report-document.ts';
import type { ReportSource } from '../../../review/report/report-source.ts';
import { reportWords } from '../../../review/report/words.ts';
import { findRun, LATEST } from '../../arguments/find-run.ts';
import { defineCommand } from '../../define-command.ts';
import { jsonText } from '../../output/terminal.ts';
import { documentOptions, type FormatEndings, formatOf, writeDocument } from '../../output/write-document.ts';
import type { Services } from '../../services/services.ts';

const options = z.object({
  ...documentOptions,
  format: z.enum(REPORT_FORMATS).optional(),
  run: z.string().default(LATEST),
  lang: z.enum(REPORT_LANGUAGES).default('en'),
});

const ENDINGS: FormatEndings<ReportFormat> = {
  markdown: ['.md', '.markdown'],
  html: ['.html', '.htm'],
  json: ['.json'],
};

/** `wf report RUN`: writes a report on a run. */
export const report = defineCommand(options, async (given, services, terminal) => {
  const format = formatOf(given, ENDINGS, 'markdown');
  const { history, run } = findRun(await services.historyForReading(), given.run, services.places.database);
  const material = readRunMaterial(history, run);
  const source = {
    material,
    record: runRecord(material, services.isAlive),
    evidence: history.evidence(run.id),
    workflowNarrative: await explanationsOf(material, given.lang, services),
  };
  const about = { run: run.id, language: given.lang };
  const text = textOf(source, format, given.lang);
  writeDocument({ title: `the report on run ${run.id}`, format, text, about }, given, terminal);
  return 0;
});

function textOf(source: ReportSource, format: ReportFormat, language: ReportLanguage): string {
  const document = () => reportDocument(source, reportWords(language));
  switch (format) {
    case 'markdown':
      return markdownOf(document());
    case 'html':
      return htmlOf(document());
    case 'json': {
      const explanations: Explanations = { run: source.record.id, language, explanations: source.workflowNarrative };
      return jsonText(explanations);
    }
  }
}

/** Returns the explanations of the run's definition. If the definition is missing, the report has none. */
async function explanationsOf(
  material: RunMaterial,
  language: ReportLanguage,
  services: Services,
): Promise<WorkflowNarrative> {
  const { run } = material;
  try {
    const { workflow, definition } = await services.workflow(run.workflow);
    if (definition.hash !== run.definitionHash) return { type: 'changed' };
    return { type: 'available', narrative: await narrativeOf(workflow, material, language) };
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
