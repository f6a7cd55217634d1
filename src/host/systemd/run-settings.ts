import { commandWord, type Setting } from './unit-text.ts';

/** Returns the settings with which a service runs wf: its command, its variables, and how systemd treats its processes. */
export function runSettings(
  command: readonly string[],
  environment: Readonly<Record<string, string>>,
): readonly Setting[] {
  return [
    ['ExecStart', command.map(commandWord).join(' ')],
    ...Object.entries(environment).map(([name, value]) => ['Environment', commandWord(`${name}=${value}`)] as const),
    // Running steps finish, and private hosts outlive wf: systemd must end neither.
    ['KillMode', 'process'],
    ['OOMPolicy', 'continue'],
    // wf puts each command into a cgroup of its own.
    ['Delegate', 'yes'],
  ];
}
