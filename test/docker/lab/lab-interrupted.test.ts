import { expect, test } from 'vitest';
import { readRecord } from '../../support/command/read-record.ts';
import { expectNoStackTrace } from '../../support/command/refusal.ts';
import { standingChangesSchema } from '../../support/command/run-record.ts';
import { openProject, type Project } from '../../support/command/run-wf.ts';
import { describeDocker, dockerKnows } from '../../support/engines/docker-tests.ts';
import { hostState, tool } from '../../support/host/host-state.ts';
import { chosen } from '../../support/rotation.ts';
import { startLab } from '../../support/workflows/lab.ts';

describeDocker('a lab that is interrupted by a signal', () => {
  const signals = [
    ['SIGTERM', 143, /^vethSplice {2}moveContainerLink .* ok /],
    ['SIGINT', 130, /^setup {2}createDevNetwork .* ok /],
  ] as const;
  test.for(chosen(signals))(
    'prints undo commands that restore the host (%s, exit code %i)',
    async ([signal, code, line]) => {
      const before = await hostState();
      const project = openProject();
      const lab = project.start(startLab({}, '--id', 'stopped'));
      await lab.line(line);
      lab.kill(signal);
      const end = await lab.end;
      expect(end).toMatchObject({ exitCode: code, signal: undefined });
      expectNoStackTrace(end);
      expect(end.stdout).toMatch(/^lab-network interrupted/m);
      expect(end.stderr).toContain('run stopped is interrupted');

      const record = readRecord(project, 'stopped');
      expect(record).toMatchObject({ status: 'interrupted', finishedAt: null, verification: null });
      expect(record.steps.filter(({ status }) => status === 'running' || status === 'retrying')).toEqual([]);
      expect(await dockerKnows('network', 'devops')).toBe(true);
      expect(end.stdout).toContain('docker network rm ');

      await undoByHand(project);
      expect(await hostState()).toEqual(before);
    },
  );
});

/** Runs the commands that `wf changes` prints, in order. */
async function undoByHand(project: Project): Promise<void> {
  const standing = standingChangesSchema.parse((await project.sharedWf(['changes', '--json'])).json());
  expect(standing.length).toBeGreaterThan(0);
  const printed = (await project.sharedWf(['changes'])).stdout;
  for (const line of printed.split('\n')) {
    const command = /^ {4}(\S.*)$/.exec(line)?.[1];
    if (command !== undefined) await tool('sh', '-c', command);
  }
}
