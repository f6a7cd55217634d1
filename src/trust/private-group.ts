import { readFileSync } from 'node:fs';

/**
 * Returns whether this user is the only member of a group, as of the user groups of most distributions. Groups outside /etc/group
 * are not private.
 */
export function isPrivateGroup(group: number, user: number): boolean {
  const users = table('/etc/passwd');
  const name = users.find(([, , uid]) => Number(uid) === user)?.[0];
  const found = table('/etc/group').find(([, , gid]) => Number(gid) === group);
  if (name === undefined || found === undefined) return false;
  const members = (found[3] ?? '').split(',').filter((member) => member !== '');
  const others = users.some(([, , uid, gid]) => Number(gid) === group && Number(uid) !== user);
  return !others && members.every((member) => member === name);
}

function table(file: string): readonly (readonly string[])[] {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split(':'));
  } catch {
    return [];
  }
}
