import { cpSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { refusalSchema, runRecordSchema } from '../../support/command/run-record.ts';
import { openProject, type Project } from '../../support/command/run-wf.ts';
import { describeDocker, docker } from '../../support/engines/docker-tests.ts';
import { chosen } from '../../support/rotation.ts';
import { startLab } from '../../support/workflows/lab.ts';
import { expectAllUndone, leavingTheHostAsItWas } from '../../support/workflows/paused-lab.ts';

const workflows = fileURLToPath(new URL('../../../workflows', import.meta.url));

describeDocker('a lab whose workflow file is deleted', () => {
  const ends = [
    ['Ctrl-C right after a network was created', /^setup {2}createDevNetwork .* ok /, 'SIGINT'],
    ['killed in the middle of the splice', /^vethSplice {2}moveContainerLink .* ok /, 'SIGKILL'],
  ] as const;
  test.for(chosen(ends))('cannot be resumed, and is rolled back from the journal (%s)', async ([, line, signal]) =>
    leavingTheHostAsItWas(async () => {
      const project = ownLab();
      const [, , ...rest] = startLab({}, '--id', 'lab');
      const lab = project.start(['start', 'my-lab', ...rest]);
      await lab.line(line);
      lab.kill(signal);
      await lab.end;
      rmSync(path.join(project.folder, 'workflows'), { recursive: true });
      if (signal === 'SIGKILL') await docker('rm', '--force', 'AppDev');

      const refused = await project.sharedWf(['resume', 'lab', '--json']);
      expect({ exitCode: refused.exitCode, error: refusalSchema.parse(refused.json()).error }).toMatchObject({
        exitCode: 2,
        error: { code: 'E_WORKFLOW_NOT_FOUND' },
      });
      const end = await project.sharedWf(['rollback', 'lab', '--json']);
      expect(end.exitCode, end.stderr).toBe(0);
      const record = runRecordSchema.parse(end.json());
      expect(record.status).toBe('rolled-back');
      expect(record.changes.length).toBeGreaterThan(0);
      expectAllUndone(record);
    }),
  );
});

/** A project that contains a copy of the lab as its own workflow. */
function ownLab(): Project {
  const text = readFileSync(path.join(workflows, 'lab-network.ts'), 'utf8');
  const project = openProject({ 'workflows/my-lab.ts': text.replace("name: 'lab-network'", "name: 'my-lab'") });
  const parts = path.join(project.folder, 'workflows', 'lab-network');
  cpSync(path.join(workflows, 'lab-network'), parts, { recursive: true });
  return project;
}
