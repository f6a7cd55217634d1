import * as z from 'zod';
import { runIdSchema } from '../../engine/model/identity/identity-schemas.ts';
import type { Json } from '../../engine/model/json.ts';
import { RUNTIME_NAMES } from '../../engine/ports/runtime.ts';
import { isSecretSource } from '../../engine/secrets/secret-source.ts';
import { describedSchema, listedSchema, requireName } from '../commands/workflow-catalog.ts';
import { RefusedRequest } from '../server/http-error.ts';
import { answerOf } from './action-routes.ts';
import { argument } from './argument.ts';
import { type ApiRoute, apiRoute, NOTHING } from './route.ts';
import { planSchema } from './schemas/plan.ts';
import { runRecordSchema } from './schemas/run-record.ts';

const ofWorkflow = z.strictObject({ workflow: z.string() });

const startSchema = z.strictObject({
  input: z.record(z.string(), z.json()).default({}),
  runtime: z.enum(['auto', ...RUNTIME_NAMES]).default('auto'),
  pauseAfter: z.optional(argument(200)).describe('a stage'),
  onFailure: z.enum(['rollback', 'keep']).default('rollback'),
  id: z.optional(runIdSchema()).describe('the id of the run; a random one if absent'),
  confirmWithin: z.optional(argument(40)).describe('a duration such as 120s: the changes are undone otherwise'),
});
type StartBody = z.output<typeof startSchema>;

const plannedSchema = z.strictObject({
  plan: planSchema,
  notes: z.array(z.string()).describe('what this machine lacks, and the chosen runtime'),
});

/** Routes that describe workflows, plan runs and start them. */
export const WORKFLOW_ROUTES: readonly ApiRoute[] = [
  apiRoute({
    method: 'get',
    path: '/workflows',
    summary: 'List workflows, with the errors of those that cannot be loaded.',
    params: NOTHING,
    query: NOTHING,
    body: NOTHING,
    answer: { type: 'json', schema: listedSchema, command: 'wf workflows --json' },
    handle: (context) => context.catalog.list(),
  }),
  apiRoute({
    method: 'get',
    path: '/workflows/{workflow}',
    summary: 'Return the stages and the inputs of a workflow.',
    params: ofWorkflow,
    query: NOTHING,
    body: NOTHING,
    answer: { type: 'json', schema: describedSchema, command: 'wf workflows WORKFLOW --json' },
    handle: (context, { params }) => context.catalog.describe(params.workflow),
  }),
  apiRoute({
    method: 'get',
    path: '/workflows/{workflow}/graph.svg',
    summary: 'Draw the state machine of a workflow.',
    params: ofWorkflow,
    query: NOTHING,
    body: NOTHING,
    answer: { type: 'text', mediaType: 'image/svg+xml; charset=utf-8' },
    handle: (context, { params }) => context.catalog.graph(params.workflow),
  }),
  apiRoute({
    method: 'post',
    path: '/workflows/{workflow}/plan',
    summary:
      'Return what a run would do, without doing it: `plan` is what `wf start WORKFLOW --dry-run --json` prints.',
    reads: true,
    params: ofWorkflow,
    query: NOTHING,
    body: startSchema,
    answer: { type: 'json', schema: plannedSchema },
    async handle(context, { params, body }) {
      if (!context.allowActions && Object.values(body.input).some(isSecretSource)) throw noSource();
      const argv = startArguments(params.workflow, body, ['--dry-run']);
      const { document, notes } = await context.commands.read(argv, body.input);
      return { plan: document, notes };
    },
  }),
  apiRoute({
    method: 'post',
    path: '/workflows/{workflow}/runs',
    summary: 'Start a run, which continues by itself.',
    params: ofWorkflow,
    query: NOTHING,
    body: startSchema,
    answer: {
      type: 'json',
      schema: runRecordSchema,
      command: 'wf start WORKFLOW --detach --json',
    },
    async handle(context, { params, body }) {
      const argv = startArguments(params.workflow, body, ['--detach']);
      const stdin: Json = body.input;
      return answerOf(await context.commands.act(argv, { stdin }));
    },
  }),
];

/** A step may observe the host with a secret, such as a command that logs in somewhere. */
function noSource(): RefusedRequest {
  return new RefusedRequest(
    403,
    'E_FORBIDDEN',
    'this server is read-only: its dry runs read no secret from a file or a variable',
    'Type any value in its place, or start the server with `wf ui --allow-actions`.',
  );
}

/** Inputs are passed on standard input: other users see command lines. */
function startArguments(workflow: string, body: StartBody, how: readonly string[]): readonly string[] {
  const { runtime, onFailure } = body;
  const given = [
    ['--pause-after', body.pauseAfter],
    ['--id', body.id],
    ['--confirm-within', body.confirmWithin],
  ] as const;
  const options = given.flatMap(([name, value]) => (value === undefined || value === '' ? [] : [`${name}=${value}`]));
  return [
    ...['start', ...how, '--input-file=/dev/stdin', `--runtime=${runtime}`, `--on-failure=${onFailure}`],
    ...options,
    ...['--', requireName(workflow)],
  ];
}
