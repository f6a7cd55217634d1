import { expect, test } from 'vitest';
import { expectRefused, expectRefusedAsText } from '../../support/command/refusal.ts';
import { runRecordSchema, runSummariesSchema } from '../../support/command/run-record.ts';
import { openProject } from '../../support/command/run-wf.ts';
import { describeDocker, docker, dockerInspect, links } from '../../support/engines/docker-tests.ts';
import { HTTP_ECHO_IMAGE, PROBE_IMAGE } from '../../support/engines/images.ts';
import { hostState, linksOf, tool } from '../../support/host/host-state.ts';
import { testsInTurn } from '../../support/tests-in-turn.ts';
import { startLab } from '../../support/workflows/lab.ts';
import { pausedAfter } from '../../support/workflows/paused-lab.ts';

describeDocker('the lab', () => {
  const everySecond = testsInTurn(2);
  test('is refused if a container has the name, and the container keeps running', async () => {
    const id = await docker(
      'run',
      '--detach',
      '--name',
      'AppDev',
      '--network',
      'none',
      HTTP_ECHO_IMAGE,
      '-text',
      'mine',
    );
    try {
      await expectUntouched({
        code: 'E_NAME_IN_USE',
        message: ['AppDev', id.slice(0, 12), 'not created by wf'],
        next: 'prefix',
      });
      expect(await dockerInspect('AppDev', '{{.Id}} {{.State.Running}} {{.RestartCount}}')).toBe(`${id} true 0`);
    } finally {
      await docker('rm', '--force', id);
    }
  });

  test('is refused if a container that does not run has the name of the probe', async () => {
    const id = await docker('create', '--name', 'AppDev-probe', PROBE_IMAGE);
    try {
      await expectUntouched({ code: 'E_NAME_IN_USE', message: ['AppDev-probe', 'created'], next: 'prefix' });
    } finally {
      await docker('rm', id);
    }
  });

  test('is refused if a network has the name, and the network stays', async () => {
    const id = await docker('network', 'create', 'devops');
    try {
      await expectUntouched({ code: 'E_NAME_IN_USE', message: ['devops', id.slice(0, 12)], next: 'docker network rm' });
      expect(await dockerInspect('devops', '{{.Id}}')).toBe(id);
    } finally {
      await docker('network', 'rm', id);
    }
  });

  test('is refused if a link has the name, and the link stays', async () => {
    await tool('ip', 'link', 'add', 'int_hote', 'type', 'bridge');
    try {
      const before = (await linksOf()).get('int_hote');
      await expectUntouched({ code: 'E_LINK_IN_USE', message: ['int_hote'], next: '' });
      expect((await linksOf()).get('int_hote')).toEqual(before);
    } finally {
      await tool('ip', 'link', 'delete', 'int_hote');
    }
  });

  test('is refused if a Docker network overlaps the subnet, and its name is printed', async () => {
    const id = await docker('network', 'create', '--subnet', '172.30.128.0/20', 'theirs');
    try {
      const refusal = { code: 'E_SUBNET_IN_USE', message: ['172.30.0.0/16', 'theirs', '172.30.128.0/20'], next: '' };
      await expectUntouched(refusal, { devSubnet: '172.30.0.0/16' });
    } finally {
      await docker('network', 'rm', id);
    }
  });

  test('is refused if a route of the host overlaps the subnet, and its link is printed', async () => {
    await tool('ip', 'link', 'add', 'vpn0', 'type', 'bridge');
    try {
      await tool('ip', 'address', 'add', '10.99.3.1/24', 'dev', 'vpn0');
      await tool('ip', 'link', 'set', 'vpn0', 'up');
      const refusal = { code: 'E_SUBNET_IN_USE', message: ['10.99.0.0/16', 'vpn0'], next: '' };
      await expectUntouched(refusal, { prodSubnet: '10.99.0.0/16' });
    } finally {
      await tool('ip', 'link', 'delete', 'vpn0');
    }
  });

  test('is refused if the subnet contains the address of an SSH client, which is printed', async () => {
    const refusal = { code: 'E_SUBNET_IN_USE', message: ['10.50.0.0/16', '10.50.3.4', 'SSH'], next: 'another subnet' };
    await expectUntouched(refusal, { devSubnet: '10.50.0.0/16' }, { SSH_CONNECTION: '10.50.3.4 50000 192.0.2.1 22' });
  });

  test('is refused as text without --json', async () => {
    const id = await docker('create', '--name', 'AppProd', PROBE_IMAGE);
    try {
      const refusal = {
        exitCode: 4,
        code: 'E_NAME_IN_USE',
        message: ['AppProd'],
        next: `docker rm --force ${id.slice(0, 12)}`,
      };
      const project = openProject();
      expectRefusedAsText(project, await project.sharedWf(startLab()), refusal);
    } finally {
      await docker('rm', id);
    }
  });

  everySecond('is rolled back if the splice address is outside the subnet that Docker chose', async () => {
    const before = await hostState();
    const inputs = { spliceAddress: '192.0.2.9' };
    const end = await openProject().sharedWf(startLab(inputs, '--json'));
    expect(end.exitCode).toBe(1);
    const record = runRecordSchema.parse(end.json());
    expect(record).toMatchObject({
      status: 'rolled-back',
      error: { code: 'E_STEP_INPUT', message: expect.stringContaining('192.0.2.9 is not in the subnet') },
      verification: { restored: true, residues: [] },
    });
    expect(record.steps.find(({ id }) => id === 'createVethPair')).toBeUndefined();
    expect(await hostState()).toEqual(before);
  });

  everySecond(
    'leaves devops stuck if a foreign container on it takes the address, and the container stays',
    async () => {
      const before = await hostState();
      const lab = await pausedAfter('isolationTest', { inputs: { devSubnet: '172.30.0.0/16' } });
      const stranger = await docker(
        'run',
        '--detach',
        '--name',
        'stranger',
        '--network',
        'devops',
        '--ip',
        '172.30.0.100',
        HTTP_ECHO_IMAGE,
        '-text',
        'x',
      );
      try {
        const { exitCode, record } = await lab.resume();
        expect(exitCode).toBe(5);
        expect(record).toMatchObject({ status: 'needs-attention', error: { code: 'E_RESIDUE' } });
        expect(record.error?.message).toContain('172.30.0.100');
        expect(record.verification).toMatchObject({ restored: false });
        expect(record.changes.filter(({ status }) => status === 'stuck')).toMatchObject([{ step: 'createDevNetwork' }]);
        expect(await dockerInspect('stranger', '{{.Id}} {{.State.Running}}')).toBe(`${stranger} true`);
        expect((await links()).filter(({ ifname }) => ifname === 'int_hote')).toEqual([]);
        const changes = await lab.project.sharedWf(['changes', 'lab']);
        expect(changes.stdout).toContain('stranger');
      } finally {
        await docker('rm', '--force', stranger);
      }
      expect(await lab.rollBack()).toMatchObject({ exitCode: 0 });
      expect(await hostState()).toEqual(before);
    },
  );
});

/** Expects that the lab is refused before it begins, and that the host is unchanged. */
async function expectUntouched(
  refusal: { readonly code: string; readonly message: readonly string[]; readonly next: string },
  inputs: Readonly<Record<string, string>> = {},
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const project = openProject();
  const before = await hostState();
  expectRefused(project, await project.sharedWf(startLab(inputs, '--json'), { env }), { exitCode: 4, ...refusal });
  expect(await hostState()).toEqual(before);
  expect(runSummariesSchema.parse((await project.sharedWf(['runs', '--json'])).json())).toEqual([]);
}
