import { runOfRuleComment } from '../../engine/model/identity/mark.ts';
import { contains, isNetwork, type Subnet, sameAddress } from '../../host/ip/subnet.ts';
import type { SectionName } from '../differences/shape.ts';
import { type Attribution, byLedger, byMark, byWords, docker, type Known, SOMEBODY } from './attribution.ts';
import { isNumber } from './ledger-identities.ts';
import { ownerOfLink, ownerOfNetwork } from './link-owner.ts';
import { type RuleFacts, ruleFacts } from './rule-facts.ts';

interface FirewallRule {
  readonly table: string;
  readonly chain: string;
  readonly rule: string;
}

/** Matches every chain that Docker creates, in all versions. */
const DOCKER_CHAIN = /^DOCKER(-|$)/;
/** Chain that Docker creates for the rules of others. */
const USER_CHAIN = 'DOCKER-USER';
/** Table of Docker 29 in its nftables mode. */
const DOCKER_TABLE = 'docker-bridges';

/** Returns the owner of a chain. */
export function ownerOfChain(table: string, chain: string): Attribution {
  if (DOCKER_CHAIN.test(chain)) return docker(`${chain} is a chain of Docker's`);
  if (table === DOCKER_TABLE) return docker(`${table} is a table of Docker's`);
  return SOMEBODY;
}

/** Returns the owner of an entry in an nftables table that a step created as a whole; undefined for any other entry. */
export function ownerOfCreatedTable(section: SectionName, entry: string, known: Known): Attribution | undefined {
  if (section !== 'nftables') return undefined;
  // `nft table inet lab`, `nft inet lab CHAIN`, `nft set inet lab NAME`
  const names = entry.split(' ');
  const [family = '', table = ''] = names[1] === 'table' ? names.slice(2) : names.slice(-3, -1);
  return byLedger(known, ({ change, words }) => change.kind === 'nft.table' && words.has(family) && words.has(table));
}

/** Returns the owner of a firewall rule: by its mark, by names of this run or another, or by the rules that Docker is known to create. */
export function ownerOfRule(section: SectionName, { table, chain, rule }: FirewallRule, known: Known): Attribution {
  const facts = ruleFacts(section, rule);
  for (const comment of facts.comments) {
    const run = runOfRuleComment(comment);
    // A change kept by design outweighs the mark.
    if (run !== undefined) return byWords(known, comment) ?? byMark(run, known);
  }
  const typed = byTypedCommand(chain, facts, known);
  if (typed !== undefined) return typed;
  const links = facts.interfaces.map((name) => ownerOfLink(name, known));
  const link = links.find((found) => found.owner === 'run') ?? links.find((found) => found !== SOMEBODY);
  if (link !== undefined) return { ...link, reason: `it names ${facts.interfaces.join(' and ')}: ${link.reason}` };
  const network = byNetworks(facts.subnets, known);
  if (network !== undefined) return network;
  if (chain === USER_CHAIN) return facts.target === 'RETURN' ? ownerOfChain(table, chain) : SOMEBODY;
  if (facts.target !== null && DOCKER_CHAIN.test(facts.target)) return ownerOfChain(table, facts.target);
  return ownerOfChain(table, chain);
}

/** Attributes a rule whose every word occurs in one recorded command line, apart from the additions of iptables-save. */
function byTypedCommand(chain: string, facts: RuleFacts, known: Known): Attribution | undefined {
  const words = facts.words.flatMap((word, index) => {
    const previous = facts.words[index - 1];
    if (word === '-m' || previous === '-m') return [];
    return [isNumber(word) ? `${previous} ${word}` : word];
  });
  if (words.length === 0) return undefined;
  return byLedger(known, (change) => {
    const has = (word: string) => change.words.has(word) || change.words.has(word.replace(/\/(32|128)$/, ''));
    return !change.ofDocker && change.words.has(chain) && words.every(has);
  });
}

/** Addresses in an existing network outweigh those in the ledger, which may belong to another owner by now. */
function byNetworks(subnets: readonly Subnet[], known: Known): Attribution | undefined {
  for (const subnet of subnets) {
    const network = [...known.after.networks.values(), ...known.before.networks.values()].find((candidate) =>
      candidate.subnets.some((range) => contains(range, subnet)),
    );
    if (network !== undefined) {
      return ownerOfNetwork(network, known) ?? docker(`it names addresses of network ${network.name}`);
    }
    const recorded = byLedger(known, (change) => change.subnets.some((range) => covers(range, subnet)));
    if (recorded !== undefined) return recorded;
  }
  return undefined;
}

function covers(recorded: Subnet, named: Subnet): boolean {
  return isNetwork(recorded) ? contains(recorded, named) : !isNetwork(named) && sameAddress(recorded, named);
}
