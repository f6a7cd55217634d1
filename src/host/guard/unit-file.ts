import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { WfError } from '../../engine/model/errors.ts';
import { errnoOf } from '../machine/errno.ts';

/** The folder for units of this machine's administrator, which outlive a reboot. */
const UNITS = '/etc/systemd/system';

export function unitFile(name: string): string {
  return path.join(UNITS, name);
}

/** The link that starts a unit at each boot. */
function enabledLink(name: string): string {
  return path.join(UNITS, 'multi-user.target.wants', name);
}

/** Returns the text of a unit; null if there is none. @throws WfError E_HOST_STATE_UNKNOWN */
export function readUnit(name: string): string | null {
  try {
    return readFileSync(unitFile(name), 'utf8');
  } catch (thrown) {
    if (errnoOf(thrown) === 'ENOENT') return null;
    throw new WfError('E_HOST_STATE_UNKNOWN', `${unitFile(name)} cannot be read: ${String(thrown)}`, {
      hint: 'Check the file by hand, then try again.',
      cause: thrown,
    });
  }
}

/** Whether a unit is started at each boot. */
export function isUnitEnabled(name: string): boolean {
  return existsSync(enabledLink(name));
}

/** Writes a unit atomically, and durably. @throws WfError E_GUARD */
export function writeUnit(name: string, text: string): void {
  const file = unitFile(name);
  const written = `${file}.wf-new`;
  try {
    const descriptor = openSync(written, 'w', 0o644);
    try {
      writeSync(descriptor, text);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(written, file);
  } catch (thrown) {
    rmSync(written, { force: true });
    throw new WfError('E_GUARD', `${file} cannot be written: ${String(thrown)}`, {
      hint: 'Make /etc/systemd/system writable.',
      untouched: true,
      cause: thrown,
    });
  }
}

export function removeUnit(name: string): void {
  rmSync(enabledLink(name), { force: true });
  rmSync(unitFile(name), { force: true });
}
