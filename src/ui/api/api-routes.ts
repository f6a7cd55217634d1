import { ACTION_ROUTES } from './action-routes.ts';
import { FLEET_ROUTES } from './fleet-routes.ts';
import { MACHINE_ROUTES } from './machine-routes.ts';
import type { ApiRoute } from './route.ts';
import { RUN_PAGE_ROUTES } from './run-page-routes.ts';
import { RUN_ROUTES } from './run-routes.ts';
import { WORKFLOW_ROUTES } from './workflow-routes.ts';

/** All routes of the JSON API. */
export const API_ROUTES: readonly ApiRoute[] = [
  ...RUN_ROUTES,
  ...RUN_PAGE_ROUTES,
  ...ACTION_ROUTES,
  ...WORKFLOW_ROUTES,
  ...MACHINE_ROUTES,
  ...FLEET_ROUTES,
];
