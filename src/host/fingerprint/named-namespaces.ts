import { readdirSync, statSync } from 'node:fs';
import type { Json } from '../../engine/json.ts';
import { errnoOf } from '../errno.ts';
import { readSection, type Section, unreadableSection } from './shape.ts';

/** Where `ip netns` keeps them. */
const FOLDER = '/run/netns';

/** Named network namespaces with their inodes: another inode under the same name is another namespace. */
export function namespaceSection(): Section {
  try {
    return readSection(readdirSync(FOLDER).flatMap(namespaceEntry));
  } catch (thrown) {
    if (errnoOf(thrown) === 'ENOENT') return readSection([]);
    if (errnoOf(thrown) === 'EACCES') return unreadableSection(`${FOLDER} needs more rights`);
    throw thrown;
  }
}

function namespaceEntry(name: string): (readonly [string, Json])[] {
  try {
    return [[`namespace ${name}`, { name, inode: statSync(`${FOLDER}/${name}`).ino }]];
  } catch (thrown) {
    // Removed between the listing and the look at it.
    if (errnoOf(thrown) === 'ENOENT') return [];
    throw thrown;
  }
}
