import { statSync } from 'node:fs';

type Environment = Readonly<Record<string, string | undefined>>;

const ROOT = 0;

/** Returns the user that wf runs as; 0 is root. */
export function ownUser(): number {
  return process.geteuid?.() ?? -1;
}

/** Returns the users whose files wf executes: root, its own user, and for root the caller of sudo, like git. */
export function trustedUsers(env: Environment = process.env): ReadonlySet<number> {
  const own = ownUser();
  const caller = own === ROOT ? Number.parseInt(env['SUDO_UID'] ?? '', 10) : Number.NaN;
  return new Set([ROOT, own, ...(Number.isSafeInteger(caller) ? [caller] : [])]);
}

/** Returns the owner of `/`, who could replace every folder. In a user namespace the machine's root has another number than 0. */
export function ownerOfAll(): number {
  return statSync('/').uid;
}
