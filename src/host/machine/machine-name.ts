import { hostname } from 'node:os';

/** Returns the host name of this machine. */
export function machineName(): string {
  return hostname().replace(/\p{Cc}/gu, '') || 'unnamed machine';
}
