import { readFileSync } from 'node:fs';

/** Returns the uid of a user in /etc/passwd, or a number unchanged; undefined if there is no such user. */
export function userNumber(name: string): number | undefined {
  if (/^\d{1,10}$/.test(name)) return Number(name);
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
  const uid = lines.map((line) => line.split(':')).find(([user]) => user === name)?.[2];
  return uid === undefined || uid === '' ? undefined : Number(uid);
}
