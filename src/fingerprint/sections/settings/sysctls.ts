import type { Section } from '../../differences/shape.ts';
import { sectionOfFiles } from '../files-section.ts';
import { readSysctls, SETTINGS } from './network-settings.ts';

/** Reads forwarding and related settings of wf's own network namespace. */
export function sysctlSection(): Section {
  return sectionOfFiles(SETTINGS, readSysctls);
}
