import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bootSystemd, canBootSystemd, type SystemdMachine } from '../support/systemd.ts';

const WORKFLOW = readFileSync(new URL('../fixtures/workflows/units.ts', import.meta.url), 'utf8');
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

  /** Files, enablement and activity of the units, and the environment with which the programs run. */
  async function state(): Promise<readonly string[]> {
    const show = [
      'systemctl',
      'show',
      '--property=Id,LoadState,ActiveState,SubState,UnitFileState,NeedDaemonReload',
      ...UNITS,
    ];
    const files = ['find', '/etc/systemd/system', '-printf', '%p %y %m %l\n'];
    const environments =
      'for unit; do tr "\\0" "\\n" < /proc/$(systemctl show --property=MainPID --value $unit)/environ | grep SETTING; done';
    const ends = [
      await machine.run(show),
      await machine.run(files),
      await machine.run(['sh', '-c', environments, 'sh', ...UNITS.slice(1, 2)]),
    ];
    return ends.flatMap(({ stdout }) => stdout.split('\n').toSorted());
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

  test.for([
    ['before touch dropIn apply 1 systemctl --no-ask-password daemon-reload', 'resume'],
    ['before touch enable apply 1 systemctl --no-ask-password enable', 'rollback'],
    ['after touch enable apply 1 systemctl --no-ask-password enable', 'rollback'],
    ['after touch restart apply 1 systemctl --no-ask-password restart', 'resume'],
    ['after touch dropIn apply 1 file place', 'rollback'],
  ] as const)('are restored after a kill: %s, then wf %s', async ([point, verb]) => {
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

  test('that fail to start, do not exist, or were changed by somebody else are refused', async () => {
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
    machine.write(`${PROJECT}/workflows/units.ts`, WORKFLOW);
    expect((await wf(['start', 'units', '--id', 'edited'])).exitCode).toBe(0);
    await machine.run(['systemctl', 'add-wants', 'basic.target', 'wf-new.service']);
    const undone = await wf(['rollback', 'edited']);
    expect(undone.exitCode).toBe(5);
    expect(undone.stderr + undone.stdout).toContain('somebody else has enabled or disabled wf-new.service');
    expect((await state()).filter((line) => line.includes(' l 777 /etc/systemd/system/wf-new.service'))).toHaveLength(
      4,
    );
  });
});
