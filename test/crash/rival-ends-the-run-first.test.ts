import { expect, onTestFinished, test } from 'vitest';
import { setup } from 'xstate';
import { z } from 'zod';
import { describeDefinition } from '../../src/definition/describe.ts';
import type { WfError } from '../../src/engine/model/errors.ts';
import { NO_CRASH_POINTS } from '../../src/engine/ports/crash-points.ts';
import { runnerOf } from '../../src/engine/workflow/define-step.ts';
import { loaded, openFolderHost } from '../support/in-process/folder-host.ts';

// Resume inspects the run, then the machine, and only then takes the run over.
test('a resume is refused if a rival rolls back the run while it checks the machine', async () => {
  const host = openFolderHost(undefined, () => false);
  onTestFinished(() => host.close());
  const { makeFile, history } = host;
  let meanwhile = async () => {};
  const workflow = loaded({
    name: 'raced',
    version: '1',
    description: 'makes two files',
    input: z.object({}),
    machine: setup({ actors: { makeFile } }).createMachine({
      initial: 'a',
      states: {
        a: { invoke: { id: 'a', src: 'makeFile', input: { name: 'a' }, onDone: 'b' } },
        b: { invoke: { id: 'b', src: 'makeFile', input: { name: 'b' }, onDone: 'end' } },
        end: { type: 'final' },
      },
    }),
    requirements: () => [
      {
        title: 'a machine',
        purpose: 'is checked',
        claim: null,
        check: async () => {
          await meanwhile();
          return { met: true, found: 'a machine' };
        },
      },
    ],
  });
  const started = await host.start(workflow);
  started.interrupt('SIGTERM');
  await started.result;

  const rival = host.engineWith(NO_CRASH_POINTS);
  const runner = (kind: string) => (kind === 'test.file' ? runnerOf(makeFile) : undefined);
  let entries = 0;
  meanwhile = async () => {
    const rollingBack = await rival.rollBack({ run: started.id, runner, removeKept: false });
    expect(await rollingBack?.result).toMatchObject({ end: { status: 'rolled-back' } });
    entries = history.journal(started.id).length;
  };
  const definition = describeDefinition(workflow, workflow.model);
  const request = { run: started.id, workflow, definition, acceptChanges: false, pauseAfter: null };
  const refused = await host.engine.resume(request).then(
    () => undefined,
    (thrown: WfError) => thrown.code,
  );
  expect(refused).toBe('E_RUN_ENDED');
  expect(history.journal(started.id)).toHaveLength(entries);
  expect(history.run(started.id)).toMatchObject({ status: 'rolled-back', owner: null });
  expect(host.files()).toEqual([]);
});
