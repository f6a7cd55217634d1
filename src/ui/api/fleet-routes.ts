import * as z from 'zod';
import { WfError } from '../../engine/model/errors.ts';
import { DEMANDS } from '../../fleet/model/fleet-run.ts';
import { fleetIdSchema } from '../../fleet/model/ids.ts';
import { fleetRecord, fleetRecordSchema } from '../../fleet/record/fleet-record.ts';
import { fleetSummarySchema } from '../../fleet/record/fleet-summary.ts';
import { fleetView } from '../views/fleets/fleet-view.ts';
import { fleetsView } from '../views/fleets/fleets-view.ts';
import { type ApiRoute, apiRoute, NOTHING } from './route.ts';

const ofFleet = z.strictObject({ fleet: fleetIdSchema });

/** Routes of fleet runs. */
export const FLEET_ROUTES: readonly ApiRoute[] = [
  apiRoute({
    method: 'get',
    path: '/fleets',
    summary: 'List the newest fleet runs, with the copies of those that Restate does not list.',
    params: NOTHING,
    query: NOTHING,
    body: NOTHING,
    answer: { type: 'json', schema: z.array(fleetSummarySchema), command: 'wf fleet runs --json' },
    handle: async (context) => (await fleetsView(context)).fleets,
  }),
  apiRoute({
    method: 'get',
    path: '/fleets/{fleet}',
    summary: 'Show a fleet run, or its copy.',
    params: ofFleet,
    query: NOTHING,
    body: NOTHING,
    answer: { type: 'json', schema: fleetRecordSchema, command: 'wf fleet show ID --json' },
    handle: async (context, { params }) => (await fleetView(context, params.fleet)).record,
  }),
  apiRoute({
    method: 'post',
    path: '/fleets/{fleet}/{request}',
    summary: 'Ask something of a fleet run. Restate has stored the request when the answer comes.',
    params: ofFleet.extend({ request: z.enum(DEMANDS) }),
    query: NOTHING,
    body: z.strictObject({ comment: z.string().max(2_000).default('').describe('for the record of the fleet run') }),
    answer: { type: 'json', schema: fleetRecordSchema, command: 'wf fleet REQUEST ID --json' },
    async handle({ fleet }, { params, body }) {
      if (fleet === null) throw withoutAddress();
      const comment = body.comment.trim() === '' ? null : body.comment;
      return fleetRecord(await fleet.control.demand(params.fleet, { kind: params.request, by: fleet.by, comment }));
    },
  }),
];

function withoutAddress(): WfError {
  return new WfError('E_USAGE', 'this server has no address of a fleet', {
    hint: 'Start it with `wf ui --fleet URL --allow-actions`.',
  });
}
