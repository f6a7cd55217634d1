import { hostname } from 'node:os';

/** The name of this machine, as people call it. */
export function machineName(): string {
  return hostname().replace(/\p{Cc}/gu, '') || 'a machine without a name';
}
