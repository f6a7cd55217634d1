import * as z from 'zod';
import { WfError } from '../../engine/model/errors.ts';
import { doctorQuerySchema } from '../api/machine-routes.ts';
import type { UiContext } from '../server/ui-context.ts';
import { changesView } from '../views/changes-view.ts';
import { choiceView, comparisonView, runChangesView } from '../views/comparison-view.ts';
import { displayed } from '../views/displayed.ts';
import { doctorView } from '../views/doctor-view.ts';
import { fleetView } from '../views/fleets/fleet-view.ts';
import { fleetsView } from '../views/fleets/fleets-view.ts';
import { plansView, planView } from '../views/plans-view.ts';
import { runPageView } from '../views/runs/run-page-view.ts';
import { runsQuerySchema } from '../views/runs/runs-query.ts';
import { runsView } from '../views/runs/runs-view.ts';
import type { PageModel } from './page-model.ts';

interface PageRequest {
  readonly params: Readonly<Record<string, string>>;
  /** A parameter that is given several times is a list. */
  readonly query: Readonly<Record<string, string | readonly string[]>>;
}

/** A page, and how its content is read. Opening a page changes nothing. */
export interface PageRoute {
  /** In the form of Hono: `/runs/:run`. */
  readonly path: string;
  load(context: UiContext, request: PageRequest): Promise<PageModel>;
}

export const PAGE_ROUTES: readonly PageRoute[] = [
  {
    path: '/',
    load: async (context, { query }) => ({
      page: 'runs',
      view: await runsView(context, parsedQuery(runsQuerySchema, query)),
    }),
  },
  {
    path: '/runs/:run',
    load: async (context, { params }) => ({ page: 'run', view: await runPageView(context, params['run'] ?? '', null) }),
  },
  {
    path: '/runs/:run/steps/:step',
    load: async (context, { params }) => ({
      page: 'run',
      view: await runPageView(context, params['run'] ?? '', params['step'] ?? null),
    }),
  },
  {
    path: '/runs/:run/changes',
    load: async (context, { params }) => ({
      page: 'run-changes',
      view: displayed(await runChangesView(context, params['run'] ?? '')),
    }),
  },
  {
    path: '/runs/:run/compare',
    load: async (context, { params }) => ({ page: 'choice', view: await choiceView(context, params['run'] ?? '') }),
  },
  {
    path: '/runs/:run/compare/:other',
    load: async (context, { params }) => ({
      page: 'comparison',
      view: displayed(await comparisonView(context, params['run'] ?? '', params['other'] ?? '')),
    }),
  },
  { path: '/changes', load: async (context) => ({ page: 'changes', view: displayed(await changesView(context)) }) },
  { path: '/plans', load: async (context) => ({ page: 'plans', view: displayed(await plansView(context)) }) },
  {
    path: '/plans/:plan',
    load: async (context, { params }) => ({
      page: 'plan',
      view: displayed(await planView(context, params['plan'] ?? '')),
    }),
  },
  {
    path: '/doctor',
    load: async (context, { query }) => ({
      page: 'doctor',
      view: displayed(await doctorView(context, parsedQuery(doctorQuerySchema, query).after)),
    }),
  },
  { path: '/fleets', load: async (context) => ({ page: 'fleets', view: displayed(await fleetsView(context)) }) },
  {
    path: '/fleets/:fleet',
    load: async (context, { params }) => ({
      page: 'fleet',
      view: displayed(await fleetView(context, params['fleet'] ?? '')),
    }),
  },
  {
    path: '/workflows',
    load: async (context) => ({ page: 'workflows', workflows: displayed(await context.catalog.list()) }),
  },
  {
    path: '/workflows/:workflow',
    load: async (context, { params }) => ({
      page: 'workflow',
      workflow: await context.catalog.describe(params['workflow'] ?? ''),
    }),
  },
];

/** Parses the query of an address; a form leaves unused fields empty. @throws WfError E_USAGE */
function parsedQuery<Schema extends z.ZodObject>(schema: Schema, query: PageRequest['query']): z.output<Schema> {
  const given = Object.fromEntries(
    Object.entries(query)
      .map(([name, value]) => [name, typeof value === 'string' ? value : value.filter((one) => one !== '')] as const)
      .filter(([, value]) => value.length > 0),
  );
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new WfError('E_USAGE', `the address: ${z.prettifyError(parsed.error)}`, { hint: 'Choose the filters again.' });
}
