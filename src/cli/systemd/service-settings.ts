import { findProject } from '../../definition/find-files.ts';
import { ENGINE_VARIABLES } from '../../host/systemd/engine-variables.ts';
import { runSettings } from '../../host/systemd/run-settings.ts';
import { pathValue, type Setting } from '../../host/systemd/unit-text.ts';
import { wfProgram } from '../../library/program-files.ts';

/** Returns the settings with which a service of either scope runs wf in the project of this folder. */
export function serviceSettings(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): readonly Setting[] {
  const engine = Object.fromEntries(ENGINE_VARIABLES.flatMap((name) => (env[name] ? [[name, env[name]]] : [])));
  return [
    ['WorkingDirectory', pathValue(workingFolder())],
    ...runSettings([process.execPath, wfProgram(), ...args], engine),
  ];
}

/** Returns the folder of the project, otherwise this folder: runs belong to the folder in which they were started. */
export function workingFolder(): string {
  return findProject(process.cwd()) ?? process.cwd();
}
