import * as z from 'zod';
import { findSteps } from '../../review/query/find-step.ts';
import { aliveOnce } from '../../review/record/alive-once.ts';
import { evidenceRecord } from '../../review/record/evidence-record.ts';
import { readRunMaterial, readWaitMaterial } from '../../review/record/run-material.ts';
import { runRecord, runSummary } from '../../review/record/run-record.ts';
import { comparisonView, runChangesView } from '../views/comparison-view.ts';
import { evidencePart } from '../views/evidence-part.ts';
import { requireRun } from '../views/runs/run-page-view.ts';
import { runsPart, runsQuerySchema } from '../views/runs/runs-query.ts';
import { limitSchema } from './limit.ts';
import { type ApiRoute, apiRoute, NONE, NOTHING, type Page } from './route.ts';
import { runChangesSchema } from './schemas/change.ts';
import { comparisonSchema } from './schemas/comparison.ts';
import { evidenceSchema, journalEntrySchema } from './schemas/evidence.ts';
import { runRecordSchema } from './schemas/run-record.ts';
import { runSummarySchema } from './schemas/run-summary.ts';

const runParams = z.strictObject({ run: z.string().meta({ description: 'the id of the run' }) });

/** A part of a list that only grows. */
const cursor = (most: number, usual: number) => ({
  after: z.coerce
    .number()
    .int()
    .nonnegative()
    .default(0)
    .meta({ description: 'the number of the last item that is known' }),
  limit: limitSchema('the maximum number of items in one answer', most, usual),
});

/** The routes that read runs. */
export const RUN_ROUTES: readonly ApiRoute[] = [
  apiRoute({
    method: 'get',
    path: '/runs',
    summary: 'List runs, newest first.',
    description:
      'The answer has at most `limit` runs. The header `Link` names the older (`next`) and newer (`prev`) runs. A search for texts, inputs or interrupted runs reads 5,000 runs; if it ends there, the answer has fewer runs than `limit`, and `next` continues the search.',
    params: NOTHING,
    query: runsQuerySchema,
    body: NOTHING,
    answer: { type: 'page', item: runSummarySchema, command: 'wf runs --json' },
    handle: async (context, { query }) => {
      const history = await context.history();
      if (history === undefined) return NONE;
      return history.atOneMoment(() => {
        const isAlive = aliveOnce(context.isAlive);
        const { runs, newer, older } = runsPart(history, query, { clock: context.clock, isAlive });
        const to = (position: typeof newer) => ({ before: undefined, after: undefined, ...position });
        return {
          items: runs.map((run) => runSummary(run, isAlive, () => readWaitMaterial(history, run))),
          links: { ...(older && { next: to(older) }), ...(newer && { prev: to(newer) }) },
        };
      });
    },
  }),
  apiRoute({
    method: 'get',
    path: '/runs/{run}',
    summary: 'Show a run.',
    params: runParams,
    query: NOTHING,
    body: NOTHING,
    answer: { type: 'json', schema: runRecordSchema, command: 'wf show RUN --json' },
    handle: async (context, { params }) => {
      const { history, run } = await requireRun(context, params.run);
      return history.atOneMoment(() => runRecord(readRunMaterial(history, run), context.isAlive));
    },
  }),
  apiRoute({
    method: 'get',
    path: '/runs/{run}/evidence',
    summary: 'List the commands of a run with their output.',
    description:
      'The pieces of evidence are numbered from 1 within their run, whatever step is asked for. The answer has fewer than `limit` if they are long.',
    params: runParams,
    query: z.strictObject({
      step: z.string().min(1).optional().meta({ description: 'a step or a stage of the run' }),
      ...cursor(1_000, 200),
    }),
    body: NOTHING,
    answer: { type: 'page', item: evidenceSchema, command: 'wf logs RUN --json' },
    handle: async (context, { params, query: { step, after, limit } }) => {
      const { history, run } = await requireRun(context, params.run);
      return history.atOneMoment(() => {
        const all = history.steps(run.id);
        const steps = step === undefined ? null : findSteps(all, step, run.id).map(({ id }) => id);
        const stages = new Map(all.map(({ id, stage }) => [id, stage]));
        const { evidence: shown, hasMore } = evidencePart(history, run.id, steps, after, limit);
        return {
          items: shown.map(({ evidence }) => evidenceRecord(evidence, stages.get(evidence.step) ?? null)),
          links: nextAfter(hasMore, shown.at(-1)?.ordinal),
        };
      });
    },
  }),
  apiRoute({
    method: 'get',
    path: '/runs/{run}/journal',
    summary: 'List the entries of the journal of a run.',
    description:
      'The entries are those of the file that `wf export` writes. They are numbered (`seq`) from 1; the event stream names the number of its last entry.',
    params: runParams,
    query: z.strictObject(cursor(5_000, 1_000)),
    body: NOTHING,
    answer: { type: 'page', item: journalEntrySchema },
    handle: async (context, { params, query: { after, limit } }) => {
      const { history, run } = await requireRun(context, params.run);
      const found = history.journal(run.id, after, limit + 1);
      const items = found.slice(0, limit);
      return { items, links: nextAfter(found.length > limit, items.at(-1)?.seq) };
    },
  }),
  apiRoute({
    method: 'get',
    path: '/runs/{run}/changes',
    summary: 'Show what a run changed on the host, and the fingerprints that it compared.',
    params: runParams,
    query: NOTHING,
    body: NOTHING,
    answer: { type: 'json', schema: runChangesSchema, command: 'wf diff RUN --json' },
    handle: (context, { params }) => runChangesView(context, params.run),
  }),
  apiRoute({
    method: 'get',
    path: '/runs/{run}/compare/{other}',
    summary: 'Compare two runs of a workflow.',
    params: runParams.extend({ other: z.string().meta({ description: 'the id of the other run' }) }),
    query: NOTHING,
    body: NOTHING,
    answer: { type: 'json', schema: comparisonSchema, command: 'wf diff RUN OTHER --json' },
    handle: (context, { params }) => comparisonView(context, params.run, params.other),
  }),
];

function nextAfter(hasMore: boolean, last: number | undefined): Page['links'] {
  return hasMore && last !== undefined ? { next: { after: String(last) } } : {};
}
