import { sectionOfFiles } from './files-section.ts';
import { readSysctls, SETTINGS } from './network-settings.ts';
import type { Section } from './shape.ts';

/** Forwarding and its like, in wf's own network namespace. */
export function sysctlSection(): Section {
  return sectionOfFiles(SETTINGS, readSysctls);
}
