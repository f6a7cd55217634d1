import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { WfError } from '../../engine/model/errors.ts';
import { makeFolder } from '../../trust/private-folder.ts';
import { errnoOf } from '../machine/errno.ts';

/** Folder for units of the administrator, which persist across reboots. */
const SYSTEM_UNITS = '/etc/systemd/system';

/** Path of a unit of the system. */
export function systemUnitPath(name: string): string {
  return path.join(SYSTEM_UNITS, name);
}

/** Returns whether a unit of the system starts at boot. */
export function isStartedAtBoot(name: string): boolean {
  return existsSync(linkAtBoot(name));
}

/** Removes a unit of the system, and its start at boot, if they exist. @throws WfError E_SYSTEMD */
export function removeSystemUnit(name: string): void {
  for (const file of [linkAtBoot(name), systemUnitPath(name), temporaryOf(systemUnitPath(name))]) {
    try {
      rmSync(file, { force: true });
    } catch (thrown) {
      throw fileError(file, 'remove', thrown);
    }
  }
}

function linkAtBoot(name: string): string {
  return path.join(SYSTEM_UNITS, 'multi-user.target.wants', name);
}

/** Returns whether systemd is the init system of this machine (sd_booted(3)). */
export function isSystemdBooted(): boolean {
  return existsSync('/run/systemd/system');
}

/** Returns the text of a unit file; undefined if there is none. @throws WfError E_SYSTEMD */
export function readUnit(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (thrown) {
    if (errnoOf(thrown) === 'ENOENT') return undefined;
    throw fileError(file, 'read', thrown);
  }
}

/** Writes a unit file atomically and durably. @throws WfError E_SYSTEMD */
export function writeUnit(file: string, text: string): void {
  const temporary = temporaryOf(file);
  try {
    makeFolder(path.dirname(file), 0o755);
    const descriptor = openSync(temporary, 'w', 0o644);
    try {
      writeSync(descriptor, text);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, file);
  } catch (thrown) {
    rmSync(temporary, { force: true });
    throw fileError(file, 'write', thrown);
  }
}

/** @throws WfError E_SYSTEMD */
export function removeUnit(file: string): void {
  try {
    rmSync(file);
  } catch (thrown) {
    throw fileError(file, 'remove', thrown);
  }
}

/** systemd ignores a file with this ending. */
function temporaryOf(file: string): string {
  return `${file}.wf-new`;
}

function fileError(file: string, verb: string, cause: unknown): WfError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new WfError('E_SYSTEMD', `cannot ${verb} the unit file ${file}: ${why}`, {
    hint: 'Run wf as the owner of its folder.',
    untouched: verb === 'write',
    cause,
  });
}
