import { expect, test } from 'vitest';
import { describeDocker, docker, dockerInspect, links } from '../support/docker-tests.ts';
import { hostState, linksOf, tool } from '../support/host-state.ts';
import { HTTP_ECHO_IMAGE, PROBE_IMAGE } from '../support/images.ts';
import { startLab } from '../support/lab.ts';
import { expectRefusal, expectTextRefusal } from '../support/refusal.ts';
import { runRecordSchema, runSummariesSchema } from '../support/run-record.ts';
import { openProject } from '../support/run-wf.ts';

const ISOLATED = /^isolationTest {2}readFirewallAfter .* ok /;

describeDocker('what somebody else has in the way of the lab', () => {
  test('a container of the name: refused, the container runs on', async () => {
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
        says: ['AppDev', id.slice(0, 12), 'not made by wf'],
        next: 'prefix',
      });
      expect(await dockerInspect('AppDev', '{{.Id}} {{.State.Running}} {{.RestartCount}}')).toBe(`${id} true 0`);
    } finally {
      await docker('rm', '--force', id);
    }
  });

  test('the throw-away container of the name, though it does not run', async () => {
    const id = await docker('create', '--name', 'AppDev-probe', PROBE_IMAGE);
    try {
      await expectUntouched({ code: 'E_NAME_IN_USE', says: ['AppDev-probe', 'created'], next: 'prefix' });
    } finally {
      await docker('rm', id);
    }
  });

  test('a network of the name: refused, the network stays', async () => {
    const id = await docker('network', 'create', 'devops');
    try {
      await expectUntouched({ code: 'E_NAME_IN_USE', says: ['devops', id.slice(0, 12)], next: 'docker network rm' });
      expect(await dockerInspect('devops', '{{.Id}}')).toBe(id);
    } finally {
      await docker('network', 'rm', id);
    }
  });

  test('a link of the name: refused, the link stays', async () => {
    await tool('ip', 'link', 'add', 'int_hote', 'type', 'bridge');
    try {
      const before = (await linksOf()).get('int_hote');
      await expectUntouched({ code: 'E_LINK_IN_USE', says: ['int_hote'], next: '' });
      expect((await linksOf()).get('int_hote')).toEqual(before);
    } finally {
      await tool('ip', 'link', 'delete', 'int_hote');
    }
  });

  test('a Docker network with an address of the subnet: refused, with its owner', async () => {
    const id = await docker('network', 'create', '--subnet', '172.30.128.0/20', 'theirs');
    try {
      const refusal = { code: 'E_SUBNET_IN_USE', says: ['172.30.0.0/16', 'theirs', '172.30.128.0/20'], next: '' };
      await expectUntouched(refusal, { devSubnet: '172.30.0.0/16' });
    } finally {
      await docker('network', 'rm', id);
    }
  });

  test('a route of the host to an address of the subnet: refused, with the link it leads to', async () => {
    await tool('ip', 'link', 'add', 'vpn0', 'type', 'bridge');
    try {
      await tool('ip', 'address', 'add', '10.99.3.1/24', 'dev', 'vpn0');
      await tool('ip', 'link', 'set', 'vpn0', 'up');
      const refusal = { code: 'E_SUBNET_IN_USE', says: ['10.99.0.0/16', 'vpn0'], next: '' };
      await expectUntouched(refusal, { prodSubnet: '10.99.0.0/16' });
    } finally {
      await tool('ip', 'link', 'delete', 'vpn0');
    }
  });

  test('the address from where somebody is logged in by SSH: refused, with that address', async () => {
    const refusal = { code: 'E_SUBNET_IN_USE', says: ['10.50.0.0/16', '10.50.3.4', 'SSH'], next: 'another subnet' };
    await expectUntouched(refusal, { devSubnet: '10.50.0.0/16' }, { SSH_CONNECTION: '10.50.3.4 50000 192.0.2.1 22' });
  });

  test('for people', async () => {
    const id = await docker('create', '--name', 'AppProd', PROBE_IMAGE);
    try {
      const refusal = {
        exitCode: 4,
        code: 'E_NAME_IN_USE',
        says: ['AppProd'],
        next: `docker rm --force ${id.slice(0, 12)}`,
      };
      await expectTextRefusal(openProject(), startLab(), refusal);
    } finally {
      await docker('rm', id);
    }
  });

  test('an address outside the subnet that Docker chooses is only seen once the network is there: the run is rolled back', async () => {
    const before = await hostState();
    const inputs = { spliceAddress: '192.0.2.9' };
    const end = await openProject().wf(startLab(inputs, '--json'));
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

  test("somebody's container joins devops and has the address: it is left alone, and what it holds is told", async () => {
    const before = await hostState();
    const project = openProject();
    const lab = project.start(startLab({ devSubnet: '172.30.0.0/16' }, '--json', '--id', 'crowded'));
    await lab.haltAt(ISOLATED);
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
      lab.kill('SIGCONT');
      const end = await lab.end;
      expect(end.exitCode).toBe(5);
      const record = runRecordSchema.parse(end.json());
      expect(record).toMatchObject({ status: 'needs-attention', error: { code: 'E_RESIDUE' } });
      expect(record.error?.message).toContain('172.30.0.100');
      expect(record.verification).toMatchObject({ restored: false });
      expect(record.changes.filter(({ status }) => status === 'stuck')).toMatchObject([{ step: 'createDevNetwork' }]);
      expect(await dockerInspect('stranger', '{{.Id}} {{.State.Running}}')).toBe(`${stranger} true`);
      expect((await links()).filter(({ ifname }) => ifname === 'int_hote')).toEqual([]);
      const changes = await project.wf(['changes', 'crowded']);
      expect(changes.stdout).toContain('stranger');
    } finally {
      await docker('rm', '--force', stranger);
    }
    expect(await project.wf(['rollback', 'crowded'])).toMatchObject({ exitCode: 0 });
    expect(await hostState()).toEqual(before);
  });
});

/** The lab is refused before it begins, and the host stays as it is. */
async function expectUntouched(
  refusal: { readonly code: string; readonly says: readonly string[]; readonly next: string },
  inputs: Readonly<Record<string, string>> = {},
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const project = openProject();
  const before = await hostState();
  await expectRefusal(project, startLab(inputs), { exitCode: 4, ...refusal }, { env });
  expect(await hostState()).toEqual(before);
  expect(runSummariesSchema.parse((await project.wf(['runs', '--json'])).json())).toEqual([]);
}
