import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { setup } from 'xstate';
import { z } from 'zod';
import type { Change, Verification } from '../../../src/engine/model/change.ts';
import { asWfError, WfError } from '../../../src/engine/model/errors.ts';
import type { Json } from '../../../src/engine/model/json.ts';
import type { RunResult } from '../../../src/engine/run/engine.ts';
import { openSteps } from '../../../src/engine/run/loop/open-steps.ts';
import type { StepActor } from '../../../src/engine/workflow/define-step.ts';
import { defineWorkflow } from '../../../src/engine/workflow/workflow.ts';
import { execCommand, execRead } from '../../../src/steps/exec/index.ts';
import { revertSteps, verifyHost } from '../../../src/steps/host/index.ts';
import { carryOut, changeOf, readWith } from '../../support/in-process/carry-out.ts';
import { type FolderHost, loaded, openFolderHost } from '../../support/in-process/folder-host.ts';
import { testContext } from '../../support/in-process/step-context.ts';

let host: FolderHost;
beforeEach(() => {
  host = openFolderHost();
});
afterEach(() => host.close());

const at = (name: string) => path.join(host.folder, name);

interface PlannedStep {
  readonly actor: StepActor<never, unknown>;
  readonly input: unknown;
}

interface Ran {
  readonly result: RunResult;
  readonly changes: readonly Change[];
  readonly verification: Verification | undefined;
  /** Command and exit code of all evidence. */
  readonly evidence: readonly (readonly [string, number | null])[];
  readonly errors: Readonly<Record<string, string>>;
}

/** Runs these steps one after another, as `step1`, `step2`, ..., by the real engine. */
async function runSteps(...steps: readonly PlannedStep[]): Promise<Ran> {
  const states = Object.fromEntries(
    steps.map(({ input }, index) => [
      `stage${index + 1}`,
      { invoke: { id: `step${index + 1}`, src: `actor${index + 1}`, input, onDone: `stage${index + 2}` } },
    ]),
  );
  const actors = Object.fromEntries(steps.map(({ actor }, index) => [`actor${index + 1}`, actor]));
  const machine = setup({ actors } as never).createMachine({
    initial: 'stage1',
    states: { ...states, [`stage${steps.length + 1}`]: { type: 'final' } },
  } as never);
  const workflow = loaded(
    defineWorkflow({ name: 'exec-test', version: '1', description: 'x', input: z.object({}), machine } as never),
  );
  const handle = await host.start(workflow);
  const result = await handle.result;
  const evidence = host.history.evidence(handle.id).map(({ command, exitCode }) => [command, exitCode] as const);
  const errors = Object.fromEntries(
    host.history
      .steps(handle.id)
      .flatMap(({ id, error }) => (error === null ? [] : [[id, `${error.code} ${error.message}`]])),
  );
  return {
    result,
    changes: host.history.changes(handle.id),
    verification: host.history.verification(handle.id),
    evidence,
    errors,
  };
}

const command = (input: Parameters<typeof carryOut<never, unknown>>[1] | object): PlannedStep => ({
  actor: execCommand as unknown as PlannedStep['actor'],
  input,
});
const planned = (actor: unknown, input: unknown): PlannedStep => ({ actor: actor as PlannedStep['actor'], input });
const failing = () => command({ argv: ['false'], check: ['false'] });

describe('a command that changes the host', () => {
  test('runs once, keeps its output, and is undone by its undo command when a later step fails', async () => {
    const ran = await runSteps(command({ argv: ['touch', at('made')], undo: ['rm', at('made')] }), failing());
    expect(ran.changes).toMatchObject([
      {
        target: `command touch ${at('made')}`,
        status: 'reverted',
        undo: [`env --chdir=${process.cwd()} rm ${at('made')}`],
      },
      { status: 'gone' },
    ]);
    expect(ran.changes[0]?.record).toMatchObject({ result: { exitCode: 0, stdout: '', stderr: '', truncated: false } });
    expect(ran.evidence.filter(([line]) => /^(touch|rm)/.test(line))).toEqual([
      [`touch ${at('made')}`, 0],
      [`rm ${at('made')}`, 0],
    ]);
    expect(existsSync(at('made'))).toBe(false);
    expect(ran.verification).toMatchObject({ restored: true });
  });

  test('is stuck without an undo command, and the run needs attention', async () => {
    const ran = await runSteps(command({ argv: ['touch', at('made')] }), failing());
    expect(ran.changes[0]).toMatchObject({ status: 'stuck', reason: expect.stringContaining('no undo command') });
    expect(ran.result).toMatchObject({ end: { status: 'needs-attention' } });
    expect(existsSync(at('made'))).toBe(true);
  });

  test('is stuck if its undo command fails, with the error of that command', async () => {
    const ran = await runSteps(command({ argv: ['touch', at('made')], undo: ['ls', at('other')] }), failing());
    expect(ran.changes[0]).toMatchObject({
      status: 'stuck',
      reason: expect.stringMatching(/exit code 2: ls: .*other/),
    });
  });

  test('is stuck if its check still succeeds after the undo command', async () => {
    const made = { argv: ['touch', at('made')], check: ['test', '-e', at('made')], undo: ['true'] };
    expect((await runSteps(command(made), failing())).changes[0]).toMatchObject({ status: 'stuck' });
  });

  test('does not run if its check already succeeds, and leaves no change', async () => {
    writeFileSync(at('made'), 'by somebody');
    const made = { argv: ['sh', '-c', 'exit 9'], check: ['test', '-e', at('made')], undo: ['rm', at('made')] };
    const ran = await runSteps(command(made));
    expect(ran.result).toMatchObject({ end: { status: 'succeeded' } });
    expect(ran.changes).toEqual([]);
    expect(readFileSync(at('made'), 'utf8')).toBe('by somebody');
  });

  test('fails if it exits with 0 but its check fails', async () => {
    const ran = await runSteps(command({ argv: ['true'], check: ['test', '-e', at('made')] }));
    expect(ran.errors).toMatchObject({ step1: expect.stringMatching(/^E_HOST_STATE_UNKNOWN /) });
  });

  test('changes nothing if its program is missing', async () => {
    const ran = await runSteps(command({ argv: ['wf-no-such-program'] }));
    expect(ran.errors).toMatchObject({ step1: expect.stringMatching(/^E_TOOL_MISSING .*wf-no-such-program/) });
    expect(ran.changes).toMatchObject([{ status: 'gone' }]);
    expect(ran.result).toMatchObject({ end: { status: 'failed' } });
  });

  test('fails on an unexpected exit code, with the code and the last lines of stderr', async () => {
    const argv = ['sh', '-c', 'for n in 1 2 3 4 5; do echo line $n >&2; done; exit 7'];
    const ran = await runSteps(command({ argv, undo: ['true'] }));
    expect(ran.errors['step1']).toMatch(/^E_HOST_COMMAND .*exit code 7: line 3 \/ line 4 \/ line 5$/);
    expect(ran.changes, 'nobody knows what it left: it is undone').toMatchObject([{ status: 'reverted' }]);
    expect((await runSteps(command({ argv, undo: ['true'], expectExitCodes: [0, 7] }))).errors).toEqual({});
  });

  test('fails if it times out', async () => {
    const argv = ['sh', '-c', `sleep 30; touch ${at('late')}`];
    const ran = await runSteps(command({ argv, undo: ['true'], timeoutMs: 200 }));
    expect(ran.errors['step1']).toMatch(/^E_HOST_COMMAND .*timed out after 200 ms/);
  });

  test('runs in the given folder and environment, as do its check and its undo', async () => {
    const seen = (name: string) => ['sh', '-c', `pwd > ${name}; echo $WF_WORD >> ${name}`];
    const input = {
      argv: seen('argv'),
      check: ['sh', '-c', 'test -e argv && test ! -e undo && test "$WF_WORD" = yes'],
      undo: seen('undo'),
      cwd: host.folder,
      env: { WF_WORD: 'yes' },
    };
    const ran = await runSteps(command(input), failing());
    expect(ran.changes[0]).toMatchObject({ status: 'reverted' });
    for (const name of ['argv', 'undo']) expect(readFileSync(at(name), 'utf8')).toBe(`${host.folder}\nyes\n`);
  });
});

describe('the options of a command', () => {
  /** Appends a line to `tries`, and ends with this code until it has as many lines as this. */
  const failsUntil = (tries: number, code: number): [string, ...string[]] => [
    'sh',
    '-c',
    `echo try >> ${at('tries')}; [ $(wc -l < ${at('tries')}) -ge ${tries} ] || { echo busy >&2; exit ${code}; }`,
  ];
  const tries = () => readFileSync(at('tries'), 'utf8').split('\n').length - 1;
  const quickly = { attempts: 3, delayMs: 1 };

  test('stdin reaches the command alone, and neither the ledger nor the evidence', async () => {
    const input = {
      argv: ['sh', '-c', `cat > ${at('argv')}`],
      stdin: 'for the command',
      check: ['sh', '-c', `cat >> ${at('check')}; test -e ${at('argv')}`],
      undo: ['sh', '-c', `cat >> ${at('undo')}; rm ${at('argv')}`],
    };
    const ran = await runSteps(command(input), planned(execRead, { argv: ['cat', '-'], stdin: 'read' }), failing());
    expect(readFileSync(at('check'), 'utf8')).toBe('');
    expect(readFileSync(at('undo'), 'utf8')).toBe('');
    expect(ran.changes[0]).toMatchObject({ status: 'reverted' });
    expect(JSON.stringify([ran.changes, ran.evidence])).not.toContain('for the command');
    const read = await readWith(execRead, { argv: ['cat'], stdin: 'read' }, testContext());
    expect(read.stdout).toBe('read');
  });

  test('files reach each command by their paths, are for this user alone, and are gone after it', async () => {
    const show = (name: string, ...more: string[]) => [
      ...['sh', '-c', `stat -c %a "$1" "$(dirname "$1")" > ${at(name)}; cat "$@" "$WF_SECOND" >> ${at(name)}`],
      ...['sh', '{file:first.conf}', ...more],
    ];
    const input = {
      argv: show('argv', '{file:third}'),
      check: [
        'sh',
        '-c',
        `grep -q one "$1" && test -e ${at('argv')} && ! test -e ${at('undo')}`,
        'sh',
        '{file:first.conf}',
      ],
      undo: show('undo'),
      env: { WF_SECOND: '{file:second}' },
      files: {
        'first.conf': { content: 'one\n' },
        second: { template: 'port={{port}}\n', values: { port: 80 } },
        third: { content: 'three\n' },
      },
    };
    const read = planned(execRead, { argv: ['cat', '{file:one}'], files: { one: { content: 'read' } } });
    const ran = await runSteps(command(input), read, failing());
    expect(ran.changes[0]).toMatchObject({ status: 'reverted' });
    expect(readFileSync(at('argv'), 'utf8')).toBe('600\n700\none\nthree\nport=80\n');
    expect(readFileSync(at('undo'), 'utf8')).toBe('600\n700\none\nport=80\n');
    expect(ran.evidence.map(([line]) => line)).toContain("cat '{file:one}'");
    expect(ran.changes[0]?.record, 'all that its undo needs').toMatchObject({
      files: { 'first.conf': 'one\n', second: 'port=80\n' },
    });
    expect(JSON.stringify(ran.changes[0]?.record)).not.toContain('three');
    const left = readdirSync(`${host.database}.kept`, { recursive: true, encoding: 'utf8' });
    expect(left.filter((name) => name !== '.key')).toEqual([]);
  });

  test('a reference to no file of the step is refused before anything runs, and without files there is none', async () => {
    const files = { one: { content: '' } };
    for (const wrong of [{ argv: ['cat', '{file:two}'] }, { argv: ['true'], undo: ['cat', '{file:two}'] }]) {
      expect((await runSteps(command({ ...wrong, files }))).errors['step1']).toMatch(/E_STEP_INPUT .*names no file/s);
    }
    const values = { argv: ['true'], files: { one: { template: '{{a}}' } } };
    expect((await runSteps(command(values))).errors['step1']).toMatch(/E_STEP_INPUT .*no value of that name/s);
    const read = await readWith(execRead, { argv: ['echo', '{file:two}'] }, testContext());
    expect(read.stdout).toBe('{file:two}\n');
  });

  test('title names the change and its errors; undoEnv is the environment of the undo command', async () => {
    const write = (name: string) => ['sh', '-c', `echo "$WF_ONE $WF_TWO" > ${at(name)}`];
    const input = { argv: write('argv'), undo: write('undo'), env: { WF_ONE: 'one' }, undoEnv: { WF_TWO: 'two' } };
    const ran = await runSteps(
      command({ ...input, title: 'install the service' }),
      command({ argv: ['false'], check: ['false'], title: 'start the service' }),
    );
    expect(ran.changes[0]).toMatchObject({ target: 'install the service', status: 'reverted' });
    expect(ran.errors['step2']).toBe('E_HOST_COMMAND start the service (false) ended with exit code 1');
    expect(readFileSync(at('argv'), 'utf8')).toBe('one \n');
    expect(readFileSync(at('undo'), 'utf8')).toBe(' two\n');
  });

  test('retry runs a command again after its exit codes or its output, and after no others', async () => {
    const undo = ['true'];
    const ran = await runSteps(command({ argv: failsUntil(3, 75), undo, retry: { exitCodes: [75], ...quickly } }));
    expect(ran.errors).toEqual({});
    expect(ran.changes, 'one change, for any number of attempts').toMatchObject([{ status: 'applied' }]);
    expect(tries()).toBe(3);

    writeFileSync(at('tries'), '');
    const other = await runSteps(command({ argv: failsUntil(3, 1), undo, retry: { exitCodes: [75], ...quickly } }));
    expect(other.errors['step1']).toMatch(/exit code 1: busy$/);
    expect(tries()).toBe(1);

    writeFileSync(at('tries'), '');
    const busy = { argv: failsUntil(9, 1), retry: { contains: 'busy', ...quickly } };
    expect((await runSteps(planned(execRead, busy))).errors['step1']).toMatch(/exit code 1: busy$/);
    expect(tries(), 'as many attempts as given').toBe(3);
  });

  test('retry survives a stop between two attempts, also without a check', async () => {
    const input = { argv: failsUntil(2, 75), undo: ['true'], retry: { exitCodes: [75], attempts: 2, delayMs: 60_000 } };
    const behaviour = changeOf(execCommand);
    const parsed = execCommand.runner.parseInput(input);
    const first = await behaviour.observe(parsed, testContext(), undefined);
    if (first.found !== 'absent') throw new Error(first.found);
    const failed = await behaviour.apply(parsed, first.record, 'absent', testContext()).catch(asWfError);
    if (!(failed instanceof WfError)) throw new Error('it succeeded');
    expect(failed).toMatchObject({ code: 'E_HOST_COMMAND', transient: true });
    const [decided, retrying] = [
      { type: 'decided', effects: [{ type: 'start-step', step: 's', invoke: 'i', input: parsed }] },
      { type: 'step.retrying', step: 's', attempt: 1, error: failed.toRecord(), retryAt: 1 },
    ];
    const [open] = openSteps([decided, retrying].map((event, seq) => ({ seq, at: 0, event })) as never).values();
    expect(open).toMatchObject({ failures: 1, retriedAfter: { code: 'E_HOST_COMMAND' } });
    const context = testContext({ retriedAfter: open?.retriedAfter ?? null });
    expect(await behaviour.observe(parsed, context, first.record)).toMatchObject({ found: 'partial' });
  });

  test('until repeats a read until it is as expected, or reports its last complete try', async () => {
    const argv: [string, ...string[]] = ['sh', '-c', `echo try >> ${at('tries')}; wc -l < ${at('tries')}`];
    const context = testContext();
    const until = { contains: '3', deadlineMs: 10_000, everyMs: 10 };
    expect(await readWith(execRead, { argv, until }, context)).toMatchObject({ exitCode: 0, stdout: '3\n' });
    expect(context.evidence, 'only the last try').toMatchObject([{ output: '3\n' }]);
    expect(
      await readWith(execRead, { argv: failsUntil(6, 4), until: { ...until, contains: null } }, testContext()),
    ).toMatchObject({ exitCode: 0 });

    writeFileSync(at('tries'), '');
    const hangs: [string, ...string[]] = [
      'sh',
      '-c',
      `[ -s ${at('tries')} ] && sleep 30; echo starting; echo try >> ${at('tries')}; exit 4`,
    ];
    const waited = readWith(execRead, { argv: hangs, until: { deadlineMs: 2_000, everyMs: 10 } }, testContext());
    await expect(waited).rejects.toMatchObject({
      code: 'E_HOST_COMMAND',
      message: expect.stringMatching(/within 2 s; its last try ended with exit code 4: starting$/),
    });
  });
});

describe('an interrupted command', () => {
  const behaviour = changeOf(execCommand);
  const observe = (input: unknown, earlier?: Json) =>
    behaviour.observe(execCommand.runner.parseInput(input), testContext(), earlier);
  async function intent(input: unknown): Promise<Json> {
    const seen = await observe(input);
    if (seen.found !== 'absent') throw new Error(seen.found);
    return seen.record;
  }

  test('is not run again without a check, as its effect is unknown', async () => {
    const input = { argv: ['touch', at('made')], undo: ['rm', at('made')] };
    const seen = await observe(input, await intent(input));
    expect(seen).toMatchObject({
      found: 'unknown',
      error: { code: 'E_HOST_STATE_UNKNOWN', hint: expect.stringContaining(`rm ${at('made')}`) },
    });
    expect(await behaviour.inspect(await intent(input), testContext())).toEqual({ found: 'in place' });
  });

  test('is adopted if its check succeeds, and run again if it fails', async () => {
    const input = { argv: ['touch', at('made')], check: ['test', '-e', at('made')] };
    const record = await intent(input);
    expect(await observe(input, record)).toMatchObject({ found: 'absent' });
    writeFileSync(at('made'), '');
    expect(await observe(input, record)).toMatchObject({ found: 'ours', output: { exitCode: null } });
    expect(await behaviour.inspect(record, testContext())).toEqual({ found: 'in place' });
  });

  test('has an unknown effect if its check cannot run', async () => {
    const input = { argv: ['touch', at('made')], check: ['wf-no-such-program'] };
    expect(await observe(input)).toMatchObject({ found: 'unknown', error: { code: 'E_HOST_STATE_UNKNOWN' } });
    const slow = { argv: ['touch', at('made')], check: ['sleep', '30'], timeoutMs: 100 };
    expect(await observe(slow)).toMatchObject({ found: 'unknown' });
  });

  test('is reported as gone only by its undo itself if it has no check', async () => {
    const input = { argv: ['touch', at('made')], undo: ['true'] };
    const { record } = await carryOut(execCommand, input as never, testContext());
    expect(await behaviour.undo(record, testContext())).toMatchObject({ found: 'gone' });
    expect(await behaviour.inspect(record, testContext())).toEqual({ found: 'in place' });
  });

  test('is observed by its check after an undo', async () => {
    const input = { argv: ['touch', at('made')], check: ['test', '-e', at('made')], undo: ['true'] };
    const { record } = await carryOut(execCommand, input as never, testContext());
    expect(await behaviour.undo(record, testContext())).toEqual({ found: 'in place' });
    const better = { ...Object(record), undo: ['rm', at('made')] };
    expect(await behaviour.undo(better, testContext())).toMatchObject({ found: 'gone' });
  });

  test('reports the host as untouched only if it never started', async () => {
    const apply = async (argv: readonly string[], signal?: AbortSignal) => {
      const input = execCommand.runner.parseInput({ argv });
      const context = testContext(signal === undefined ? {} : { signal });
      return behaviour.apply(input, await intent({ argv }), 'absent', context).catch((thrown: unknown) => thrown);
    };
    expect(await apply(['wf-no-such-program'])).toMatchObject({ code: 'E_TOOL_MISSING', untouched: true });
    const stopped = AbortSignal.abort(new WfError('E_STEP_TIMEOUT', 'too late', { hint: 'x' }));
    expect(await apply(['touch', at('made')], stopped)).toMatchObject({ code: 'E_STEP_TIMEOUT', untouched: true });
    expect(existsSync(at('made'))).toBe(false);
    expect(await apply(['false'])).toMatchObject({ code: 'E_HOST_COMMAND', untouched: false });
    const lost = { run: () => Promise.reject(new WfError('E_INTERNAL', 'ended without a result', { hint: 'x' })) };
    const input = execCommand.runner.parseInput({ argv: ['true'] });
    const tried = behaviour.apply(
      input,
      await intent({ argv: ['true'] }),
      'absent',
      testContext({ host: { command: lost } }),
    );
    await expect(tried).rejects.toMatchObject({ code: 'E_INTERNAL', untouched: false });
  });
});

describe('a command that only reads', () => {
  test('returns its output and exit code', async () => {
    const context = testContext();
    const output = await readWith(
      execRead,
      { argv: ['sh', '-c', 'echo out; echo err >&2; exit 3'], expectExitCodes: [3] },
      context,
    );
    expect(output).toEqual({ exitCode: 3, stdout: 'out\n', stderr: 'err\n', truncated: false });
    expect(context.evidence).toMatchObject([{ exitCode: 3 }]);
  });

  test('has its output truncated at 64 KiB', async () => {
    const output = await readWith(execRead, { argv: ['head', '-c', '1000000', '/dev/zero'] }, testContext());
    expect(output.truncated).toBe(true);
    expect(output.stdout.length).toBeLessThanOrEqual(64 * 1024);
  });

  test('runs without a shell, so its arguments are not expanded', async () => {
    const output = await readWith(execRead, { argv: ['echo', '$HOME; *'] }, testContext());
    expect(output.stdout).toBe('$HOME; *\n');
  });
});

describe('the steps that undo and verify', () => {
  test('undo the named steps and verify the host', async () => {
    const ran = await runSteps(
      planned(host.makeFile, { name: 'one' }),
      planned(host.makeFile, { name: 'two' }),
      planned(revertSteps, { steps: ['step1', 'step2', 'noSuchStep'] }),
      planned(verifyHost, {}),
    );
    expect(ran.result).toMatchObject({ end: { status: 'succeeded' } });
    expect(ran.evidence.map(([line]) => line)).toEqual([
      'touch one',
      'touch two',
      'rm two',
      'rm one',
      expect.stringMatching(/^# results of undoing the changes of /),
      expect.stringMatching(/^# compare the host with its fingerprint/),
    ]);
    expect(host.files()).toEqual([]);
  });

  test('fail with the name of a change that cannot be undone', async () => {
    const ran = await runSteps(
      planned(host.makeFile, { name: 'one', fail: 'undo' }),
      planned(revertSteps, { steps: ['step1'] }),
    );
    expect(ran.errors['step2']).toMatch(/^E_RESIDUE .*file one \(it will not go\)/);
  });

  test('fail with the name of a change that is left', async () => {
    const ran = await runSteps(planned(host.makeFile, { name: 'one' }), planned(verifyHost, {}));
    expect(ran.errors['step2']).toMatch(/^E_RESIDUE the host is not as it was before the run: .*file one/);
  });

  test('have no commands in a dry run', () => {
    expect(verifyHost.runner.rehearse({}).commands).toEqual([]);
    expect(revertSteps.runner.rehearse({ steps: ['a'] }).commands).toEqual([]);
  });
});
