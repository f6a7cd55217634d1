import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { setup } from 'xstate';
import { z } from 'zod';
import { defineStep } from '../../../src/engine/workflow/define-step.ts';
import { openHistory } from '../../../src/history/open.ts';
import type { WfCommandEnd } from '../../../src/library/commands/wf-command.ts';
import { outcomeOf } from '../../../src/ui/commands/command-outcome.ts';
import { createCommands } from '../../../src/ui/commands/commands.ts';
import { answerTo, takeoverBy } from '../../../src/ui/commands/run-progress.ts';
import { type FolderHost, loaded, openFolderHost } from '../../support/in-process/folder-host.ts';
import { simulatedClock } from '../../support/in-process/simulated-clock.ts';

const END: WfCommandEnd = { exitCode: 0, document: { id: 'r1' }, stderr: '', isCut: false };
const turns = async () => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
};

describe('a command', () => {
  const refusal = { code: 'E_LEASE_HELD', message: 'held', hint: 'wait' };

  test('that carried out its request is done, whatever exit code the run has', () => {
    const document = { id: 'r1', status: 'failed', error: refusal };
    expect(outcomeOf({ ...END, exitCode: 1, document })).toEqual({ type: 'done', document });
    const refused = { type: 'refused', error: refusal };
    expect(outcomeOf({ ...END, exitCode: 4, document: { error: refusal } })).toEqual(refused);
    for (const end of [
      { exitCode: null, document: undefined, stderr: 'out of memory', isCut: false },
      { exitCode: 1, document: undefined, stderr: 'x'.repeat(9_000), isCut: false },
    ]) {
      const outcome = outcomeOf(end);
      expect(outcome).toMatchObject({ type: 'refused', error: { code: 'E_INTERNAL' } });
      expect(JSON.stringify(outcome).length).toBeLessThan(2_000);
    }
  });
});

describe('commands', () => {
  /** Starts commands that the test ends. */
  function openCommands() {
    const clock = simulatedClock();
    const ends: ((end: WfCommandEnd) => void)[] = [];
    const begun: string[] = [];
    const killed: string[] = [];
    const commands = createCommands((argv) => {
      begun.push(argv.join(' '));
      const kill = () => killed.push(argv.join(' '));
      return { pid: 1_000 + begun.length, end: new Promise((resolve) => ends.push(resolve)), release: () => {}, kill };
    }, clock);
    return { commands, clock, ends, begun, killed };
  }

  test('that act are answered after two seconds, and their outcome is kept for ten minutes', async () => {
    const { commands, clock, ends } = openCommands();
    const asked = commands.act(['resume', '--', 'r1'], {});
    while (clock.now() < 1_700_000_000_000 + 2_000) {
      clock.step();
      await turns();
    }
    const action = await asked;
    expect(action).toMatchObject({ command: 'wf resume -- r1', state: 'running', document: null });
    clock.set(clock.now() + 11 * 60_000);
    ends[0]?.(END);
    await turns();
    expect(commands.action(action.id)).toMatchObject({ state: 'done', document: { id: 'r1' } });
    clock.set(clock.now() + 11 * 60_000);
    expect(commands.action(action.id)).toBeUndefined();
  });

  test('that act are refused while eight begin; one that advances a run does not count', async () => {
    const { commands, clock, ends, begun } = openCommands();
    const first = commands.act(['resume', '--', 'r0'], { progress: () => 'advancing' });
    const others = [1, 2, 3, 4, 5, 6, 7].map((number) => commands.act(['resume', '--', `r${number}`], {}));
    await expect(commands.act(['resume', '--', 'r8'], {})).rejects.toMatchObject({ code: 'E_LIMIT' });
    clock.step();
    await turns();
    const late = commands.act(['resume', '--', 'r9'], {});
    expect(begun).toHaveLength(9);
    for (const end of ends) end(END);
    await Promise.all([first, late, ...others]);
  });

  test('that read are carried out four at a time, in turn', async () => {
    const { commands, ends, begun } = openCommands();
    const reads = Array.from({ length: 36 }, (_, number) => commands.read(['workflows', String(number)]));
    await turns();
    expect(begun).toHaveLength(4);
    await expect(commands.read(['workflows'])).rejects.toMatchObject({ code: 'E_LIMIT' });
    for (let at = 0; at < 36; at += 1) {
      ends[at]?.({ ...END, stderr: 'one note\n\n', isCut: false });
      await turns();
    }
    expect(await Promise.all(reads)).toHaveLength(36);
    expect(await reads[0]).toEqual({ document: { id: 'r1' }, notes: ['one note'] });
    expect(begun.slice(0, 6)).toEqual([0, 1, 2, 3, 4, 5].map((number) => `workflows ${number}`));
  });

  test('that read are killed after 45 s, also while they wait for their turn, and make room for others', async () => {
    const { commands, clock, ends, begun, killed } = openCommands();
    const errors = Array.from({ length: 5 }, (_, number) =>
      commands.read(['report', `r${number}`]).catch((error: Error) => error.message),
    );
    await turns();
    clock.after(44_999, () => {});
    clock.step();
    expect(killed).toEqual([]);
    clock.after(1, () => {});
    clock.step();
    expect(await Promise.all(errors)).toEqual([
      ...[0, 1, 2, 3].map((number) => `\`wf report r${number}\` has not ended within 45 s, and was killed`),
      '`wf report r4` did not get its turn within 45 s',
    ]);
    expect(killed).toEqual(begun);
    const next = commands.read(['workflows']);
    await turns();
    expect(begun.slice(4)).toEqual(['workflows']);
    ends[4]?.(END);
    expect(await next).toMatchObject({ document: { id: 'r1' } });
    commands.close();
    await expect(commands.read(['workflows'])).rejects.toMatchObject({ code: 'E_LIMIT' });
    expect(begun).toHaveLength(5);
  });
});

describe('the answer to a request whose command still runs', () => {
  let host: FolderHost;
  let endStep: () => void;
  beforeEach(() => {
    host = openFolderHost();
  });
  afterEach(() => host.close());

  const step = defineStep({
    kind: 'test.slow',
    description: 'ends when the test ends it',
    input: z.object({}),
    output: z.object({}),
    commands: () => [],
    rehearse: () => ({}),
    read: () => new Promise<Record<string, never>>((resolve) => (endStep = () => resolve({}))),
  });
  const machine = setup({ actors: { step } }).createMachine({
    initial: 'gate',
    states: {
      gate: { after: { 1000000: 'end' }, on: { go: 'work' } },
      work: { invoke: { id: 'work', src: 'step', input: {} } },
      end: { type: 'final' },
    },
  });

  test('is that of its own request, and unknown while it may belong to an equal one', async () => {
    const { history } = host;
    const handle = await host.start(
      loaded({ name: 'asks', version: '1', description: '', input: z.object({}), machine }),
    );
    const { id: run } = handle;
    const waits = () => history.journal(run).some(({ event }) => event.type === 'waiting');
    await expect.poll(waits).toBe(true);
    const by = { user: 'ann', sudoUser: null, host: 'here' };
    const demand = { kind: 'send', event: { type: 'go' } } as const;
    const after = history.journal(run).at(-1)?.seq ?? 0;
    const asked = { run, after, demand, comment: null };
    const known = (pid = process.pid) => answerTo(history, asked, () => true, pid);
    expect([takeoverBy(history, run, process.pid), takeoverBy(history, run, 1)]).toEqual(['advancing', 'starting']);
    expect(known()).toBe('advancing');
    // The run sees what other connections write.
    const sender = openHistory(host.database);
    onTestFinished(() => sender.close());
    sender.request(run, { by, demand, comment: 'another one' }, 1);
    sender.request(run, { by, demand, comment: null }, 2);
    expect(known()).toBe('advancing');
    // The other request was taken: this one was refused.
    await expect.poll(() => known()).toMatchObject({ type: 'refused', error: { code: 'E_EVENT_UNEXPECTED' } });
    expect(known(1)).toBe('starting');
    expect(answerTo(history, { ...asked, comment: 'another one' }, () => true, process.pid)).toMatchObject({
      type: 'done',
      document: { request: { comment: 'another one' }, run: { id: run, status: 'running' } },
    });
    sender.request(run, { by, demand, comment: null }, 3);
    expect(known()).toBe('advancing');
    handle.interrupt('SIGTERM');
    endStep();
    await handle.result;
  });
});
