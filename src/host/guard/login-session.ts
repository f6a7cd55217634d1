import { existsSync, readFileSync } from 'node:fs';
import { allPids } from '../processes/process.ts';

/** The kernel's number for "no session", 2^32 - 1. */
const NONE = 4_294_967_295;

/**
 * Returns the login session of a process, which the kernel numbers from 1 in the order of the logins.
 * Null if it belongs to none, as services, and all processes on a kernel without auditing.
 */
export function loginSession(pid: number | 'self'): number | null {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/sessionid`, 'utf8');
  } catch {
    // The process has ended, or the kernel has no auditing.
    return null;
  }
  const session = Number.parseInt(text, 10);
  return Number.isSafeInteger(session) && session !== NONE ? session : null;
}

/** Returns whether the kernel numbers login sessions. */
export function knowsLoginSessions(): boolean {
  return existsSync('/proc/self/sessionid');
}

/** Returns the newest login session of this machine; null if there is none. */
export function newestLoginSession(): number | null {
  const sessions = allPids().flatMap((pid) => loginSession(pid) ?? []);
  return sessions.length === 0 ? null : Math.max(...sessions);
}
