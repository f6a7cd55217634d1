import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bootSystemd, canBootSystemd, type SystemdMachine } from '../../support/host/systemd.ts';
import { chosen, inTurn } from '../../support/rotation.ts';

const WORKFLOW = readFileSync(new URL('../../fixtures/workflows/units.ts', import.meta.url), 'utf8');
const PROJECT = '/srv/units';
const UNITS = ['wf-new.service', 'wf-old.service', 'wf-third.service'];

const SERVICE = `[Service]
Environment=SETTING=1
ExecStart=/bin/sleep infinity
`;

describe.skipIf(!canBootSystemd())('units of a real systemd', () => {
  let machine: SystemdMachine;
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync('/var/tmp/wf-systemd-');
    machine = await bootSystemd(folder);
    machine.write(`${PROJECT}/.wf`, '');
    machine.write(`${PROJECT}/workflows/units.ts`, WORKFLOW);
    for (const unit of UNITS.slice(1)) machine.write(`/etc/systemd/system/${unit}`, SERVICE);
    await machine.run(['systemctl', 'daemon-reload']);
    await machine.run(['systemctl', 'start', ...UNITS.slice(1)]);
  }, 60_000);
  afterAll(async () => {
    await machine.end();
    rmSync(folder, { recursive: true });
  });

  const wf = (args: readonly string[], faults: Record<string, string> = {}) =>
    machine.run([process.execPath, machine.program, ...args], { cwd: PROJECT, env: { HOME: '/root', ...faults } });

  const STATE = `
systemctl show --property=Id,LoadState,ActiveState,SubState,UnitFileState,NeedDaemonReload ${UNITS.join(' ')}
find /etc/systemd/system -printf '%p %y %m %l\\n'
tr '\\0' '\\n' < /proc/$(systemctl show --property=MainPID --value ${UNITS[1]})/environ | grep SETTING
`;

  /** Files, enablement and activity of the units, and the environment with which one of the programs runs. */
  async function state(): Promise<readonly string[]> {
    return (await machine.run(['sh', '-c', STATE])).stdout.split('\n').toSorted();
  }

  test('are written, enabled, started, restarted, reloaded and stopped, and all of it is undone exactly', async () => {
    const before = await state();
    expect(before).toContain('SETTING=1');
    const started = await wf(['start', 'units', '--id', 'whole']);
    expect(started.exitCode, started.stderr).toBe(0);
    const after = await state();
    expect(after).toEqual(
      expect.arrayContaining([
        'SETTING=2',
        '/etc/systemd/system/wf-alias.service l 777 /etc/systemd/system/wf-new.service',
        '/etc/systemd/system/wf-test.target.wants/wf-new.service l 777 /etc/systemd/system/wf-new.service',
      ]),
    );
    expect(after.filter((line) => line.startsWith('ActiveState'))).toEqual([
      'ActiveState=active',
      'ActiveState=active',
      'ActiveState=inactive',
    ]);
    expect((await machine.run(['cat', '/run/wf-reloads'])).stdout).toBe('reloaded');
    expect((await wf(['logs', 'whole', 'start'])).stdout).toContain('systemctl start wf-new.service');
    const undone = await wf(['rollback', 'whole']);
    expect(undone.exitCode, undone.stderr).toBe(0);
    expect((await machine.run(['cat', '/run/wf-reloads'])).stdout).toBe('reloaded\nreloaded');
    expect(await state()).toEqual(before);
  });

  const kills = [
    ['before touch dropIn apply 1 systemctl --no-ask-password daemon-reload', 'resume'],
    ['before touch enable apply 1 systemctl --no-ask-password enable', 'rollback'],
    ['after touch enable apply 1 systemctl --no-ask-password enable', 'rollback'],
    ['after touch restart apply 1 systemctl --no-ask-password restart', 'resume'],
    ['after touch dropIn apply 1 file place', 'rollback'],
  ] as const;
  test.for(inTurn(kills, 5))('are restored after a kill: %s, then wf %s', async ([point, verb]) => {
    const before = await state();
    const id = `k${point.replaceAll(/\W/g, '').slice(0, 40)}`;
    expect((await wf(['start', 'units', '--id', id], { WF_CRASH_AT: point })).exitCode).not.toBe(0);
    const recovered = await wf([verb, id]);
    expect(recovered.exitCode, recovered.stderr).toBe(0);
    if (verb === 'resume') {
      expect(await state()).toContain('SETTING=2');
      for (const undo of [
        ...['dropIn undo 1 file remove', 'enable undo 1 file remove'],
        ...['enable undo 2 find /etc/systemd/system -mindepth', 'write undo 2 file remove'],
      ]) {
        expect((await wf(['rollback', id], { WF_CRASH_AT: `after touch ${undo}` })).exitCode).not.toBe(0);
      }
      const undone = await wf(['rollback', id]);
      expect(undone.exitCode, undone.stderr).toBe(0);
    }
    expect(await state()).toEqual(before);
  });

  describe('while systemd has a job for them', () => {
    /** A file that delays two units. */
    const HOLD = `${PROJECT}/hold`;
    const WHILE_HELD = `while [ -e ${HOLD} ]; do sleep 0.1; done`;
    /** Starts wf, and kills it once systemd has a job for the unit that is its name. */
    const KILLED_WITH_JOB =
      '"$@" & n=0; until systemctl list-jobs | grep -q "$0" || [ $n = 200 ]; do sleep 0.1; n=$((n + 1)); done; kill -KILL $!';

    /** A workflow with one step. */
    const workflow = (name: string, step: string, input: string) => `
import { defineWorkflow } from 'wf-engine';
import { ${step} } from 'wf-engine/steps';
import { setup } from 'xstate';
import { z } from 'zod';

const machine = setup({ actors: { ${step}: ${step}.with({ alters: [] }) } }).createMachine({
  initial: 'act',
  states: { act: { invoke: { id: 'act', src: '${step}', input: { ${input} }, onDone: 'done' } }, done: { type: 'final' } },
});
export default defineWorkflow({
  ...{ name: '${name}', version: '1', description: 'One step', input: z.object({}), machine, keepsChanges: true },
});
`;
    const write = (name: string, step: string, input: string) =>
      machine.write(`${PROJECT}/workflows/${name}.ts`, workflow(name, step, input));
    const activityOf = async (unit: string) =>
      (await machine.run(['systemctl', 'show', '--property=ActiveState', '--value', unit])).stdout;
    const systemctl = (...args: readonly string[]) => machine.run(['systemctl', ...args]);

    beforeAll(async () => {
      const slow = `[Unit]\nAfter=wf-third.service\n${SERVICE}ExecStop=/bin/sh -c "sleep 3; ${WHILE_HELD}"\n`;
      machine.write('/etc/systemd/system/wf-slow.service', slow);
      const first = `[Service]\nType=oneshot\nExecStart=/bin/sh -c "${WHILE_HELD}"\n`;
      machine.write('/etc/systemd/system/wf-first.service', first);
      machine.write(
        '/etc/systemd/system/wf-after.service',
        `[Unit]\nAfter=wf-first.service\n${SERVICE}ExecStop=/bin/sleep 3\n`,
      );
      write('restarts', 'restartUnit', "name: 'wf-slow.service', stableMs: 0");
      write('stops', 'stopUnit', "name: 'wf-third.service'");
      write('starts', 'startUnit', "name: 'wf-after.service', stableMs: 0");
      write('lasts', 'startUnit', "name: 'wf-after.service', stableMs: 1_000");
      await systemctl('daemon-reload');
      await systemctl('start', 'wf-slow.service');
    });
    afterAll(async () => {
      rmSync(machine.at(HOLD), { force: true });
      await systemctl('kill', '--signal=KILL', 'wf-slow.service');
      await systemctl('stop', 'wf-slow.service', 'wf-after.service', 'wf-first.service');
      for (const name of ['slow', 'first', 'after']) rmSync(machine.at(`/etc/systemd/system/wf-${name}.service`));
      await systemctl('daemon-reload');
    });

    test('a unit that somebody else restarts is taken for active', async () => {
      await systemctl('restart', '--no-block', 'wf-slow.service');
      const started = await wf(['start', 'restarts', '--id', 'restarts']);
      expect(started.exitCode, started.stderr).toBe(0);
      const undone = await wf(['rollback', 'restarts']);
      expect([0, 4], undone.stderr).toContain(undone.exitCode);
      expect(await activityOf('wf-slow.service')).toBe('active');
    });

    test('a unit that somebody else restarts is stable once that is done', async () => {
      const started = wf(['start', 'lasts', '--id', 'lasts']);
      await expect.poll(() => activityOf('wf-after.service')).toBe('active');
      await systemctl('restart', '--no-block', 'wf-after.service');
      const { exitCode, stderr } = await started;
      expect(exitCode, stderr).toBe(0);
      expect((await wf(['rollback', 'lasts'])).exitCode).toBe(0);
      expect(await activityOf('wf-after.service')).toBe('inactive');
    });

    const queued = [
      {
        verb: 'start',
        workflow: 'starts',
        before: 'inactive',
        unit: 'wf-after.service',
        blocked: ['start', 'wf-first.service'],
      },
      {
        verb: 'stop',
        workflow: 'stops',
        before: 'active',
        unit: 'wf-third.service',
        blocked: ['stop', 'wf-slow.service'],
      },
    ] as const;
    test.for(chosen(queued))(
      'a $verb that was queued when wf was killed is taken back',
      async ({ verb, workflow, before, unit, blocked }) => {
        machine.write(HOLD, '');
        await systemctl('--no-block', ...blocked);
        const program = [process.execPath, machine.program, 'start', workflow, '--id', workflow];
        const killed = ['sh', '-c', KILLED_WITH_JOB, unit, ...program];
        await machine.run(killed, { cwd: PROJECT, env: { HOME: '/root' } });
        expect(await activityOf(unit)).toBe(before);
        const jobs = async () => (await systemctl('list-jobs')).stdout;
        const job = new RegExp(` ${unit} +${verb} `);
        expect(await jobs()).toMatch(job);
        const undoing = wf(['rollback', workflow]);
        await expect.poll(jobs).not.toMatch(job);
        rmSync(machine.at(HOLD));
        const undone = await undoing;
        expect(undone.exitCode, undone.stderr).toBe(0);
        await systemctl(...blocked);
        expect(await activityOf(unit)).toBe(before);
      },
    );
  });

  test('that somebody else enabled are left, and those that a boot started since are stopped before they are removed', async () => {
    const before = await state();
    expect((await wf(['start', 'units', '--id', 'begun', '--pause-after', 'enable'])).exitCode).toBe(0);
    await machine.run(['systemctl', 'add-wants', 'basic.target', 'wf-new.service']);
    const refused = await wf(['rollback', 'begun']);
    expect(refused.exitCode).toBe(5);
    expect(refused.stderr + refused.stdout).toContain('somebody else has enabled or disabled wf-new.service');
    expect((await state()).filter((line) => line.includes(' l 777 /etc/systemd/system/wf-new.service'))).toHaveLength(
      4,
    );
    await machine.run(['rm', '-r', '/etc/systemd/system/basic.target.wants']);
    await machine.run(['systemctl', 'daemon-reload']);
    await machine.run(['systemctl', 'start', 'wf-new.service']);
    const undone = await wf(['rollback', 'begun']);
    expect(undone.exitCode, undone.stderr).toBe(0);
    expect(await state()).toEqual(before);
  });

  test('that fail to start or do not exist are refused', async () => {
    const before = await state();
    machine.write(
      `${PROJECT}/workflows/units.ts`,
      WORKFLOW.replace('exec sleep infinity', 'echo it is broken; exit 3'),
    );
    const failed = await wf(['start', 'units', '--id', 'fails']);
    expect(failed).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('wf-new.service is failed') });
    expect(await state()).toEqual(before);
    expect((await wf(['logs', 'fails', 'start'])).stdout).toContain('journalctl');
    machine.write(
      `${PROJECT}/workflows/units.ts`,
      WORKFLOW.replace("name: 'wf-third.service'", "name: 'wf-none.service'"),
    );
    const missing = await wf(['start', 'units', '--id', 'missing']);
    expect(missing).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('not-found') });
    expect(await state()).toEqual(before);
  });
});
