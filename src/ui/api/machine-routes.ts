import * as z from 'zod';
import { planIdSchema, runIdSchema } from '../../engine/model/identity/identity-schemas.ts';
import { changeInPlaceRecords, changesInPlaceOf } from '../../review/changes/changes-in-place.ts';
import { planRecord } from '../../review/record/plan-record.ts';
import { doctorView } from '../views/doctor-view.ts';
import { planView } from '../views/plans-view.ts';
import { requireRun } from '../views/runs/run-page-view.ts';
import { limitSchema } from './limit.ts';
import { type ApiRoute, apiRoute, NONE, NOTHING, type Page } from './route.ts';
import { changeInPlaceSchema } from './schemas/change.ts';
import { findingSchema } from './schemas/finding.ts';
import { planSchema } from './schemas/plan.ts';

/** The address of the findings, for the page and the API. */
export const doctorQuerySchema = z.strictObject({
  after: z.iso
    .datetime()
    .optional()
    .meta({ description: 'checks the machine again, unless the findings are newer than this moment' }),
});

function nextBefore(hasMore: boolean, last: string | undefined): Page['links'] {
  return hasMore && last !== undefined ? { next: { before: last } } : {};
}

/** The routes that read the machine and its plans. */
export const MACHINE_ROUTES: readonly ApiRoute[] = [
  apiRoute({
    method: 'get',
    path: '/changes',
    summary: 'List the changes of all runs that are in place on this host, with the commands that undo them.',
    description: 'The answer has all such changes of at most `limit` runs, newest run first.',
    params: NOTHING,
    query: z.strictObject({
      before: z
        .optional(runIdSchema())
        .meta({ description: 'continues a list: the runs that are older than this one' }),
      limit: limitSchema('the maximum number of runs in one answer'),
    }),
    body: NOTHING,
    answer: { type: 'page', item: changeInPlaceSchema, command: 'wf changes --json' },
    async handle(context, { query: { before, limit } }) {
      if (before !== undefined) await requireRun(context, before);
      const history = await context.history();
      if (history === undefined) return NONE;
      return history.atOneMoment(() => {
        const found = history.runsInPlace(limit + 1, before);
        const runs = found.slice(0, limit);
        return {
          items: changeInPlaceRecords(runs.flatMap((run) => changesInPlaceOf(history, run))),
          links: nextBefore(found.length > limit, runs.at(-1)?.id),
        };
      });
    },
  }),
  apiRoute({
    method: 'get',
    path: '/plans',
    summary: 'List the plans, newest first.',
    params: NOTHING,
    query: z.strictObject({
      before: z
        .optional(planIdSchema())
        .meta({ description: 'continues a list: the plans that are older than this one' }),
      limit: limitSchema('the maximum number of plans in one answer'),
    }),
    body: NOTHING,
    answer: { type: 'page', item: planSchema, command: 'wf plans --json' },
    async handle(context, { query: { before, limit } }) {
      if (before !== undefined) await planView(context, before);
      const found = (await context.history())?.plans(limit + 1, before) ?? [];
      const plans = found.slice(0, limit);
      return { items: plans.map(planRecord), links: nextBefore(found.length > limit, plans.at(-1)?.id) };
    },
  }),
  apiRoute({
    method: 'get',
    path: '/plans/{plan}',
    summary: 'Show a plan.',
    params: z.strictObject({ plan: z.string().meta({ description: 'the id of the plan' }) }),
    query: NOTHING,
    body: NOTHING,
    answer: { type: 'json', schema: planSchema, command: 'wf plans PLAN --json' },
    handle: (context, { params }) => planView(context, params.plan),
  }),
  apiRoute({
    method: 'get',
    path: '/doctor',
    summary: 'Check this machine.',
    description:
      'The check takes some seconds. The answer is the last one of this server, unless `after` asks for a newer one.',
    params: NOTHING,
    query: doctorQuerySchema,
    body: NOTHING,
    answer: { type: 'json', schema: z.array(findingSchema), command: 'wf doctor --json' },
    handle: async (context, { query }) => (await doctorView(context, query.after)).findings,
  }),
];
