import type { CommandPort } from '../../engine/ports/command.ts';
import { READ, readSection, type Section, unreadableSection } from '../differences/shape.ts';
import { type IptablesState, iptablesState, nftTablesShown } from './iptables.ts';
import { nftablesOf } from './nftables.ts';
import { readSectionWith, readWith } from './read-section.ts';
import type { Family } from './routes.ts';
import type { LegacyTables } from './settings/network-settings.ts';

export interface FirewallSections {
  readonly 'iptables ipv4': Section;
  readonly 'iptables ipv6': Section;
  readonly 'iptables-legacy ipv4': Section;
  readonly 'iptables-legacy ipv6': Section;
  readonly nftables: Section;
}

/** Programs of each family. */
const TOOLS = {
  ipv4: {
    nft: 'iptables-nft-save',
    plain: 'iptables-save',
    legacy: 'iptables-legacy-save',
  },
  ipv6: {
    nft: 'ip6tables-nft-save',
    plain: 'ip6tables-save',
    legacy: 'ip6tables-legacy-save',
  },
} as const;

interface FamilySections {
  readonly main: Section;
  readonly legacy: Section;
  /** nftables tables that iptables-nft-save shows, such as `ip filter`. */
  readonly shown: readonly string[];
  /** Tables that iptables-nft-save cannot show because nft created them. */
  readonly unreadable: IptablesState['unreadable'];
}

/** Reads firewall rules in order, with policies; each rule once, even if several tools show it. */
export async function firewallSections(command: CommandPort, legacyTables: LegacyTables): Promise<FirewallSections> {
  const [ipv4, ipv6] = await Promise.all([
    readFamily(command, 'ipv4', legacyTables),
    readFamily(command, 'ipv6', legacyTables),
  ]);
  const shown = new Set([...ipv4.shown, ...ipv6.shown]);
  const nftables = await readSectionWith(command, ['nft', '-j', 'list', 'ruleset'], (text) => nftablesOf(text, shown));
  const withUnreadable = ({ main, unreadable }: FamilySections) =>
    nftables.state === READ || main.state !== READ
      ? main
      : readSection([...Object.entries(main.entries), ...unreadable]);
  return {
    'iptables ipv4': withUnreadable(ipv4),
    'iptables ipv6': withUnreadable(ipv6),
    'iptables-legacy ipv4': ipv4.legacy,
    'iptables-legacy ipv6': ipv6.legacy,
    nftables,
  };
}

async function readFamily(command: CommandPort, family: Family, tables: LegacyTables): Promise<FamilySections> {
  const [main, legacy] = await Promise.all([readMain(command, family), readLegacy(command, family, tables[family])]);
  const { read, why } = main;
  if (read === undefined) return { main: unreadableSection(why), legacy, shown: [], unreadable: [] };
  const section = readSection(read.chains);
  const { shown, unreadable } = read;
  // If plain iptables is the legacy one, it shows the legacy tables itself.
  if (read.variant === 'legacy') return { main: readSection([]), legacy: section, shown, unreadable };
  return { main: section, legacy, shown, unreadable };
}

async function readMain(command: CommandPort, family: Family) {
  const { nft, plain } = TOOLS[family];
  const parse = (text: string) => ({ ...iptablesState(text, family), shown: nftTablesShown(text, family) });
  const first = await readWith(command, [nft], parse);
  return first.read === undefined ? readWith(command, [plain], parse) : first;
}

async function readLegacy(command: CommandPort, family: Family, tables: string): Promise<Section> {
  // Reading them would load the tables into the kernel.
  if (tables === 'none') return readSection([]);
  if (tables !== 'some') return unreadableSection(tables);
  return readSectionWith(command, [TOOLS[family].legacy], (text) => readSection(iptablesState(text, family).chains));
}
