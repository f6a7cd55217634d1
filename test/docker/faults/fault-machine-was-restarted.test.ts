import { expect } from 'vitest';
import { readRecord } from '../../support/command/read-record.ts';
import type { RunRecord } from '../../support/command/run-record.ts';
import { openProject, type Project } from '../../support/command/run-wf.ts';
import { describeDocker } from '../../support/engines/docker-tests.ts';
import { hostState, linksOf, tool } from '../../support/host/host-state.ts';
import { runId } from '../../support/in-process/folder-host.ts';
import { testsInTurn } from '../../support/tests-in-turn.ts';
import { startLab } from '../../support/workflows/lab.ts';
import {
  expectAllUndone,
  leavingTheHostAsItWas,
  pausedAfter,
  rollBackIfTestFails,
} from '../../support/workflows/paused-lab.ts';
import { afterReboot, endContainersAsAReboot, loadLab } from '../../support/workflows/rebooted.ts';

const IN_MEMORY = ['net.veth', 'net.enslave', 'net.move', 'net.rename', 'net.up', 'net.address', 'net.route'];

describeDocker('a restart of the machine', () => {
  const everyThird = testsInTurn(3);
  everyThird(
    'makes rollback settle links, addresses and routes as gone, remove Docker objects, and keep a new int_hote',
    async () => {
      const before = await hostState();
      const { project } = await pausedAfter('vethSplice');
      await endContainersAsAReboot('AppDev', 'AppProd');
      await tool('ip', 'link', 'add', 'int_hote', 'type', 'bridge');
      try {
        const theirs = (await linksOf()).get('int_hote');
        const result = await afterReboot(project.database, async (engine, runner) => {
          const handle = await engine.rollBack({ run: runId('lab'), runner, removeKept: false });
          return handle?.result;
        });
        expect(result).toMatchObject({ type: 'ended', end: { status: 'rolled-back' } });
        const record = readRecord(project, 'lab');
        expectAllUndone(record);
        expectGoneAndReverted(record);
        expect((await linksOf()).get('int_hote')).toEqual(theirs);
      } finally {
        await tool('ip', 'link', 'delete', 'int_hote');
      }
      expect(await hostState()).toEqual(before);
    },
  );

  const lefts = [
    ['paused with the splice in place', null],
    ['killed before the new pair was marked', 'after touch createVethPair apply 1 ip link add'],
  ] as const;
  for (const [how, crashPoint] of lefts) {
    everyThird(`makes a resume fail because of the lost changes, and undo the run (${how})`, () =>
      leavingTheHostAsItWas(async () => {
        const project = await left(crashPoint);
        await endContainersAsAReboot('AppDev', 'AppProd');
        if (crashPoint !== null) await tool('ip', 'link', 'delete', 'int_hote');
        const { workflow, definition } = await loadLab();
        const result = await afterReboot(project.database, async (engine) => {
          // The lab is loaded from its sources, whose text differs from that of the built wf.
          const request = { run: runId('lab'), workflow, definition, acceptChanges: true, pauseAfter: null };
          return (await engine.resume(request)).result;
        });
        expect(result).toMatchObject({ type: 'ended', end: { status: 'rolled-back' } });
        const record = readRecord(project, 'lab');
        expect(record.error?.message).toMatch(
          crashPoint === null ? /^a restart of the machine took changes .*int_hote/ : /AppProd/,
        );
        expectAllUndone(record);
      }),
    );
  }
});

/** A lab that no process advances. */
async function left(crashPoint: string | null): Promise<Project> {
  if (crashPoint === null) return (await pausedAfter('vethSplice')).project;
  const project = openProject();
  rollBackIfTestFails(project);
  const killed = await project.wf(startLab({}, '--id', 'lab'), { env: { WF_CRASH_AT: crashPoint } });
  expect(killed.signal).toBe('SIGKILL');
  return project;
}

function expectGoneAndReverted({ changes }: RunRecord): void {
  const statusOf = (isInMemory: boolean) =>
    new Set(changes.filter(({ kind }) => IN_MEMORY.includes(kind) === isInMemory).map(({ status }) => status));
  expect([...statusOf(true)]).toEqual(['gone']);
  expect([...statusOf(false)]).toEqual(['reverted']);
}
