import { hostname, userInfo } from 'node:os';
import { expect, test } from 'vitest';
import { runRecordSchema, runSummariesSchema } from '../../support/command/run-record.ts';
import { openProject } from '../../support/command/run-wf.ts';
import { CROWD, inTurn } from '../../support/rotation.ts';
import { ASKING_WORKFLOW, openAskingProject } from '../../support/workflows/asking-workflow.ts';

const WAITS = /^waiting for the event approve or reject: Continue\?/;
const by = { user: userInfo().username, sudoUser: null, host: hostname() };

test.concurrent('wf wait prints the question of a run that no process advances', async () => {
  const workflow = ASKING_WORKFLOW.replace("after: { tooLate: 'rejected' },", '');
  const project = openProject({ 'workflows/asking.ts': workflow, 'first.go': '' });
  const begun = ['start', 'asking', '--input', `folder=${project.folder}`, '--id', 'rests', '--detach'];
  expect((await project.wf(begun)).exitCode).toBe(0);
  const waited = await project.sharedWf(['wait', 'rests']);
  expect(waited.exitCode).toBe(0);
  expect(waited.stdout).toMatch(/Continue\?\n.*is written\.\n +Yes {2}wf send rests approve --data '\{"by":\.\.\.\}'/);
  expect((await project.sharedWf(['cancel', 'rests'])).exitCode).toBe(0);
});

test.concurrent('a waiting run reports its question, events and timers; an approval is handled once, and recorded with its sender, time and comment', async () => {
  const project = openAskingProject();
  project.go('first', 'second', 'third');
  const run = project.run('approved');
  await run.line(WAITS);
  const { status, waitingFor } = await project.record('approved');
  expect(status).toBe('waiting');
  expect(waitingFor).toMatchObject({
    events: [
      { type: 'approve', data: { type: 'object', required: ['by'], properties: { by: { type: 'string' } } } },
      { type: 'reject', data: null },
    ],
    timers: [{ name: expect.stringContaining('tooLate') }],
    ask: { title: 'Continue?', events: { approve: { label: 'Yes' } } },
  });
  const shown = await project.sharedWf(['show', 'approved']);
  expect(shown.stdout).toMatch(
    /Continue\?\n.*is written\.\n +Yes {2}wf send approved approve --data '\{"by":\.\.\.\}'/,
  );
  const listed = runSummariesSchema.parse((await project.sharedWf(['runs', '--json'])).json());
  expect(listed[0]?.waitingFor).toEqual(waitingFor);

  const unknown = await project.sharedWf(['send', 'approved', 'aprove']);
  expect(unknown).toMatchObject({ exitCode: 4, stdout: '' });
  expect(unknown.stderr).toMatch(/^error E_EVENT_UNEXPECTED: run approved .* it expects approve, reject$/m);
  const incomplete = await project.sharedWf(['send', 'approved', 'approve', '--json']);
  expect(incomplete).toMatchObject({ exitCode: 2, stderr: '' });
  expect(incomplete.json()).toMatchObject({
    error: { code: 'E_EVENT_INVALID', message: expect.stringContaining('by') },
  });
  const file = project.write('approval.json', '{"by":"Ann"}');
  const twice = await project.sharedWf(['send', 'approved', 'approve', '--data', '{}', '--data-file', file]);
  expect(twice).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('exclude each other') });
  const args = ['send', 'approved', 'approve', '--data-file', file, '--comment', 'seen with Bob', '--json'];
  const approval = await project.wf(args);
  expect(approval, approval.stderr).toMatchObject({ exitCode: 0 });
  expect(approval.json()).toMatchObject({ request: { by, kind: 'send', outcome: { type: 'handled' } } });
  expect(await run.end).toMatchObject({ exitCode: 0 });
  const { requests } = await project.record('approved');
  expect(requests).toMatchObject([
    { event: { type: 'aprove' }, outcome: { type: 'refused', error: { code: 'E_EVENT_UNEXPECTED' } } },
    { event: { type: 'approve' }, outcome: { type: 'refused', error: { code: 'E_EVENT_INVALID' } } },
    { by, event: { type: 'approve', by: 'Ann' }, comment: 'seen with Bob', outcome: { type: 'handled' } },
  ]);
  const report = await project.sharedWf(['report', 'approved']);
  expect(report.stdout).toContain(`${by.user} sent the event approve: seen with Bob`);
  const late = await project.sharedWf(['send', 'approved', 'approve', '--data', '{"by":"Ann"}']);
  expect(late).toMatchObject({ exitCode: 4, stderr: expect.stringContaining('it has ended (succeeded)') });
  expect(project.log()).toEqual(['first', 'second', 'third']);
});

test.concurrent('a paused run has finished its running step and begun no other, and is resumed', async () => {
  const project = openAskingProject();
  const run = project.run('pauses');
  await run.line(/^run pauses of asking/);
  const pause = project.start(['pause', 'pauses']);
  await pause.line(/^waiting until the running steps/);
  project.go('first');
  expect(await pause.end).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^run pauses is paused/) });
  expect(await run.end).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('paused on request') });
  expect(await project.record('pauses')).toMatchObject({
    status: 'paused',
    steps: [{ id: 'first', status: 'succeeded' }],
  });
  const send = await project.sharedWf(['send', 'pauses', 'reject']);
  expect(send).toMatchObject({ exitCode: 4, stderr: expect.stringContaining('`wf resume pauses') });
  const again = await project.sharedWf(['pause', 'pauses']);
  expect(again).toMatchObject({ exitCode: 4, stderr: expect.stringContaining('E_REQUEST_REFUSED') });
  const resumed = project.start(['resume', 'pauses']);
  await resumed.line(WAITS);
  expect((await project.sharedWf(['send', 'pauses', 'reject'])).exitCode).toBe(0);
  expect(await resumed.end).toMatchObject({ exitCode: 1 });
  expect(project.log()).toEqual(['first', 'not first']);
});

test.concurrent('a cancelled run stops its step, and is undone and verified: its follower exits with 1, the sender with 0', async () => {
  const project = openAskingProject();
  project.go('first');
  const run = project.run('cancelled');
  await run.line(WAITS);
  await project.sharedWf(['send', 'cancelled', 'approve', '--data', '{"by":"Ann"}']);
  const cancel = await project.wf(['cancel', 'cancelled', '--comment', 'wrong host', '--json']);
  expect(cancel, cancel.stderr).toMatchObject({ exitCode: 0 });
  expect(cancel.json()).toMatchObject({
    request: { kind: 'cancel', comment: 'wrong host', outcome: { type: 'handled' } },
    run: { status: 'rolled-back', error: { code: 'E_CANCELLED', message: expect.stringContaining('wrong host') } },
  });
  expect(await run.end).toMatchObject({ exitCode: 1 });
  expect(await project.record('cancelled')).toMatchObject({ verification: { restored: true } });
  // The second step was stopped before it wrote anything; its intent is undone as well.
  expect(project.log().filter((line) => line !== 'not second')).toEqual(['first', 'not first']);
  expect((await project.sharedWf(['cancel', 'cancelled'])).exitCode).toBe(4);
});

test.concurrent('cancel --keep leaves the changes in place', async () => {
  const project = openAskingProject();
  project.go('first');
  const run = project.run('kept');
  await run.line(WAITS);
  expect(await project.sharedWf(['cancel', 'kept', '--keep'])).toMatchObject({ exitCode: 0 });
  expect(await run.end).toMatchObject({ exitCode: 1 });
  expect(await project.record('kept')).toMatchObject({ status: 'failed', changes: [{ status: 'applied' }] });
  expect(project.log()).toEqual(['first']);
});

test.concurrent('the sending command advances a run without a process: send, pause, cancel', async () => {
  const project = openAskingProject();
  project.go('first', 'second', 'third');
  for (const id of ['sent', 'stopped']) {
    const run = project.run(id);
    await run.line(WAITS);
    run.kill('SIGKILL');
    await run.end;
  }
  const sent = await project.sharedWf(['send', 'sent', 'approve', '--data', '{"by":"Ann"}', '--json']);
  expect(sent, sent.stderr).toMatchObject({ exitCode: 0 });
  expect(sent.json()).toMatchObject({ request: { outcome: { type: 'handled' } }, run: { status: 'succeeded' } });
  expect(await project.wf(['pause', 'stopped'])).toMatchObject({ exitCode: 0 });
  expect(await project.record('stopped')).toMatchObject({ status: 'paused' });
  expect(await project.sharedWf(['cancel', 'stopped'])).toMatchObject({ exitCode: 0 });
  expect(await project.record('stopped')).toMatchObject({ status: 'rolled-back', error: { code: 'E_CANCELLED' } });
});

test.concurrent('a killed run that is asked to pause begins no step until it is resumed', async () => {
  const project = openAskingProject();
  project.go('first');
  const killed = project.run('halted', { WF_CRASH_AT: 'after commit decided start' });
  expect(await killed.end).toMatchObject({ signal: 'SIGKILL' });
  expect(await project.wf(['pause', 'halted'])).toMatchObject({ exitCode: 0 });
  expect(await project.record('halted')).toMatchObject({ status: 'paused' });
  expect(project.log()).toEqual([]);
  const resumed = project.start(['resume', 'halted']);
  await resumed.line(WAITS);
  expect(project.log()).toEqual(['first']);
  expect(await project.sharedWf(['cancel', 'halted'])).toMatchObject({ exitCode: 0 });
  expect(await resumed.end).toMatchObject({ exitCode: 1 });
});

/** Faults around a request. */
const FAULTS = {
  'many simultaneous commands to one run get one true answer each': async () => {
    const project = openAskingProject();
    project.go('first', 'second', 'third');
    const run = project.run('crowd');
    await run.line(WAITS);
    run.kill('SIGKILL');
    await run.end;
    const ends = await Promise.all(
      Array.from({ length: CROWD }, (_, index) =>
        project.wf(['send', 'crowd', 'approve', '--data', JSON.stringify({ by: `person ${index}` })]),
      ),
    );
    const handled = ends.flatMap(({ exitCode }, index) => (exitCode === 0 ? [index] : []));
    expect(handled).toHaveLength(1);
    for (const [index, { exitCode }] of ends.entries()) if (!handled.includes(index)) expect(exitCode).toBe(4);
    const { status, requests } = await project.record('crowd');
    expect(status).toBe('succeeded');
    const approvals = requests.filter(({ outcome }) => outcome?.type === 'handled');
    expect(approvals.map(({ event }) => event)).toEqual([{ type: 'approve', by: `person ${handled[0]}` }]);
    expect(requests.every(({ outcome }) => outcome !== null)).toBe(true);
    expect(project.log()).toEqual(['first', 'second', 'third']);
  },
  'a request is neither lost nor handled twice if the run is killed around its answer': async () => {
    const project = openAskingProject();
    project.go('first', 'second', 'third');
    for (const side of ['before', 'after']) {
      const id = `killed-${side}`;
      const run = project.run(id, { WF_CRASH_AT: `${side} commit answered` });
      await run.line(WAITS);
      const sent = await project.sharedWf(['send', id, 'approve', '--data', '{"by":"Ann"}']);
      expect(await run.end).toMatchObject({ signal: 'SIGKILL' });
      expect(sent, sent.stderr).toMatchObject({ exitCode: 0 });
      await project.sharedWf(['resume', id]);
      const { status, requests, steps } = await project.record(id);
      expect({ status, outcomes: requests.map(({ outcome }) => outcome?.type) }).toEqual({
        status: 'succeeded',
        outcomes: ['handled'],
      });
      expect(steps.map((step) => step.id)).toEqual(['first', 'second', 'third']);
    }
  },
  'a request whose sender is killed is still carried out, and a command that reads carries out nothing': async () => {
    const project = openAskingProject();
    project.go('first', 'second', 'third');
    const run = project.run('orphaned');
    await run.line(WAITS);
    const env = { WF_CRASH_AT: 'after request' };
    const sender = project.start(['send', 'orphaned', 'approve', '--data', '{"by":"Ann"}'], { env });
    expect(await sender.end).toMatchObject({ signal: 'SIGKILL' });
    expect(await run.end).toMatchObject({ exitCode: 0 });
    expect(await project.record('orphaned')).toMatchObject({ requests: [{ outcome: { type: 'handled' } }] });

    const waiting = project.run('unread');
    await waiting.line(WAITS);
    waiting.kill('SIGKILL');
    await waiting.end;
    expect((await project.start(['cancel', 'unread'], { env }).end).signal).toBe('SIGKILL');
    for (const reader of [['show', 'unread'], ['runs'], ['resume', 'unread', '--dry-run'], ['changes']])
      await project.sharedWf(reader);
    expect(await project.record('unread')).toMatchObject({ status: 'interrupted', requests: [{ outcome: null }] });
    // The next process that advances the run answers it.
    const resumed = runRecordSchema.parse((await project.sharedWf(['resume', 'unread', '--json'])).json());
    expect(resumed).toMatchObject({ status: 'rolled-back', requests: [{ outcome: { type: 'handled' } }] });
  },
  'a request to a killed run that cannot be resumed is refused with the reason': async () => {
    const project = openAskingProject();
    project.go('first');
    const run = project.run('changed');
    await run.line(WAITS);
    run.kill('SIGKILL');
    await run.end;
    project.write('workflows/asking.ts', ASKING_WORKFLOW.replace("version: '1'", "version: '2'"));
    const refused = await project.sharedWf(['send', 'changed', 'reject']);
    expect(refused).toMatchObject({ exitCode: 4, stderr: expect.stringContaining('E_DEFINITION_CHANGED') });
    const { status, requests } = await project.record('changed');
    expect(status).toBe('interrupted');
    expect(requests).toMatchObject([{ outcome: { type: 'refused', error: { code: 'E_DEFINITION_CHANGED' } } }]);
    // A cancellation needs no workflow, like a rollback.
    expect(await project.sharedWf(['cancel', 'changed'])).toMatchObject({ exitCode: 0 });
  },
};

test.concurrent.for(inTurn(Object.entries(FAULTS), 2))('%s', ([, work]) => work());
