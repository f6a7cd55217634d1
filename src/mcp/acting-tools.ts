import { z } from 'zod';
import { type Answer, documentAnswer } from './answer.ts';
import { wfCommandLine } from './command-line.ts';
import { withBriefRun } from './run-parts.ts';
import { defineTool, type Tool } from './tool.ts';
import { inputs, runToAct, runtime, textArgument, workflow } from './tool-arguments.ts';
import type { Call, WfCalls } from './wf-calls.ts';

const comment = textArgument('a comment for the record of the run').optional();
const acceptChanges = z
  .boolean()
  .default(false)
  .describe('continue although the workflow has changed since the run started');
const pauseAfter = textArgument('name of the stage to pause after').optional();
const duration = (description: string) => textArgument(`${description}, such as 90s or 10m`).optional();

/** Seconds that a client waits for a command: clients give up after a minute. */
const USUAL_WAIT_S = 20;

/** Arguments of each tool that acts on a run. */
const onRun = {
  run: runToAct,
  wait_seconds: z.number().int().min(0).max(50).default(USUAL_WAIT_S).describe('seconds to wait for the result'),
};

const UNDER_WAY =
  'Returns the run record, or underWay if it takes longer than wait_seconds: it then continues, and wait_for_run waits for it.';

const startRun = defineTool({
  name: 'start_run',
  title: 'Start a run',
  description:
    'Starts a run of a workflow, which changes this host. Returns its run record once it is under way; the run continues by itself. Plan it first with plan_run.',
  effect: 'acts, and may destroy',
  input: z.strictObject({
    workflow,
    input: inputs.default({}),
    runtime,
    id: runToAct.optional().describe('id of the run (default: a random one)'),
    pause_after: pauseAfter,
    on_failure: z
      .enum(['rollback', 'keep'])
      .default('rollback')
      .describe('what to do with the changes of a run that fails'),
    confirm_within: duration('undo the changes unless the run is confirmed within this time'),
    confirm_by: z.enum(['new-session']).optional().describe('who must confirm it: somebody in a new login session'),
    resume: z
      .enum(['auto', 'manual'])
      .default('manual')
      .describe('auto: an agent resumes it if its process ends early'),
  }),
  answer({ workflow: name, input, id, resume, ...given }, wf, signal) {
    const options = {
      'input-file': '-',
      runtime: given.runtime,
      id,
      resume,
      'pause-after': given.pause_after,
      'on-failure': given.on_failure,
      'confirm-within': given.confirm_within,
      'confirm-by': given.confirm_by,
    };
    const stdin = JSON.stringify(input);
    const call = wfCommandLine('start', { flags: ['--detach'], options, positional: [name], stdin });
    return acted(call, { run: id ?? null, wait_seconds: USUAL_WAIT_S }, wf, signal);
  },
});

/** In bytes: the record of the run repeats the data, and an answer is bounded. */
const DATA_LIMIT = 50_000;

const sendEvent = defineTool({
  name: 'send_event',
  title: 'Send an event to a run',
  description: `Sends a run an event that it waits for, such as an approval; show_run lists them in waitingFor. ${UNDER_WAY}`,
  effect: 'acts, and may destroy',
  input: z.strictObject({
    ...onRun,
    event: textArgument('type of the event'),
    data: z
      .looseObject({})
      .refine((data) => Buffer.byteLength(JSON.stringify(data)) <= DATA_LIMIT, `longer than ${DATA_LIMIT} bytes`)
      .default({})
      .describe('data of the event'),
    comment,
  }),
  answer({ event, data, comment: words, ...given }, wf, signal) {
    const options = { 'data-file': '-', comment: words };
    const call = wfCommandLine('send', { options, positional: [given.run, event], stdin: JSON.stringify(data) });
    return acted(call, given, wf, signal);
  },
});

const pauseRun = defineTool({
  name: 'pause_run',
  title: 'Pause a run',
  description: `Lets the running steps of a run finish, then pauses it. ${UNDER_WAY}`,
  effect: 'acts',
  input: z.strictObject({ ...onRun, comment }),
  answer({ comment: words, ...given }, wf, signal) {
    return acted(wfCommandLine('pause', { options: { comment: words }, positional: [given.run] }), given, wf, signal);
  },
});

const cancelRun = defineTool({
  name: 'cancel_run',
  title: 'Cancel a run',
  description: `Ends a run that has not ended, undoes its changes, and verifies the host. ${UNDER_WAY}`,
  effect: 'acts, and may destroy',
  input: z.strictObject({
    ...onRun,
    keep: z.boolean().default(false).describe('leave its changes in place'),
    comment,
  }),
  answer({ keep, comment: words, ...given }, wf, signal) {
    const flags = keep ? ['--keep'] : [];
    const call = wfCommandLine('cancel', { flags, options: { comment: words }, positional: [given.run] });
    return acted(call, given, wf, signal);
  },
});

const confirmRun = defineTool({
  name: 'confirm_run',
  title: 'Confirm a run',
  description: `Keeps the changes of an unconfirmed run, which are undone otherwise; with extend, moves its deadline. ${UNDER_WAY}`,
  effect: 'acts, and may destroy',
  input: z.strictObject({
    ...onRun,
    run: runToAct.describe('whole id of the run'),
    extend: duration('move its deadline to this time from now, and confirm nothing'),
    comment,
  }),
  answer({ extend, comment: words, ...given }, wf, signal) {
    const options = { extend, comment: words };
    return acted(wfCommandLine('confirm', { options, positional: [given.run] }), given, wf, signal);
  },
});

const resumeRun = defineTool({
  name: 'resume_run',
  title: 'Resume a run',
  description: `Resumes an interrupted, paused or waiting run. Plan it first with plan_resume. ${UNDER_WAY}`,
  effect: 'acts, and may destroy',
  input: z.strictObject({ ...onRun, accept_changes: acceptChanges, pause_after: pauseAfter }),
  answer({ accept_changes, pause_after, ...given }, wf, signal) {
    const options = { 'pause-after': pause_after };
    const call = wfCommandLine('resume', { flags: accepted(accept_changes), options, positional: [given.run] });
    return acted(call, given, wf, signal);
  },
});

const retryRun = defineTool({
  name: 'retry_run',
  title: 'Retry a failed run',
  description: `Continues a failed run from its failed steps, or starts a rolled-back one anew. ${UNDER_WAY}`,
  effect: 'acts, and may destroy',
  input: z.strictObject({ ...onRun, accept_changes: acceptChanges, comment }),
  answer({ accept_changes, comment: words, ...given }, wf, signal) {
    const options = { comment: words };
    const call = wfCommandLine('retry', { flags: accepted(accept_changes), options, positional: [given.run] });
    return acted(call, given, wf, signal);
  },
});

const rollBackRun = defineTool({
  name: 'roll_back_run',
  title: 'Roll back a run',
  description: `Undoes all changes of a run that are still in place, newest first, and verifies the host. ${UNDER_WAY}`,
  effect: 'acts, and may destroy',
  input: z.strictObject(onRun),
  answer: (given, wf, signal) => acted(wfCommandLine('rollback', { positional: [given.run] }), given, wf, signal),
});

/** The tools that need --allow-actions. */
export const ACTING_TOOLS: readonly Tool[] = [
  startRun,
  sendEvent,
  pauseRun,
  cancelRun,
  confirmRun,
  resumeRun,
  retryRun,
  rollBackRun,
];

function accepted(areAccepted: boolean): readonly string[] {
  return areAccepted ? ['--accept-changes'] : [];
}

interface ActedOn {
  /** Null if wf chooses the id. */
  readonly run: string | null;
  readonly wait_seconds: number;
}

async function acted(call: Call, { run, wait_seconds }: ActedOn, wf: WfCalls, signal: AbortSignal): Promise<Answer> {
  const called = await wf.act(call, wait_seconds * 1_000, signal);
  if (called !== undefined) return documentAnswer(withBriefRun(called.document), called.notes);
  const next = 'The command continues by itself. wait_for_run waits for the run, show_run shows it.';
  return documentAnswer({ underWay: true, run, next });
}
