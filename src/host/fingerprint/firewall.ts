import { readFileSync } from 'node:fs';
import type { CommandPort } from '../../engine/ports/command.ts';
import { errnoOf } from '../errno.ts';
import { type IptablesState, iptablesState } from './iptables.ts';
import { nftablesOf } from './nftables.ts';
import { readTool } from './read-tool.ts';
import type { Family } from './routes.ts';
import { readSection, type Section, unreadableSection } from './shape.ts';

export interface FirewallSections {
  readonly 'iptables ipv4': Section;
  readonly 'iptables ipv6': Section;
  readonly 'iptables-legacy ipv4': Section;
  readonly 'iptables-legacy ipv6': Section;
  readonly nftables: Section;
}

/** The programs of one family, and where the kernel lists the tables that only the legacy ones show. */
const TOOLS = {
  ipv4: {
    nft: 'iptables-nft-save',
    plain: 'iptables-save',
    legacy: 'iptables-legacy-save',
    legacyTables: '/proc/net/ip_tables_names',
    nftFamily: 'ip',
  },
  ipv6: {
    nft: 'ip6tables-nft-save',
    plain: 'ip6tables-save',
    legacy: 'ip6tables-legacy-save',
    legacyTables: '/proc/net/ip6_tables_names',
    nftFamily: 'ip6',
  },
} as const;

interface FamilySections {
  readonly main: Section;
  readonly legacy: Section;
  /** Tables in nftables that iptables-nft-save has shown, such as `ip filter`. */
  readonly shown: readonly string[];
}

/** Firewall rules in order, with policies. @throws WfError E_HOST_STATE_UNKNOWN */
export async function firewallSections(command: CommandPort): Promise<FirewallSections> {
  const [ipv4, ipv6, ruleset] = await Promise.all([
    readFamily(command, 'ipv4'),
    readFamily(command, 'ipv6'),
    readTool(command, ['nft', '-j', 'list', 'ruleset']),
  ]);
  return {
    'iptables ipv4': ipv4.main,
    'iptables ipv6': ipv6.main,
    'iptables-legacy ipv4': ipv4.legacy,
    'iptables-legacy ipv6': ipv6.legacy,
    nftables:
      ruleset.found === 'output'
        ? nftablesOf(ruleset.stdout, new Set([...ipv4.shown, ...ipv6.shown]))
        : unreadableSection(ruleset.why),
  };
}

async function readFamily(command: CommandPort, family: Family): Promise<FamilySections> {
  const tools = TOOLS[family];
  const [main, legacy] = await Promise.all([readMain(command, family), readLegacy(command, family)]);
  if (main.state === undefined) return { main: main.section, legacy, shown: [] };
  // Where plain iptables is the legacy one, it has shown the legacy tables already.
  if (main.state.variant === 'legacy') return { main: readSection([]), legacy: main.section, shown: [] };
  return { main: main.section, legacy, shown: main.state.tables.map((table) => `${tools.nftFamily} ${table}`) };
}

interface MainAnswer {
  readonly section: Section;
  readonly state: IptablesState | undefined;
}

async function readMain(command: CommandPort, family: Family): Promise<MainAnswer> {
  const { nft, plain } = TOOLS[family];
  const first = await readTool(command, [nft]);
  const answer = first.found === 'output' ? first : await readTool(command, [plain]);
  if (answer.found !== 'output') return { section: unreadableSection(answer.why), state: undefined };
  const state = iptablesState(answer.stdout, family);
  return { section: readSection(state.chains), state };
}

async function readLegacy(command: CommandPort, family: Family): Promise<Section> {
  const { legacy, legacyTables } = TOOLS[family];
  const tables = tablesListedIn(legacyTables);
  if (tables === 'forbidden') return unreadableSection(`${legacyTables} needs more rights`);
  // Asking would load the tables into the kernel.
  if (tables === 'none') return readSection([]);
  const answer = await readTool(command, [legacy]);
  return answer.found === 'output'
    ? readSection(iptablesState(answer.stdout, family).chains)
    : unreadableSection(answer.why);
}

function tablesListedIn(path: string): 'some' | 'none' | 'forbidden' {
  try {
    return readFileSync(path, 'utf8').trim() === '' ? 'none' : 'some';
  } catch (thrown) {
    switch (errnoOf(thrown)) {
      case 'ENOENT':
        return 'none';
      case 'EACCES':
      case 'EPERM':
        return 'forbidden';
      default:
        throw thrown;
    }
  }
}
