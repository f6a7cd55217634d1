import type { RunOptions } from '../../engine/model/journal-event.ts';
import { hardening, type Scope } from '../../host/systemd/hardening.ts';
import { plainValue, unitText } from '../../host/systemd/unit-text.ts';
import { STOP_SECONDS } from './agent-unit.ts';
import { serviceSettings } from './service-settings.ts';

interface Schedule {
  /** Name of both units; the ids of the runs begin with it. */
  readonly name: string;
  /** Name of the workflow, or absolute path of its file. */
  readonly workflow: string;
  readonly database: string;
  readonly onCalendar: string;
  /** As typed: `prefix=a-`. */
  readonly input: readonly string[];
  /** With an absolute path of its program. */
  readonly notify: RunOptions['notify'];
  readonly ifRunning: 'skip' | 'wait';
  readonly scope: Scope;
  readonly env: Readonly<Record<string, string | undefined>>;
}

interface NamedUnit {
  readonly name: string;
  readonly text: string;
}

/** Returns a service that starts a workflow, and the timer that starts the service. */
export function scheduleUnits(schedule: Schedule): readonly NamedUnit[] {
  const { name, workflow, database, onCalendar, input, notify, ifRunning, scope, env } = schedule;
  const unit = `wf-${name}`;
  const comment = 'Printed by `wf schedule print`.';
  const start = [
    'start',
    ...['--db', database, '--id', `${name}-@slot`, '--if-running', ifRunning, '--resume', 'auto'],
    ...input.flatMap((each) => ['--input', each]),
    ...(notify === null ? ['--no-notify'] : []),
    ...(notify ? ['--notify', JSON.stringify(notify)] : []),
    ...['--', workflow],
  ];
  const isSystem = scope === 'system';
  const service = unitText(comment, [
    {
      name: 'Unit',
      settings: [
        ['Description', plainValue(`wf start ${workflow}`)],
        ...(isSystem ? [['After', 'network-online.target docker.service'] as const] : []),
      ],
    },
    {
      name: 'Service',
      settings: [
        ['Type', 'oneshot'],
        ...serviceSettings(start, env),
        ['TimeoutStopSec', String(STOP_SECONDS)],
        ...hardening(scope),
      ],
    },
  ]);
  const timer = unitText(comment, [
    { name: 'Unit', settings: [['Description', plainValue(`schedule of wf start ${workflow}`)]] },
    {
      name: 'Timer',
      settings: [
        ['OnCalendar', plainValue(onCalendar)],
        // The start minute is part of the run id.
        ['AccuracySec', '1s'],
        // Starts a slot that was missed while the machine was off.
        ['Persistent', 'true'],
      ],
    },
    { name: 'Install', settings: [['WantedBy', 'timers.target']] },
  ]);
  return [
    { name: `${unit}.service`, text: service },
    { name: `${unit}.timer`, text: timer },
  ];
}
