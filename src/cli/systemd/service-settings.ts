import path from 'node:path';
import { findProject } from '../../definition/find-files.ts';
import { commandWord, pathValue, type Setting } from './unit-text.ts';

/** A unit of the system, or of one user. */
export type Scope = 'system' | 'user';

/** The variables that choose the Docker engine: the runs of a project belong to one. */
const ENGINE = ['DOCKER_HOST', 'DOCKER_CONTEXT', 'DOCKER_CONFIG', 'DOCKER_CERT_PATH', 'DOCKER_TLS_VERIFY'];

/** Returns the settings with which a service of either scope runs wf in the project of this folder. */
export function serviceSettings(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): readonly Setting[] {
  const engine = ENGINE.flatMap((name) => (env[name] ? [`${name}=${env[name]}`] : []));
  return [
    ['WorkingDirectory', pathValue(workingFolder())],
    ['ExecStart', [process.execPath, wfProgram(), ...args].map(commandWord).join(' ')],
    ...engine.map((variable) => ['Environment', commandWord(variable)] as const),
    // Steps under way finish, and private hosts outlive wf: systemd must end neither.
    ['KillMode', 'process'],
    ['OOMPolicy', 'continue'],
    // wf puts each command into a cgroup of its own.
    ['Delegate', 'yes'],
  ];
}

/** The folder of the project, else this folder: runs belong to the folder in which they were started. */
export function workingFolder(): string {
  return findProject(process.cwd()) ?? process.cwd();
}

/** Path of the program of wf. */
export function wfProgram(): string {
  return path.join(import.meta.dirname, 'wf.cjs');
}

/**
 * Returns the restrictions of a service that changes the host: those that hinder no step. Everything that gives the service a mount
 * namespace of its own (ProtectSystem, ProtectHome, PrivateTmp, ProtectKernelTunables, ...) is out: named network namespaces, mounts and
 * sysctls of a step must be those of the host. MemoryDenyWriteExecute would stop V8, and ProtectClock would hide /dev/net/tun. A user's
 * service has none: they imply NoNewPrivileges, and with it ping, sudo and newuidmap would lose their rights.
 */
export function hardening(scope: Scope): readonly Setting[] {
  if (scope === 'user') return [];
  return [
    [
      'CapabilityBoundingSet',
      '~CAP_BLOCK_SUSPEND CAP_MAC_ADMIN CAP_MAC_OVERRIDE CAP_SYS_BOOT CAP_SYS_PACCT CAP_SYS_RAWIO CAP_SYS_TIME CAP_SYS_TTY_CONFIG CAP_WAKE_ALARM',
    ],
    ['SystemCallArchitectures', 'native'],
    ['SystemCallFilter', '~@clock @cpu-emulation @obsolete @raw-io'],
    ['SystemCallErrorNumber', 'EPERM'],
    ['LockPersonality', 'yes'],
    ['RestrictRealtime', 'yes'],
    ['KeyringMode', 'private'],
  ];
}
