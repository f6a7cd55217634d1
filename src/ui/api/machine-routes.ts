import * as z from 'zod';
import { changeInPlaceRecords, changesInPlace } from '../../review/changes/changes-in-place.ts';
import { planRecord } from '../../review/record/plan-record.ts';
import { doctorView } from '../views/doctor-view.ts';
import { planView } from '../views/plans-view.ts';
import { type ApiRoute, apiRoute, NOTHING } from './route.ts';
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

/** The routes that read the machine, and what is planned on it. */
export const MACHINE_ROUTES: readonly ApiRoute[] = [
  apiRoute({
    method: 'get',
    path: '/changes',
    summary: 'List the changes of all runs that are in place on this host, with the commands that undo them.',
    params: NOTHING,
    query: NOTHING,
    body: NOTHING,
    answer: { type: 'json', schema: z.array(changeInPlaceSchema), command: 'wf changes --json' },
    handle: async (context) => {
      const history = await context.history();
      if (history === undefined) return [];
      return history.atOneMoment(() => changeInPlaceRecords(changesInPlace(history)));
    },
  }),
  apiRoute({
    method: 'get',
    path: '/plans',
    summary: 'List the plans, newest first.',
    params: NOTHING,
    query: NOTHING,
    body: NOTHING,
    answer: { type: 'json', schema: z.array(planSchema), command: 'wf plans --json' },
    handle: async (context) => ((await context.history())?.plans() ?? []).map(planRecord),
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
