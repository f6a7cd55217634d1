import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { assign, setup } from 'xstate';
import { z } from 'zod';
import { definitionDifferences } from '../../../../src/definition/definition-diff.ts';
import { describeDefinition } from '../../../../src/definition/describe.ts';
import { loadDefinition } from '../../../../src/definition/load.ts';
import { rehearse } from '../../../../src/engine/machine/rehearse.ts';
import { replay } from '../../../../src/engine/machine/replay.ts';
import { WfError } from '../../../../src/engine/model/errors.ts';
import { childAround, invokeOf, isWithin, type RunId, visitsOf } from '../../../../src/engine/model/ids.ts';
import type { JournalEntry } from '../../../../src/engine/model/journal-event.ts';
import type { JsonObject } from '../../../../src/engine/model/json.ts';
import type { Demand } from '../../../../src/engine/model/request.ts';
import { secret } from '../../../../src/engine/secrets/mark-secret.ts';
import { childWorkflow, requirementsOf } from '../../../../src/engine/workflow/child-workflow.ts';
import { defineStep } from '../../../../src/engine/workflow/define-step.ts';
import { forEach } from '../../../../src/engine/workflow/for-each.ts';
import type { LoadedWorkflow, WorkflowDefinition } from '../../../../src/engine/workflow/workflow.ts';
import { checkWorkflow } from '../../../../src/review/check/check-workflow.ts';
import { pictureLines } from '../../../../src/review/graph/draw/terminal-picture.ts';
import { readDefinition } from '../../../../src/review/graph/read-graph.ts';
import { markRun } from '../../../../src/review/graph/run-marks.ts';
import { PLAIN_STYLE } from '../../../../src/review/text/format/text-style.ts';
import { execCommand, execOnUndo, revertSteps } from '../../../../src/steps/index.ts';
import { rebuildProjection } from '../../../fixtures/history/rebuild-projection.ts';
import { type FolderHost, openFolderHost } from '../../../support/in-process/folder-host.ts';
import { EVERY_CASE } from '../../../support/rotation.ts';

let host: FolderHost;
let failing: Set<string>;
/** Steps that do not end until their signal. */
let hanging: Set<string>;
beforeEach(() => {
  host = openFolderHost(undefined, () => false);
  failing = new Set();
  hanging = new Set();
});
afterEach(() => host.close());

const probe = defineStep({
  kind: 'test.probe',
  description: 'ends as the test decides',
  input: z.object({ name: z.string() }),
  output: z.object({ seen: z.string() }),
  commands: () => [],
  rehearse: ({ name }) => ({ seen: name }),
  async read({ name }, { signal }) {
    if (hanging.has(name)) {
      await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    }
    if (failing.has(name)) throw new WfError('E_STEP_FAILED', `${name} failed`, { hint: 'none' });
    return { seen: name };
  },
});

const NO_INPUT: z.ZodObject = z.object({});

/** A definition with this name, without input. */
function named(name: string, machine: WorkflowDefinition['machine'], more: Partial<WorkflowDefinition> = {}) {
  return { name, version: '1', description: '', input: NO_INPUT, machine, keepsChanges: true, ...more };
}

function load(definition: WorkflowDefinition): LoadedWorkflow {
  return loadDefinition({ name: definition.name, file: `${definition.name}.ts` }, { default: definition }).workflow;
}

const siteInput = z.object({
  name: z.string(),
  more: z.array(z.string()).default([]),
  asks: z.boolean().default(false),
});
type SiteInput = z.output<typeof siteInput>;

interface Site {
  /** The name of the state that asks. */
  readonly question?: string;
  readonly tooLate?: number;
  /** A part of its context that nothing depends on. */
  readonly note?: string;
  /** The final state in which it ends when its probe fails; without one, the failure is that of the child. */
  readonly onFailure?: 'end' | 'rejected';
}

/** Creates a file, then one for each of `more`, asks if required, and probes the first. */
function site({ question = 'question', tooLate = 3_600_000, note = '', onFailure }: Site = {}) {
  const machine = setup({
    types: {
      context: {} as SiteInput & { readonly note: string },
      input: {} as SiteInput,
      output: {} as { made: string },
    },
    actors: { makeFile: host.makeFile, makeFiles: forEach(host.makeFile), probe },
    delays: { tooLate },
  }).createMachine({
    context: ({ input }) => ({ ...input, note }),
    initial: 'first',
    states: {
      first: {
        invoke: { id: 'first', src: 'makeFile', input: ({ context: { name } }) => ({ name }), onDone: 'rest' },
      },
      rest: {
        invoke: {
          id: 'rest',
          src: 'makeFiles',
          input: ({ context: { more } }) => ({ items: more.map((name) => ({ name })) }),
          onDone: question,
        },
      },
      [question]: {
        meta: { ask: { title: 'Continue?', events: { approve: { label: 'Yes' } } } },
        always: { guard: ({ context }) => !context.asks, target: 'look' },
        on: { approve: 'look', reject: 'rejected' },
        after: { tooLate: 'rejected' },
      },
      look: {
        invoke: {
          id: 'look',
          src: 'probe',
          input: ({ context: { name } }) => ({ name }),
          onDone: 'end',
          ...(onFailure === undefined ? {} : { onError: onFailure }),
        },
      },
      end: { type: 'final' },
      rejected: { type: 'final', tags: ['failed'] },
    },
    output: ({ context: { name } }) => ({ made: name }),
  });
  return { ...named('site', machine), input: siteInput, events: { reject: z.object({ reason: z.string() }) } };
}

interface Options {
  readonly input?: z.input<typeof siteInput>;
  /** Whether the parent answers a failure of the child. */
  readonly catches?: boolean;
  /** Whether the parent takes `approve` itself. */
  readonly approves?: boolean;
  readonly version?: string;
}

/** Makes a file, calls the site, and makes another file. */
function parentOf(
  child = site(),
  { input = { name: 'a' }, catches = false, approves = false, version = '1' }: Options = {},
) {
  const machine = setup({
    types: { context: {} as { readonly made: string; readonly failed: unknown } },
    actors: { makeFile: host.makeFile, site: childWorkflow(child) },
  }).createMachine({
    context: { made: '', failed: null },
    initial: 'before',
    states: {
      before: { invoke: { id: 'before', src: 'makeFile', input: { name: '1' }, onDone: 'deploy' } },
      deploy: {
        on: { ...(approves ? { approve: 'after' } : {}), skip: 'after' },
        invoke: {
          id: 'site',
          src: 'site',
          input,
          onDone: { target: 'after', actions: assign({ made: ({ event }) => event.output.made }) },
          ...(catches ? { onError: { target: 'after', actions: assign({ failed: ({ event }) => event.error }) } } : {}),
        },
      },
      after: { invoke: { id: 'after', src: 'makeFile', input: { name: '2' }, onDone: 'end' } },
      end: { type: 'final' },
    },
    output: ({ context }) => ({ made: context.made, failed: context.failed }),
  });
  return load({ ...named('parent', machine), version });
}

async function finish(workflow: LoadedWorkflow, onFailure: 'rollback' | 'keep' = 'rollback', input: JsonObject = {}) {
  const handle = await host.start(workflow, input, { onFailure });
  await handle.result;
  return stateOf(handle.id, workflow);
}

/** A run, whose journal replays, and whose tables are what its journal determines. */
function stateOf(id: RunId, workflow: LoadedWorkflow) {
  const run = host.history.run(id);
  if (run === undefined) throw new Error(`no run ${id}`);
  const journal = host.history.journal(id);
  replay(workflow.model, run, journal);
  expect(rebuildProjection(journal)?.steps).toEqual(host.history.steps(id));
  const steps = host.history.steps(id).map((step) => `${step.id} ${step.status}`);
  const changes = host.history
    .changes(id)
    .map(({ step, target, status }) => `${step} ${target.replace('file ', '')} ${status}`);
  const waiting = journal.findLast(({ event }) => event.type === 'waiting')?.event;
  return { id, journal, status: run.status, output: run.output, error: run.error, steps, changes, waiting };
}

function timersIn(journal: readonly JournalEntry[]): readonly string[] {
  return journal
    .flatMap(({ event }) => (event.type === 'decided' ? event.effects : []))
    .flatMap((effect) =>
      effect.type === 'set-timer' || effect.type === 'cancel-timer' ? [`${effect.type} ${effect.timer}`] : [],
    );
}

/** Starts a run, and returns once it waits. */
async function wait(workflow: LoadedWorkflow) {
  const handle = await host.start(workflow);
  const isWaiting = () => host.history.journal(handle.id).some(({ event }) => event.type === 'waiting');
  while (!isWaiting()) await new Promise((resolve) => setImmediate(resolve));
  return { handle, ...stateOf(handle.id, workflow) };
}

const advancing = (workflow: LoadedWorkflow, acceptChanges = false) => ({
  workflow,
  definition: describeDefinition(workflow, workflow.model),
  acceptChanges,
  pauseAfter: null,
});

async function deliver(run: RunId, workflow: LoadedWorkflow, demand: Demand) {
  const by = { user: 'ann', sudoUser: null, host: 'here' };
  const advance = async () => {
    await (await host.engine.resume({ run, ...advancing(workflow) })).result;
  };
  return (await host.engine.deliver({ run, by, demand, comment: null, advance })).outcome;
}

describe('a child workflow', () => {
  test('has its steps, items and changes in the run, in their place, and gives its parent its output', async () => {
    const { status, output, steps, changes, journal } = await finish(
      parentOf(site(), { input: { name: 'a', more: ['b', 'c'] } }),
    );
    expect({ status, output }).toEqual({ status: 'succeeded', output: { made: 'a', failed: null } });
    expect(steps).toEqual(
      ['before', 'site/first', 'site/rest[0]', 'site/rest[1]', 'site/look', 'after'].map((id) => `${id} succeeded`),
    );
    expect(changes).toEqual([
      ...['before 1 kept', 'site/first a kept', 'site/rest[0] b kept', 'site/rest[1] c kept', 'after 2 kept'],
    ]);
    const values = journal.flatMap(({ event }) => (event.type === 'decided' ? [event.children ?? null] : []));
    expect(values.filter((value) => value !== null)).toEqual(
      ['first', 'rest', 'rest', 'look'].map((value) => ({ site: value })),
    );
  });

  test('has ids of its own at each visit, in another child too', async () => {
    const rounds = setup({
      types: { context: {} as { readonly round: number } },
      actors: { site: childWorkflow(site()) },
    }).createMachine({
      context: { round: 0 },
      initial: 'round',
      states: {
        round: {
          invoke: {
            id: 'site',
            src: 'site',
            input: ({ context: { round } }) => ({ name: `a${round}`, more: [`b${round}`] }),
            onDone: { target: 'again', actions: assign({ round: ({ context }) => context.round + 1 }) },
          },
        },
        again: { always: [{ guard: ({ context }) => context.round < 2, target: 'round' }, 'end'] },
        end: { type: 'final' },
      },
    });
    const machine = setup({ actors: { rounds: childWorkflow(named('rounds', rounds)), revertSteps } }).createMachine({
      initial: 'one',
      states: {
        one: { invoke: { id: 'outer', src: 'rounds', input: {}, onDone: 'two' } },
        two: { invoke: { id: 'undo', src: 'revertSteps', input: { steps: ['outer'] }, onDone: 'three' } },
        three: { invoke: { id: 'outer2', src: 'rounds', input: {}, onDone: 'four' } },
        four: { invoke: { id: 'undo2', src: 'revertSteps', input: { steps: ['outer2/site#2'] }, onDone: 'end' } },
        end: { type: 'final' },
      },
    });
    const { status, steps, changes } = await finish(load(named('parent', machine)));
    expect(status).toBe('succeeded');
    const ids = (outer: string) =>
      ['', '#2'].flatMap((visit) => ['first', 'rest[0]', 'look'].map((id) => `${outer}/site${visit}/${id} succeeded`));
    expect(steps).toEqual([...ids('outer'), 'undo succeeded', ...ids('outer2'), 'undo2 succeeded']);
    expect(changes).toEqual([
      ...['outer/site/first a0 reverted', 'outer/site/rest[0] b0 reverted'],
      ...['outer/site#2/first a1 reverted', 'outer/site#2/rest[0] b1 reverted'],
      ...['outer2/site/first a0 kept', 'outer2/site/rest[0] b0 kept'],
      ...['outer2/site#2/first a1 reverted', 'outer2/site#2/rest[0] b1 reverted'],
    ]);
  });

  test('is undone as one, newest first, and undoes its own steps by their own names', async () => {
    const on = (name: string) => ({ argv: ['touch', name] satisfies [string, string], cwd: host.folder });
    const actors = { run: execOnUndo.with({ alters: [] }), revertSteps };
    const inner = setup({ actors }).createMachine({
      initial: 'one',
      states: {
        one: { invoke: { id: 'one', src: 'run', input: on('one'), onDone: 'two' } },
        two: { invoke: { id: 'two', src: 'run', input: on('two'), onDone: 'three' } },
        three: { invoke: { id: 'three', src: 'run', input: on('three'), onDone: 'undo' } },
        undo: { invoke: { id: 'undo', src: 'revertSteps', input: { steps: ['one'] }, onDone: 'end' } },
        end: { type: 'final' },
      },
    });
    const machine = setup({ actors: { ...actors, inner: childWorkflow(named('inner', inner)) } }).createMachine({
      initial: 'first',
      states: {
        first: { invoke: { id: 'one', src: 'run', input: on('first'), onDone: 'inner' } },
        inner: { invoke: { id: 'inner', src: 'inner', input: {}, onDone: 'last' } },
        last: { invoke: { id: 'last', src: 'run', input: on('last'), onDone: 'undo' } },
        undo: { invoke: { id: 'undo', src: 'revertSteps', input: { steps: ['inner'] }, onDone: 'end' } },
        end: { type: 'final' },
      },
    });
    const workflow = load(named('parent', machine));
    const undone = ['touch three', 'touch two', 'touch one'];
    const rehearsed = rehearse(workflow, {}, Math.random).filter(({ step }) => step.endsWith('undo'));
    expect(rehearsed.map(({ commands }) => commands.map((argv) => argv.join(' ')))).toEqual([['touch one'], undone]);
    const { id, changes } = await finish(workflow);
    expect(changes.map((change) => change.split(' ').at(-1))).toEqual([
      ...['kept', 'reverted', 'reverted', 'reverted', 'kept'],
    ]);
    const evidence = host.history.evidence(id).flatMap(({ command }) => /touch \w+$/.exec(command) ?? []);
    expect(evidence).toEqual(['touch one', 'touch three', 'touch two']);
    expect(checkWorkflow(workflow, describeDefinition(workflow, workflow.model).description).filter(isError)).toEqual(
      [],
    );
  });

  test('fails as a step does, with the step that failed, or its last failure', async () => {
    failing.add('a');
    const unanswered = await finish(parentOf());
    expect(unanswered).toMatchObject({ status: 'rolled-back', error: { code: 'E_STEP_FAILED', message: 'a failed' } });
    expect(host.files()).toEqual([]);
    const { output, changes } = await finish(parentOf(site(), { catches: true }));
    expect(output).toMatchObject({ made: '', failed: { message: 'a failed', step: 'site/look' } });
    expect(changes).toEqual(['before 1 kept', 'site/first a kept', 'after 2 kept']);
    for (const name of host.files()) host.remove(name);
    const rejected = await finish(parentOf(site({ onFailure: 'rejected' }), { catches: true }));
    expect(rejected.output).toMatchObject({ failed: { message: 'a failed', step: 'site/look' } });
  });

  test('is a part of the state that replays: another context in it is another state', async () => {
    const { id, journal } = await finish(parentOf());
    const run = host.history.run(id);
    if (run === undefined) throw new Error(`no run ${id}`);
    expect(() => replay(parentOf(site({ note: 'other' })).model, run, journal)).toThrow(
      'event 7 (xstate.done.actor.before) replays differently: the context or the output differs when replayed',
    );
  });

  test('asks, waits for its timers, and takes the events that its parent does not take', async () => {
    const asking = { input: { name: 'a', asks: true }, catches: true };
    const workflow = parentOf(site(), asking);
    const { id, handle, waiting, journal } = await wait(workflow);
    const { graph, config } = readDefinition(descriptionOf(workflow));
    expect(markRun(graph, config, { id, status: 'waiting', journal }).steps.get('site')).toBe('current');
    expect(waiting).toMatchObject({ events: ['approve', 'reject', 'skip'], ask: { title: 'Continue?' } });
    await expect(handle.send({ type: 'other' })).rejects.toMatchObject({ code: 'E_EVENT_UNEXPECTED' });
    await expect(handle.send({ type: 'reject' })).rejects.toMatchObject({ code: 'E_EVENT_INVALID' });
    await handle.send({ type: 'reject', reason: 'late' });
    await handle.result;
    const rejected = stateOf(id, workflow);
    expect(rejected.output).toMatchObject({
      failed: { code: 'E_STEP_FAILED', message: 'child workflow site ended in a state tagged "failed"', step: 'site' },
    });
    const setAndCancelled = ['set-timer', 'cancel-timer'].map(
      (type) => `${type} site/xstate.after.tooLate.(machine).question#1`,
    );
    expect(timersIn(rejected.journal)).toEqual(setAndCancelled);

    for (const name of host.files()) host.remove(name);
    const approving = parentOf(site(), { ...asking, approves: true });
    const second = await wait(approving);
    await second.handle.send({ type: 'approve' });
    await second.handle.result;
    // The parent took it, and so left the child.
    const approved = stateOf(second.id, approving);
    expect(approved).toMatchObject({
      status: 'succeeded',
      output: { made: '', failed: null },
      steps: ['before succeeded', 'site/first succeeded', 'after succeeded'],
    });
    expect(timersIn(approved.journal)).toEqual(setAndCancelled);

    for (const name of host.files()) host.remove(name);
    const late = await finish(parentOf(site({ tooLate: 10 }), asking));
    expect(late.output).toMatchObject({ failed: { step: 'site' } });
  });

  test('is stopped with its steps and timers when its state is left', async () => {
    hanging.add('a');
    const workflow = parentOf();
    const handle = await host.start(workflow);
    while (!host.history.steps(handle.id).some(({ id }) => id === 'site/look')) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    await handle.send({ type: 'skip' });
    await handle.result;
    expect(stateOf(handle.id, workflow)).toMatchObject({
      status: 'succeeded',
      steps: ['before succeeded', 'site/first succeeded', 'site/look stopped', 'after succeeded'],
    });
  });

  test('is resumed and retried from its steps, also under another definition', async () => {
    failing.add('a');
    const workflow = parentOf();
    const { id, steps } = await finish(workflow, 'keep');
    expect(steps.at(-1)).toBe('site/look failed');
    failing.clear();
    expect(await deliver(id, workflow, { kind: 'retry' })).toMatchObject({ type: 'handled' });
    const retried = stateOf(id, workflow);
    expect(retried).toMatchObject({ status: 'succeeded', output: { made: 'a' } });
    expect(retried.steps).toEqual(['before', 'site/first', 'site/look', 'after'].map((step) => `${step} succeeded`));

    for (const name of host.files()) host.remove(name);
    const asks = { input: { name: 'a', asks: true } };
    const waiting = await wait(parentOf(site(), asks));
    waiting.handle.interrupt('SIGINT');
    await waiting.handle.result;
    const changed = parentOf({ ...site(), version: '2' }, asks);
    const renamed = parentOf(site({ question: 'confirmation' }), asks);
    expect(definitionDifferences(descriptionOf(parentOf(site(), asks)), descriptionOf(changed))).toEqual([
      'child site: version 1 -> 2',
    ]);
    await expect(host.engine.resume({ run: waiting.id, ...advancing(changed) })).rejects.toMatchObject({
      code: 'E_DEFINITION_CHANGED',
    });
    await expect(host.engine.resume({ run: waiting.id, ...advancing(renamed, true) })).rejects.toMatchObject({
      code: 'E_JOURNAL_DIVERGED',
      message: expect.stringContaining(
        'the state was "deploy", in a child "question" and is "deploy", in a child "confirmation"',
      ),
    });
    const handle = await host.engine.resume({ run: waiting.id, ...advancing(changed, true) });
    await handle.send({ type: 'approve' });
    await handle.result;
    expect(stateOf(waiting.id, changed).status).toBe('succeeded');
  });

  test('that a failure began is another visit after a retry', async () => {
    const inner = setup({ actors: { probe } }).createMachine({
      initial: 'one',
      states: {
        one: { invoke: { id: 'look', src: 'probe', input: { name: 'c' }, onDone: 'end' } },
        end: { type: 'final' },
      },
    });
    const machine = setup({ actors: { probe, repair: childWorkflow(named('repair', inner)) } }).createMachine({
      initial: 'one',
      states: {
        one: { invoke: { id: 'try', src: 'probe', input: { name: 'b' }, onDone: 'end', onError: 'two' } },
        two: { invoke: { id: 'repair', src: 'repair', input: {}, onDone: 'broken' } },
        broken: { type: 'final', tags: ['failed'] },
        end: { type: 'final' },
      },
    });
    failing.add('b');
    const workflow = load(named('parent', machine));
    const { id } = await finish(workflow, 'keep');
    await deliver(id, workflow, { kind: 'retry' });
    expect(stateOf(id, workflow).steps).toEqual(['try failed', 'repair/look succeeded', 'repair#2/look succeeded']);
  });

  test('is drawn with its steps, and checked with its parent', async () => {
    failing.add('a');
    const workflow = parentOf();
    const { graph, config } = readDefinition(descriptionOf(workflow));
    const { id, journal } = await finish(parentOf(site(), { catches: true }));
    const marks = markRun(graph, config, { id, status: 'succeeded', journal });
    expect(pictureLines(graph, marks, PLAIN_STYLE).filter((line) => line.includes('site'))).toEqual([
      ...[expect.stringMatching(/^✗ +site +workflow site/), expect.stringMatching(/^✓ +site\/first +test.file$/)],
      ...[expect.stringMatching(/^· +site\/rest +test.file$/), expect.stringMatching(/^✗ +site\/look +test.probe$/)],
    ]);
    for (const name of host.files()) host.remove(name);
    const answered = parentOf(site({ onFailure: 'end' }), { catches: true });
    const { id: succeeded, ...ended } = await finish(answered);
    const drawn = readDefinition(descriptionOf(answered));
    const { steps } = markRun(drawn.graph, drawn.config, {
      id: succeeded,
      status: 'succeeded',
      journal: ended.journal,
    });
    expect([steps.get('site'), steps.get('site/look')]).toEqual(['passed', 'failed']);

    const endless = setup({ actors: { probe, revertSteps } }).createMachine({
      initial: 'one',
      states: {
        one: { invoke: { id: 'undo', src: 'revertSteps', input: { steps: ['before'] }, onDone: 'two' } },
        two: {},
      },
    });
    const machine = setup({ actors: { inner: childWorkflow(named('inner', endless)) } }).createMachine({
      initial: 'one',
      states: { one: { invoke: { id: 'inner', src: 'inner', input: {}, onDone: 'end' } }, end: { type: 'final' } },
    });
    const faulty = load(named('faulty', machine));
    const errors = checkWorkflow(faulty, descriptionOf(faulty)).filter(isError);
    expect(errors.map(({ check, where }) => [check, ...where])).toEqual([
      ['no-way-to-an-end', 'inner/two'],
      ['reverts-unknown-step', 'inner/undo'],
    ]);
  });

  test('checks its input by its schema: a wrong one is the failure of the step, and found by a dry run', async () => {
    const wrong = { name: 'a', nmae: 'b' };
    const message = expect.stringMatching(/^step site: child workflow site: input is not valid: .*"nmae"/);
    const unanswered = await finish(parentOf(site(), { input: wrong }));
    expect(unanswered).toMatchObject({ status: 'rolled-back', error: { code: 'E_STEP_INPUT', message } });
    const answered = parentOf(site(), { input: wrong, catches: true });
    expect((await finish(answered)).output).toMatchObject({ failed: { code: 'E_STEP_INPUT', message, step: 'site' } });
    expect(() => rehearse(answered, {}, Math.random)).toThrow(
      expect.objectContaining({ code: 'E_STEP_INPUT', message }),
    );
    expect(checkWorkflow(answered, descriptionOf(answered)).filter(isError)).toMatchObject([
      { check: 'step-input', where: ['site'] },
    ]);
  });

  test('gets a secret of the run as a placeholder, and treats nothing else as one', async () => {
    const input = z.object({ token: secret(z.string().min(30).default('')), note: z.string().default('') });
    const child = setup({
      types: { context: {} as z.output<typeof input>, input: {} as z.output<typeof input> },
      actors: { run: execCommand, probe },
    }).createMachine({
      context: ({ input: given }) => given,
      initial: 'use',
      states: {
        use: {
          invoke: {
            id: 'use',
            src: 'run',
            input: ({ context: { token } }) => ({ argv: ['touch', `${token}!`], undo: ['true'], cwd: host.folder }),
            onDone: 'end',
          },
        },
        end: { type: 'final' },
      },
      output: ({ context }) => context,
    });
    const outer = z.object({ password: secret(z.string().default('')), given: z.string().default('') });
    const machine = setup({
      types: { context: {} as z.output<typeof outer>, input: {} as z.output<typeof outer> },
      actors: { child: childWorkflow({ ...named('child', child), input }) },
    }).createMachine({
      context: ({ input: given }) => given,
      initial: 'call',
      states: {
        call: {
          invoke: {
            id: 'child',
            src: 'child',
            input: ({ context: { password, given } }) => ({ token: password + given, note: password }),
            onDone: 'end',
          },
        },
        end: { type: 'final' },
      },
    });
    const workflow = load({ ...named('parent', machine), input: outer });
    const password = 'S3cret-pa55word-of-the-run';
    const { status, journal } = await finish(workflow, 'rollback', { password, given: '' });
    expect(status).toBe('succeeded');
    expect(host.files()).toEqual([`${password}!`]);
    expect(JSON.stringify(journal)).not.toContain(password);
    const refused = await finish(workflow, 'rollback', {
      password: '',
      given: 'a text that is not a secret of the run',
    });
    expect(refused.error).toMatchObject({
      code: 'E_STEP_INPUT',
      message: 'step child: child workflow child: input token is secret, and is given a text that is not',
    });
    expect((await finish(workflow, 'rollback', { password: '', given: '' })).error?.message).toContain('Too small');
  });

  test('passes its networking, requirements and event schemas to its parent, one schema for each type of event', () => {
    const requirements = ({ name }: SiteInput) => [
      { title: `folder ${name}`, purpose: '', claim: null, check: async () => ({ met: true as const, found: '' }) },
    ];
    const child = { ...site(), networking: true, requirements };
    expect(requirementsOf(child, { name: 'a' }).map(({ title }) => title)).toEqual(['folder a']);
    const workflow = parentOf(child);
    expect([workflow.networking, Object.keys(workflow.events ?? {})]).toEqual([true, ['reject']]);
    const { machine } = parentOf(child).model;
    const forgotten = (more: Partial<WorkflowDefinition> = {}) => {
      const loaded = load(named('parent', machine, more));
      return checkWorkflow(loaded, descriptionOf(loaded)).filter(({ check }) => check === 'child-requirements');
    };
    const message = 'the requirements of child workflow site are not checked: its parent has none';
    expect(forgotten()).toMatchObject([{ severity: 'warning', where: ['site'], message }]);
    expect(forgotten({ requirements: () => requirementsOf(child, { name: 'a' }) })).toEqual([]);
    const twice = { ...named('parent', machine), events: { reject: z.object({}) } };
    expect(() => load(twice)).toThrow('the event reject has one schema in parent and another in its child site');
    const nested = setup({
      actors: { inner: childWorkflow(named('inner', setup({}).createMachine({}))) },
    }).createMachine({
      initial: 'one',
      states: {
        one: { invoke: { id: 'a/b', src: 'inner', input: {} } },
        two: { invoke: { id: 'c', src: 'inner', input: {} } },
      },
    });
    expect(() => load(named('nested', nested))).toThrow(
      /the invoke id a\/b reads like .*; state two invokes a child, workflow inner: the machine has no top-level state/,
    );
  });

  test('is distinguished from its steps by their ids', () => {
    const step = 'outer#2/site/each#3[a/b#4]';
    expect([childAround(step), childAround('outer'), invokeOf(step)]).toEqual(['outer#2/site', '', 'outer/site/each']);
    expect(Object.fromEntries(visitsOf(step))).toEqual({ outer: 2, 'outer#2/site': 1, 'outer#2/site/each': 3 });
    const within = ['outer', 'outer#2', 'outer#2/site', 'outer#2/site/each#3', step, 'outer#2/site/each', 'each#3', ''];
    expect(within.filter((outer) => isWithin(step, outer))).toEqual(within.slice(1, 5));
  });
});

/** A step that makes a file or fails, or steps one after the other, which may be a child and whose failure may be answered. */
type Part =
  | { readonly kind: 'file'; readonly fails: boolean }
  | { readonly kind: 'steps'; readonly isChild: boolean; readonly catches: boolean; readonly parts: readonly Part[] };

const { part } = fc.letrec<{ part: Part }>((tie) => ({
  part: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.record({ kind: fc.constant('file' as const), fails: fc.boolean() }),
    fc.record({
      kind: fc.constant('steps' as const),
      isChild: fc.boolean(),
      catches: fc.boolean(),
      parts: fc.array(tie('part'), { minLength: 1, maxLength: 3 }),
    }),
  ),
}));

/** Returns the workflow of these parts, with its children as such, or inline. */
function workflowOf(whole: Part, isNested: boolean): LoadedWorkflow {
  let count = 0;
  const machineOf = (parts: readonly Part[]) => {
    const children: Record<string, ReturnType<typeof childWorkflow>> = {};
    const stateOfPart = (each: Part, next: string): object => {
      const id = `s${++count}`;
      if (each.kind === 'file') {
        const input = { name: id, ...(each.fails ? { unknown: true } : {}) };
        return { invoke: { id, src: 'makeFile', input, onDone: next } };
      }
      const answer = each.catches ? next : undefined;
      if (isNested && each.isChild) {
        children[id] = childWorkflow(named(id, machineOf(each.parts)));
        return { invoke: { id, src: id, onDone: next, ...(answer === undefined ? {} : { onError: answer }) } };
      }
      const on = answer === undefined ? {} : { on: { 'xstate.error.actor.*': answer } };
      return { ...on, ...statesOf(each.parts), onDone: next };
    };
    const statesOf = (all: readonly Part[]) => {
      const states = all.map((each, index) => [`c${index}`, stateOfPart(each, `c${index + 1}`)]);
      return { initial: 'c0', states: { ...Object.fromEntries(states), [`c${all.length}`]: { type: 'final' } } };
    };
    const config = statesOf(parts);
    return setup({ actors: { makeFile: host.makeFile, ...children } }).createMachine(config);
  };
  return load(named('parts', machineOf([whole])));
}

test('a workflow with children leaves the host and the ledger as the same steps written inline', async () => {
  await fc.assert(
    fc.asyncProperty(
      part.filter(hasChild),
      fc.constantFrom('rollback' as const, 'keep' as const),
      async (whole, onFailure) => {
        const [inChildren, inline] = [true, false].map((isNested) => workflowOf(whole, isNested));
        if (inChildren === undefined || inline === undefined) throw new Error('two workflows');
        const left = async (workflow: LoadedWorkflow) => {
          const { status, changes, steps } = await finish(workflow, onFailure);
          const files = host.files();
          for (const name of files) host.remove(name);
          const local = (text: string) => text.replace(/^.*\//, '');
          return { status, files, changes: changes.map(local), steps: steps.map(local) };
        };
        expect(await left(inChildren)).toEqual(await left(inline));
      },
    ),
    { numRuns: EVERY_CASE ? 200 : 15 },
  );
});

function hasChild(whole: Part): boolean {
  return whole.kind === 'steps' && (whole.isChild || whole.parts.some(hasChild));
}

function descriptionOf(workflow: LoadedWorkflow) {
  return describeDefinition(workflow, workflow.model).description;
}

function isError({ severity }: { readonly severity: string }): boolean {
  return severity === 'error';
}
