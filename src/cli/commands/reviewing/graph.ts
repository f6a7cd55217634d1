import { z } from 'zod';
import { asWfError, WfError } from '../../../engine/model/errors.ts';
import type { JournalEntry } from '../../../engine/model/journal-event.ts';
import { dotText } from '../../../review/graph/draw/dot.ts';
import { GRAPH_FORMATS, type GraphFormat } from '../../../review/graph/draw/formats.ts';
import { mermaidText } from '../../../review/graph/draw/mermaid.ts';
import { svgText } from '../../../review/graph/draw/svg.ts';
import { pictureLines } from '../../../review/graph/draw/terminal-picture.ts';
import { markedConfig } from '../../../review/graph/marked-config.ts';
import { type ReadDefinition, readDefinition } from '../../../review/graph/read-graph.ts';
import { markRun, type RunMarks } from '../../../review/graph/run-marks.ts';
import { runStatus } from '../../../review/record/run-status.ts';
import type { TextStyle } from '../../../review/text/format/text-style.ts';
import { type FoundRun, findRun, LATEST } from '../../arguments/find-run.ts';
import { isFileReference, workflowByReference } from '../../arguments/workflow-reference.ts';
import { defineCommand } from '../../define-command.ts';
import { jsonText, linesText } from '../../output/terminal.ts';
import {
  documentOptions,
  documentStyle,
  type FormatEndings,
  formatOf,
  writeDocument,
} from '../../output/write-document.ts';
import type { Services } from '../../services/services.ts';

const options = z.object({
  ...documentOptions,
  format: z.enum(GRAPH_FORMATS).optional(),
  of: z.string().default(LATEST),
});

const ENDINGS: FormatEndings<GraphFormat> = {
  text: ['.txt'],
  mermaid: ['.mmd', '.mermaid'],
  dot: ['.dot', '.gv'],
  svg: ['.svg'],
  json: ['.json'],
};

/** A machine, and the run whose path is drawn on it. */
interface Drawn extends ReadDefinition {
  readonly marks: RunMarks | undefined;
}

/**
 * `wf graph WORKFLOW
 * RUN`: draws a state machine, or the path of a run through it.
 */
export const graph = defineCommand(options, async (given, services, terminal) => {
  const format = formatOf(given, ENDINGS, given.json ? 'json' : 'text');
  const drawn = await find(services, given.of);
  const text = textOf(drawn, format, documentStyle(given, terminal.out));
  writeDocument({ title: `the graph of ${given.of}`, format, text, about: {} }, given, terminal);
  return 0;
});

function textOf({ graph: machine, config, marks }: Drawn, format: GraphFormat, style: TextStyle): string {
  switch (format) {
    case 'text':
      return linesText(pictureLines(machine, marks, style));
    case 'json':
      return jsonText(markedConfig(machine, config, marks));
    case 'mermaid':
      return mermaidText(machine, marks);
    case 'dot':
      return dotText(machine, marks);
    case 'svg':
      return svgText(machine, marks);
  }
}

/** Finds a workflow by name, otherwise a run. @throws WfError that names both if there is neither. */
async function find(services: Services, reference: string): Promise<Drawn> {
  let notThere: WfError;
  try {
    const { definition } = await workflowByReference(services, reference);
    return { ...readDefinition(definition.description), marks: undefined };
  } catch (thrown) {
    notThere = asWfError(thrown);
    if (notThere.code !== 'E_WORKFLOW_NOT_FOUND' || isFileReference(reference)) throw notThere;
  }
  try {
    return drawRun(findRun(await services.historyForReading(), reference, services.places.database), services);
  } catch (thrown) {
    const error = asWfError(thrown);
    if (error.code !== 'E_RUN_NOT_FOUND') throw error;
    throw new WfError('E_WORKFLOW_NOT_FOUND', `"${reference}" is neither a workflow nor a run`, {
      hint: `${notThere.hint} List the runs with \`wf runs\`.`,
    });
  }
}

/** Draws a run by its stored definition: the workflow file may have changed or be gone. */
function drawRun({ history, run }: FoundRun, services: Services): Drawn {
  const journal = history.journal(run.id);
  const hash = acceptedDefinition(journal) ?? run.definitionHash;
  const description = history.definition(hash);
  if (description === undefined) {
    throw new WfError('E_DATABASE_DAMAGED', `definition ${hash.slice(0, 12)} of run ${run.id} is missing`, {
      hint: `Draw the current workflow with \`wf graph ${run.workflow}\`.`,
    });
  }
  const definition = readDefinition(description);
  const status = runStatus(run, services.isAlive);
  return { ...definition, marks: markRun(definition.graph, definition.config, { id: run.id, status, journal }) };
}

/** Returns the last definition under which the user resumed the run, if it differs from the first. */
function acceptedDefinition(journal: readonly JournalEntry[]) {
  const accepted = journal.findLast(({ event }) => event.type === 'definition.accepted')?.event;
  return accepted?.type === 'definition.accepted' ? accepted.definitionHash : undefined;
}
