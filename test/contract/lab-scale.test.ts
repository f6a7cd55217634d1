import { expect, test } from 'vitest';
import { runRecordSchema } from '../support/command/run-record.ts';
import { openProject } from '../support/command/run-wf.ts';
import { describeContract } from '../support/in-process/contract-tests.ts';
import { chosen } from '../support/rotation.ts';

describeContract(
  'lab-scale',
  (subject) => {
    const project = openProject();

    test('probes every pair, confirms isolation and settles each change', async () => {
      const { runtime, echoImage } = subject();
      const inputs = ['networks=2', 'hosts=5', 'prefix=ct-', `image=${echoImage}`].flatMap((input) => [
        '--input',
        input,
      ]);
      const end = await project.wf(['start', 'lab-scale', '--runtime', runtime, '--json', ...inputs]);
      const record = runRecordSchema.parse(end.json());
      expect(record).toMatchObject({ status: 'succeeded', runtime, error: null });
      expect(end.exitCode).toBe(0);
      expect(record.stages.map(({ name }) => name)).toEqual(['setup', 'reachability', 'teardown', 'verification']);
      const probes = record.steps.filter(({ kind }) => kind === 'probe.reachability');
      expect(probes.map(({ output }) => output)).toEqual(
        expect.arrayContaining(
          ['ct-scale1-1', 'ct-scale1-5', 'ct-scale2-1', 'ct-scale2-5'].map((from) => ({
            from,
            answered: 5,
            silent: 5,
          })),
        ),
      );
      expect(new Set(probes.map(({ id }) => id)).size).toBe(10);
      expect(record.changes.filter(({ kind }) => kind === 'docker.container')).toHaveLength(10);
      expect(record.changes.filter(({ kind }) => kind === 'docker.network')).toHaveLength(2);
      expect(record.changes.filter(({ status }) => status !== 'reverted')).toEqual([]);
      expect(record.verification).toMatchObject({ restored: true, residues: [] });
    });
  },
  chosen(['docker', 'embedded'] as const),
);

test('lab-scale refuses one container per network, as nothing would show that it answers', async () => {
  const end = await openProject().wf(['start', 'lab-scale', '--runtime', 'embedded', '--input', 'hosts=1', '--json']);
  expect(end.exitCode).toBe(2);
});
