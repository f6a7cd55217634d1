import { errnoOf } from '../../host/machine/errno.ts';
import { readSection, type Section, unreadableSection } from '../differences/shape.ts';
import type { Subjects } from './settings/network-settings.ts';

/** Builds a section from files below `folder`. */
export function sectionOfFiles(folder: string, read: () => Subjects): Section {
  try {
    return readSection(read());
  } catch (thrown) {
    const errno = errnoOf(thrown);
    if (errno === undefined) throw thrown;
    if (errno === 'ENOENT') return readSection([]);
    return unreadableSection(errno === 'EACCES' ? `${folder} needs more rights` : `${folder}: ${errno}`);
  }
}
