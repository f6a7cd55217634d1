import { readSysctls } from './network-settings.ts';
import { readSection, type Section } from './shape.ts';

/** Forwarding and its like, in wf's own network namespace. */
export function sysctlSection(): Section {
  return readSection(readSysctls());
}
