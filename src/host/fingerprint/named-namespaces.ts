import { errnoOf } from '../errno.ts';
import { NAMED_NAMESPACES, readNamedNamespaces } from './network-settings.ts';
import { readSection, type Section, unreadableSection } from './shape.ts';

/** Named network namespaces with their inodes: another inode under the same name is another namespace. */
export function namespaceSection(): Section {
  try {
    return readSection(readNamedNamespaces());
  } catch (thrown) {
    if (errnoOf(thrown) === 'ENOENT') return readSection([]);
    if (errnoOf(thrown) === 'EACCES') return unreadableSection(`${NAMED_NAMESPACES} needs more rights`);
    throw thrown;
  }
}
