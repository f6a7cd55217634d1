import { runOfLinkAlias } from '../../engine/model/mark.ts';
import { contains, isNetwork, type Subnet, sameAddress } from '../../host/ip/subnet.ts';
import type { SectionName } from '../differences/shape.ts';
import { type Attribution, byLedger, byMark, docker, type Known, SOMEBODY } from './attribution.ts';
import { isNumber } from './ledger-identities.ts';
import { ownerOfLink, ownerOfNetwork } from './link-owner.ts';
import { type RuleFacts, ruleFacts } from './rule-facts.ts';

interface FirewallRule {
  readonly table: string;
  readonly chain: string;
  readonly rule: string;
}

/** Every chain that Docker makes, in all of its versions. */
const DOCKER_CHAIN = /^DOCKER(-|$)/;
/** The one that Docker makes for others to put rules into. */
const USER_CHAIN = 'DOCKER-USER';
/** What Docker 29 makes where it uses nftables itself. */
const DOCKER_TABLE = 'docker-bridges';

/** Whose a chain is. */
export function ownerOfChain(table: string, chain: string): Attribution {
  if (DOCKER_CHAIN.test(chain)) return docker(`${chain} is a chain of Docker's`);
  if (table === DOCKER_TABLE) return docker(`${table} is a table of Docker's`);
  return SOMEBODY;
}

/** Whose a firewall rule is: by its mark, by what it names of this run or another, by what Docker is known to make. */
export function ownerOfRule(section: SectionName, { table, chain, rule }: FirewallRule, known: Known): Attribution {
  const facts = ruleFacts(section, rule);
  const marked = facts.comments.flatMap((comment) => runOfLinkAlias(comment) ?? [])[0];
  if (marked !== undefined) return byMark(marked, known);
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

/** A rule whose every word stands in one recorded command line, but for what iptables-save adds. */
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

/** Addresses in a network that is there outweigh those that the ledger remembers, which may be somebody else's by now. */
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
