import * as z from 'zod';
import { errorOfRecord } from '../../engine/model/errors.ts';
import { runIdSchema } from '../../engine/model/identity/identity-schemas.ts';
import type { RunId } from '../../engine/model/ids.ts';
import type { Json, JsonObject } from '../../engine/model/json.ts';
import type { HistoryReader } from '../../history/reader.ts';
import type { Action, ActOptions, CommandProgress } from '../commands/commands.ts';
import { type AskedOfRun, answerTo, takeoverBy } from '../commands/run-progress.ts';
import { RefusedRequest } from '../server/http-error.ts';
import type { UiContext } from '../server/ui-context.ts';
import { actionPreview, PREVIEWED } from '../views/action-preview.ts';
import { requireRun } from '../views/runs/run-page-view.ts';
import { argument } from './argument.ts';
import { Accepted, type ApiRoute, apiRoute, NOTHING } from './route.ts';
import { errorSchema } from './schemas/error.ts';
import { requestSchema, runRecordSchema } from './schemas/run-record.ts';

const ofRun = z.strictObject({ run: runIdSchema() });
const comment = z.optional(argument(2_000)).describe('for the record of the run');
const acceptChanges = z.boolean().default(false).describe('whether to continue although the workflow has changed');

const input = z
  .record(z.string(), z.string())
  .default({})
  .describe('secret inputs, which wf does not store: values, @env:VARIABLE or @file:PATH');

/** A command that is running, or ended a short while ago. */
const actionSchema = z.object({
  id: z.string(),
  command: z.string().describe('the command line, without inputs and data'),
  startedAt: z.number().describe('milliseconds since the epoch'),
  state: z.enum(['running', 'done', 'refused']),
  document: z.unknown().describe('what the command prints with --json; null unless it is done'),
  error: errorSchema.nullable(),
});

const previewSchema = z.looseObject({ action: z.enum(PREVIEWED), refusal: errorSchema.nullable() });

const answered = z.object({ request: requestSchema, run: runRecordSchema });

/** Routes by which people act on runs. Each runs the command of its name. */
export const ACTION_ROUTES: readonly ApiRoute[] = [
  onRun('send', 'Send a run an event.', answered, {
    body: z.strictObject({
      event: argument(200).min(1),
      data: z.optional(z.record(z.string(), z.json())).describe('the data of the event'),
      comment,
    }),
    begin: async (context, run, { event, data, comment: text }) => {
      const options = ['--data-file=/dev/stdin', ...commentOption(text)];
      const demand = { kind: 'send', event: { ...data, type: event } } as const;
      return ask(context, ['send', ...options, '--', run, event], { run, demand, comment: text }, data ?? {});
    },
  }),
  onRun('pause', 'Let the running steps of a run finish, then pause it.', answered, {
    body: z.strictObject({ comment }),
    begin: (context, run, { comment: text }) =>
      ask(context, ['pause', ...commentOption(text), '--', run], { run, demand: { kind: 'pause' }, comment: text }),
  }),
  onRun('cancel', 'End a run, undo its changes, and verify the host.', answered, {
    body: z.strictObject({ keep: z.boolean().default(false).describe('whether its changes stay'), comment }),
    begin: (context, run, { keep, comment: text }) => {
      const options = [...(keep ? ['--keep'] : []), ...commentOption(text)];
      return ask(context, ['cancel', ...options, '--', run], { run, demand: { kind: 'cancel', keep }, comment: text });
    },
  }),
  onRun('confirm', 'Keep the changes of an unconfirmed run, or extend its deadline.', answered, {
    body: z.strictObject({
      extend: z.optional(argument(40)).describe('a duration from now, such as 10m: the new deadline'),
      comment,
    }),
    begin: (context, run, { extend, comment: text }) => {
      const options = [...(extend === undefined ? [] : [`--extend=${extend}`]), ...commentOption(text)];
      return ask(context, ['confirm', ...options, '--', run], { run, demand: { kind: 'confirm' }, comment: text });
    },
  }),
  onRun('retry', 'Continue a failed run from its failed steps, or start a rolled-back one anew.', answered, {
    body: z.strictObject({ acceptChanges, input, comment }),
    begin: (context, run, { acceptChanges: accepts, input: secrets, comment: text }) => {
      const options = [...(accepts ? ['--accept-changes'] : []), ...secretOption(secrets), ...commentOption(text)];
      return ask(context, ['retry', ...options, '--', run], { run, demand: { kind: 'retry' }, comment: text }, secrets);
    },
  }),
  onRun('settle', 'Record that a change which could not be undone is gone, or is kept.', answered, {
    body: z.strictObject({
      change: z.int().positive().describe('the number of the change'),
      as: z.enum(['gone', 'kept']),
      reason: argument(2_000).min(1),
      comment,
    }),
    begin: (context, run, { change, as, reason, comment: text }) => {
      const argv = ['settle', `--as=${as}`, `--reason=${reason}`, ...commentOption(text), '--', run, String(change)];
      return ask(context, argv, { run, demand: { kind: 'settle', change, as, reason }, comment: text });
    },
  }),
  onRun('resume', 'Resume an interrupted, paused or waiting run.', runRecordSchema, {
    body: z.strictObject({ acceptChanges, input, pauseAfter: z.optional(argument(200)).describe('a stage') }),
    begin: (context, run, { acceptChanges: accepts, input: secrets, pauseAfter }) => {
      const options = [
        ...(accepts ? ['--accept-changes'] : []),
        ...(pauseAfter === undefined || pauseAfter === '' ? [] : [`--pause-after=${pauseAfter}`]),
        ...secretOption(secrets),
      ];
      return takeOver(context, ['resume', ...options, '--', run], run, secrets);
    },
  }),
  onRun('rollback', 'Undo all changes of a run that are still in place.', runRecordSchema, {
    body: z.strictObject({
      removeImages: z.boolean().default(false).describe('whether images that the run pulled are removed as well'),
      input,
    }),
    begin: (context, run, { removeImages, input: secrets }) => {
      const options = [...(removeImages ? ['--remove-images'] : []), ...secretOption(secrets)];
      return takeOver(context, ['rollback', ...options, '--', run], run, secrets);
    },
  }),
  apiRoute({
    method: 'get',
    path: '/runs/{run}/preview/{action}',
    summary: 'Return what an action would do to a run now, and why it is refused if it is. Changes nothing.',
    params: ofRun.extend({ action: z.enum(PREVIEWED) }),
    query: z.strictObject({ acceptChanges: z.optional(z.literal('1')) }),
    body: NOTHING,
    answer: { type: 'json', schema: previewSchema },
    handle: (context, { params, query }) =>
      actionPreview(context, params.run, params.action, { acceptChanges: query.acceptChanges === '1', input: {} }),
  }),
  apiRoute({
    method: 'post',
    path: '/runs/{run}/preview/{action}',
    summary: 'Return what a resume or a retry would do with these secret inputs. Changes nothing.',
    reads: true,
    params: ofRun.extend({ action: z.enum(['resume', 'retry']) }),
    query: NOTHING,
    body: z.strictObject({ acceptChanges, input }),
    answer: { type: 'json', schema: previewSchema },
    handle: (context, { params, body }) => actionPreview(context, params.run, params.action, body),
  }),
  apiRoute({
    method: 'get',
    path: '/actions/{action}',
    summary: 'Return the outcome of a command that was started a short while ago.',
    params: z.strictObject({ action: z.string() }),
    query: NOTHING,
    body: NOTHING,
    answer: { type: 'json', schema: actionSchema },
    handle(context, { params }) {
      const action = context.commands.action(params.action);
      if (action !== undefined) return action;
      const why = 'the action is unknown, or ended more than ten minutes ago';
      throw new RefusedRequest(404, 'E_USAGE', why, 'Open the page of the run: it shows the outcome.');
    },
  }),
];

interface RunActionDefinition<Body extends z.ZodObject> {
  readonly body: Body;
  begin(context: UiContext, run: RunId, body: z.output<Body>): Promise<Action>;
}

function onRun<Body extends z.ZodObject>(
  name: string,
  summary: string,
  schema: z.ZodType,
  { body, begin }: RunActionDefinition<Body>,
): ApiRoute {
  return apiRoute({
    method: 'post',
    path: `/runs/{run}/${name}`,
    summary,
    params: ofRun,
    query: NOTHING,
    body,
    answer: { type: 'json', schema, command: `wf ${name} RUN --json`, accepted: actionSchema },
    handle: async (context, request) => answerOf(await begin(context, request.params.run, request.body)),
  });
}

/** Returns the document of an action, or the action itself while its command is running. @throws WfError that of the command */
export function answerOf(action: Action): unknown {
  if (action.error !== null) throw errorOfRecord(action.error);
  return action.state === 'running' ? new Accepted(action) : action.document;
}

/** Starts a command that makes a request to a run. */
async function ask(
  context: UiContext,
  argv: readonly string[],
  { run, demand, comment: text }: Omit<AskedOfRun, 'after' | 'comment'> & { readonly comment: string | undefined },
  stdin?: JsonObject,
): Promise<Action> {
  const { history } = await requireRun(context, run);
  const after = history.journal(run).at(-1)?.seq ?? 0;
  const asked = { run, after, demand, comment: commentOption(text).length === 0 ? null : (text ?? null) };
  return act(context, argv, (reader, pid) => answerTo(reader, asked, context.isAlive, pid), stdin);
}

/** Starts a command that takes over a run. */
async function takeOver(context: UiContext, argv: readonly string[], run: RunId, stdin: JsonObject): Promise<Action> {
  await requireRun(context, run);
  return act(context, argv, (reader, pid) => takeoverBy(reader, run, pid), stdin);
}

function act(
  context: UiContext,
  argv: readonly string[],
  progress: (history: HistoryReader, pid: number) => CommandProgress,
  stdin?: Json,
): Promise<Action> {
  const options: ActOptions = {
    ...(stdin === undefined ? {} : { stdin }),
    async progress(pid) {
      const history = await context.history();
      return history === undefined ? 'starting' : progress(history, pid);
    },
  };
  return context.commands.act(argv, options);
}

/** Secrets are passed on standard input: other users see command lines. */
function secretOption(secrets: JsonObject): readonly string[] {
  return Object.keys(secrets).length === 0 ? [] : ['--input-file=/dev/stdin'];
}

/** An empty field of a form is no comment. */
function commentOption(text: string | undefined): readonly string[] {
  return text === undefined || text.trim() === '' ? [] : [`--comment=${text}`];
}
