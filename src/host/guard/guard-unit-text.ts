import type { RunId } from '../../engine/model/ids.ts';
import { hardening, PROCESSES } from '../systemd/hardening.ts';
import { commandWord, pathValue, plainValue, unitText } from '../systemd/unit-text.ts';

/** A guard as a service of systemd. */
export interface GuardUnit {
  readonly run: RunId;
  readonly command: readonly string[];
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
}

export function guardUnitName(run: RunId): string {
  return `wf-guard@${run}.service`;
}

/** Returns the text of a unit that starts a guard now, again after it has failed, and at each boot. */
export function guardUnitText({ run, command, folder, environment }: GuardUnit): string {
  const comment = `Made by wf for run ${run}, which is undone unless somebody confirms it. wf removes this file when the run has ended.`;
  return unitText(comment, [
    {
      name: 'Unit',
      settings: [
        ['Description', plainValue(`wf guard of run ${run}`)],
        ['After', 'local-fs.target docker.service'],
        ['StartLimitIntervalSec', '0'],
      ],
    },
    {
      name: 'Service',
      settings: [
        // Its start returns once the guard has loaded all that it needs.
        ['Type', 'notify'],
        ['NotifyAccess', 'all'],
        ['ExecStart', command.map(commandWord).join(' ')],
        // The folder may be gone when the guard starts again: most changes need none.
        ['WorkingDirectory', `-${pathValue(folder)}`],
        ...Object.entries(environment).map(
          ([name, value]) => ['Environment', commandWord(`${name}=${value}`)] as const,
        ),
        ['Restart', 'on-failure'],
        ['RestartSec', '5'],
        // The run or its database is gone: there is nothing to guard.
        ['RestartPreventExitStatus', '2'],
        ...PROCESSES,
        ...hardening('system'),
      ],
    },
    { name: 'Install', settings: [['WantedBy', 'multi-user.target']] },
  ]);
}
