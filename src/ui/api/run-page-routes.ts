import * as z from 'zod';
import { REPORT_LANGUAGES } from '../../engine/workflow/narrative.ts';
import { svgText } from '../../review/graph/draw/svg.ts';
import { drawnRun } from '../../review/graph/drawn-run.ts';
import { requireRun } from '../views/runs/run-page-view.ts';
import { readStep, stepTranscript, stepView } from '../views/step-view.ts';
import { drawingSvgFile, topologyView } from '../views/topology-view.ts';
import { type ApiRoute, apiRoute, NOTHING } from './route.ts';
import { stepDetailSchema } from './schemas/step-schema.ts';

const run = z.object({ run: z.string() });
const step = run.extend({ step: z.string() });
const language = z.strictObject({ lang: z.enum(REPORT_LANGUAGES).default('en') });
/** Makes the address of a picture differ between moments. */
const version = z.string().optional().describe('ignored');
const SVG = { type: 'text', mediaType: 'image/svg+xml; charset=utf-8' } as const;
const PLAIN_TEXT = { type: 'text', mediaType: 'text/plain; charset=utf-8' } as const;

/** The routes that the page of a run reads in addition to its stream. */
export const RUN_PAGE_ROUTES: readonly ApiRoute[] = [
  apiRoute({
    method: 'get',
    path: '/runs/{run}/steps/{step}',
    summary: 'Show one step in full.',
    params: step,
    query: NOTHING,
    body: NOTHING,
    answer: { type: 'json', schema: stepDetailSchema, command: 'wf show RUN STEP --json' },
    handle: async (context, { params }) => {
      const { history, run: found } = await requireRun(context, params.run);
      return readStep(history, found, params.step, context.isAlive);
    },
  }),
  apiRoute({
    method: 'get',
    path: '/runs/{run}/steps/{step}/view',
    summary: 'Show one step as its page does: long texts are cut, and only the last commands are listed.',
    params: step,
    query: NOTHING,
    body: NOTHING,
    answer: { type: 'json', schema: z.unknown() },
    handle: async (context, { params }) => {
      const { history, run: found } = await requireRun(context, params.run);
      return stepView(history, found, params.step, context.isAlive);
    },
  }),
  apiRoute({
    method: 'get',
    path: '/runs/{run}/steps/{step}/transcript.txt',
    summary: 'Print the commands of one step with their output, as `wf logs RUN STEP` does.',
    params: step,
    query: NOTHING,
    body: NOTHING,
    answer: PLAIN_TEXT,
    handle: async (context, { params }) => {
      const { history, run: found } = await requireRun(context, params.run);
      return stepTranscript(history, found, params.step, context.isAlive);
    },
  }),
  apiRoute({
    method: 'get',
    path: '/runs/{run}/graph.svg',
    summary: 'Draw the machine of a run with the path taken, as `wf graph RUN --format svg` does.',
    params: run,
    query: z.strictObject({ seq: version }),
    body: NOTHING,
    answer: SVG,
    handle: async (context, { params }) => {
      const { history, run: found } = await requireRun(context, params.run);
      const { graph, marks } = history.atOneMoment(() => drawnRun(history, found, context.isAlive));
      return svgText(graph, marks);
    },
  }),
  apiRoute({
    method: 'get',
    path: '/runs/{run}/topology',
    summary: 'List the drawings and tables with which the workflow explains what a run observed.',
    params: run,
    query: language,
    body: NOTHING,
    answer: { type: 'json', schema: z.unknown(), command: 'wf report RUN --format json' },
    handle: async (context, { params, query }) => {
      const { history, run: found } = await requireRun(context, params.run);
      return topologyView(await context.reports.explanations(history, found, query.lang));
    },
  }),
  apiRoute({
    method: 'get',
    path: '/runs/{run}/drawings/{file}',
    summary: 'Draw what a run observed: `1.svg` is the first drawing.',
    params: run.extend({ file: z.string().regex(/^[1-9]\d{0,3}\.svg$/) }),
    query: language.extend({ seq: version }),
    body: NOTHING,
    answer: SVG,
    handle: async (context, { params, query }) => {
      const { history, run: found } = await requireRun(context, params.run);
      const explanations = await context.reports.explanations(history, found, query.lang);
      return drawingSvgFile(explanations, Number.parseInt(params.file, 10));
    },
  }),
  report('html', 'text/html; charset=utf-8', 'report.html'),
  report('markdown', 'text/markdown; charset=utf-8', 'report.md'),
];

function report(format: 'html' | 'markdown', mediaType: string, file: string): ApiRoute {
  return apiRoute({
    method: 'get',
    path: `/runs/{run}/${file}`,
    summary: `Write the report on a run, as \`wf report RUN --format ${format}\` does.`,
    params: run,
    query: language,
    body: NOTHING,
    answer: { type: 'text', mediaType },
    handle: async (context, { params, query }) => {
      const { run: found } = await requireRun(context, params.run);
      return context.reports.text(found.id, format, query.lang);
    },
  });
}
