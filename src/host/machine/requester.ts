import { userInfo } from 'node:os';
import type { Requester } from '../../engine/model/request.ts';
import { machineName } from './machine-name.ts';

/** A login name as useradd accepts it. */
const LOGIN_NAME = /^[a-z_][a-z0-9_.-]{0,31}\$?$/i;

/** Returns the user of this process. Trusts SUDO_USER only for root: any other user may set it to any name. */
export function requester(env: NodeJS.ProcessEnv): Requester {
  const sudoUser = process.geteuid?.() === 0 ? env['SUDO_USER'] : undefined;
  return {
    user: userName(),
    sudoUser: sudoUser !== undefined && LOGIN_NAME.test(sudoUser) ? sudoUser : null,
    host: machineName(),
  };
}

/** Returns the login name of the user of this process. */
export function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // The user has no entry in the user database, as in some containers.
    return `uid ${process.geteuid?.() ?? -1}`;
  }
}
