import type { Section } from '../../differences/shape.ts';
import { namespaceSection } from '../named-namespaces.ts';
import { hasIpv6, type LegacyTables, readLegacyTables } from './network-settings.ts';
import { sysctlSection } from './sysctls.ts';

/** Host settings from files, not from a command. */
export interface HostSettings {
  readonly sysctls: Section;
  readonly namespaces: Section;
  readonly hasIpv6: boolean;
  readonly legacyTables: LegacyTables;
}

export type ReadSettings = () => Promise<HostSettings>;

/** Reads the settings of the network namespace that wf itself runs in. */
export const readMachineSettings: ReadSettings = async () => ({
  sysctls: sysctlSection(),
  namespaces: namespaceSection(),
  hasIpv6: hasIpv6(),
  legacyTables: readLegacyTables(),
});
