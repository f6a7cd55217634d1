import { execa } from 'execa';
import { expect, test } from 'vitest';
import { planSchema } from '../../support/command/plan-record.ts';
import { openProject } from '../../support/command/run-wf.ts';

/** The outputs from which the workflow file computes the input of each changing step. */
const INPUT_FROM: Readonly<Record<string, readonly string[]>> = {
  provideImage: [],
  provideProbeImage: [],
  createDevNetwork: [],
  createProdNetwork: [],
  createAppDev: ['createDevNetwork'],
  createProbe: ['createDevNetwork'],
  createAppProd: ['createProdNetwork'],
  removeProbe: [],
  createVethPair: ['observeDevBridge'],
  enslaveHostLink: ['createDevNetwork'],
  moveContainerLink: ['createAppProd'],
  setHostLinkUp: [],
  renameContainerLink: ['createAppProd'],
  setContainerLinkUp: ['createAppProd'],
  addSpliceAddress: ['createDevNetwork', 'createAppProd'],
  addDefaultRoute: ['createDevNetwork', 'createAppProd'],
  removeAppDev: [],
  removeAppProd: [],
  settleSplice: [],
  removeDevNetwork: [],
  removeProdNetwork: [],
};

test('the plan of the lab names what each step depends on, and touches nothing', async () => {
  const project = openProject();
  const links = async () => (await execa('ip', ['-json', 'link'])).stdout;
  const before = await links();
  const end = await project.sharedWf(['start', 'lab-network', '--runtime', 'embedded', '--plan', '--json']);
  expect(end.exitCode, end.stderr).toBe(0);
  const { steps } = planSchema.parse(end.json());
  expect(await links()).toBe(before);
  const changing = steps.filter(({ changes }) => changes);
  expect(Object.fromEntries(changing.map(({ step, inputFrom }) => [step, inputFrom]))).toEqual(INPUT_FROM);
  expect(steps.flatMap(({ onlyIf }) => onlyIf)).toEqual([]);
  const from = (id: string) => steps.find(({ step }) => step === id)?.inputFrom;
  expect(from('readNeighboursAfter')).toEqual(['createDevNetwork', 'createAppDev', 'createVethPair']);
  expect(from('observeLinksVanish')).toEqual(['observeDevBridge']);
  expect(from('verifyHost')).toEqual([]);

  const observed = new Map(steps.map((step) => [step.step, step.observed]));
  expect(observed.get('createDevNetwork')).toEqual({ found: 'absent', target: 'network devops', error: null });
  expect(observed.get('provideImage')).toEqual({ found: 'unchanged', target: null, error: null });
  for (const { step, inputFrom } of changing) if (inputFrom.length > 0) expect(observed.get(step)).toBeNull();
});

test('the plan of the lab is readable', async () => {
  const project = openProject();
  const { stdout } = await project.sharedWf(['start', 'lab-network', '--runtime', 'embedded', '--plan']);
  expect(stdout).toMatch(/^lab-network: 58 steps, 21 of them changing the host; nothing was touched\n\nsetup\n/);
  expect(stdout).toContain(
    '    $ docker network create --label wf.run=RUN devops\n    observed: network devops is not in place\n',
  );
  expect(stdout).toMatch(/ {2}createAppDev .*\n {4}\$ docker run .*\n {4}depends on the output of createDevNetwork\n/);
  expect(stdout).toMatch(/\nSaved as plan \w+\.\nnext: wf apply \w+\b.*\n$/);
});
