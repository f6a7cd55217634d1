import * as z from 'zod';
import { WfError } from '../../engine/model/errors.ts';
import type { UiContext } from '../server/ui-context.ts';
import { runPageView } from '../views/run-page-view.ts';
import { runsQuerySchema, runsView } from '../views/runs-view.ts';
import type { PageModel } from './page-model.ts';

interface PageRequest {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
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
    path: '/workflows',
    load: async (context) => ({ page: 'workflows', workflows: await context.catalog.list() }),
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
  const given = Object.fromEntries(Object.entries(query).filter(([, value]) => value !== ''));
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new WfError('E_USAGE', `the address: ${z.prettifyError(parsed.error)}`, { hint: 'Choose the filters again.' });
}
