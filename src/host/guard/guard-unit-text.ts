import type { RunId } from '../../engine/model/ids.ts';
import { hardening } from '../systemd/hardening.ts';
import { runSettings } from '../systemd/run-settings.ts';
import { pathValue, plainValue, unitText } from '../systemd/unit-text.ts';

/** A guard as a systemd service. */
export interface GuardUnit {
  readonly run: RunId;
  readonly command: readonly string[];
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
}

export function guardUnitName(run: RunId): string {
  return `wf-guard@${run}.service`;
}

/** Returns the text of a unit that starts a guard now, after a failure, and at each boot. */
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
        // The start returns once the guard has loaded everything it needs.
        ['Type', 'notify'],
        ['NotifyAccess', 'all'],
        // The folder may be gone when the guard starts again; most changes do not need it.
        ['WorkingDirectory', `-${pathValue(folder)}`],
        ...runSettings(command, environment),
        ['Restart', 'on-failure'],
        ['RestartSec', '5'],
        // The run or its database is gone: there is nothing to guard.
        ['RestartPreventExitStatus', '2'],
        ...hardening('system'),
      ],
    },
    { name: 'Install', settings: [['WantedBy', 'multi-user.target']] },
  ]);
}
