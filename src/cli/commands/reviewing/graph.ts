import { z } from 'zod';
import { asWfError, WfError } from '../../../engine/model/errors.ts';
import { dotText } from '../../../review/graph/draw/dot.ts';
import { GRAPH_FORMATS, type GraphFormat } from '../../../review/graph/draw/formats.ts';
import { mermaidText } from '../../../review/graph/draw/mermaid.ts';
import { svgText } from '../../../review/graph/draw/svg.ts';
import { pictureLines } from '../../../review/graph/draw/terminal-picture.ts';
import { drawnRun } from '../../../review/graph/drawn-run.ts';
import { markedConfig } from '../../../review/graph/marked-config.ts';
import { type ReadDefinition, readDefinition } from '../../../review/graph/read-graph.ts';
import type { RunMarks } from '../../../review/graph/run-marks.ts';
import type { TextStyle } from '../../../review/text/format/text-style.ts';
import { findRun, LATEST } from '../../arguments/find-run.ts';
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

/** A machine, and the run whose path to draw. */
interface Drawn extends ReadDefinition {
  readonly marks: RunMarks | undefined;
}

/** `wf graph WORKFLOW|RUN`: draws a state machine, or the path of a run through it. */
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
    const { history, run } = findRun(await services.historyForReading(), reference, services.places.database);
    return drawnRun(history, run, services.isAlive);
  } catch (thrown) {
    const error = asWfError(thrown);
    if (error.code !== 'E_RUN_NOT_FOUND') throw error;
    throw new WfError('E_WORKFLOW_NOT_FOUND', `"${reference}" is neither a workflow nor a run`, {
      hint: `${notThere.hint} List the runs with \`wf runs\`.`,
    });
  }
}
