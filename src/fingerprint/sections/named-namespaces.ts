import type { Section } from '../differences/shape.ts';
import { sectionOfFiles } from './files-section.ts';
import { NAMED_NAMESPACES, readNamedNamespaces } from './settings/network-settings.ts';

/** Reads named network namespaces with their inodes: another inode under the same name is another namespace. */
export function namespaceSection(): Section {
  return sectionOfFiles(NAMED_NAMESPACES, readNamedNamespaces);
}
