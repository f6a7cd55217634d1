import * as z from 'zod';
import { runsQuerySchema, runsView } from '../views/runs-view.ts';
import { ACTION_ROUTES } from './action-routes.ts';
import { type ApiRoute, apiRoute, NOTHING } from './route.ts';
import { WORKFLOW_ROUTES } from './workflow-routes.ts';

/** All routes of the JSON API. */
export const API_ROUTES: readonly ApiRoute[] = [
  apiRoute({
    method: 'get',
    path: '/runs',
    summary: 'List runs, newest first.',
    params: NOTHING,
    query: runsQuerySchema,
    body: NOTHING,
    answer: { type: 'json', schema: z.array(z.unknown()), command: 'wf runs --json' },
    handle: async (context, { query }) => (await runsView(context, query)).runs,
  }),
  ...ACTION_ROUTES,
  ...WORKFLOW_ROUTES,
];
