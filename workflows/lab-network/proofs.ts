import type { Proof } from 'wf-engine';
import type { Results } from './results.ts';

/** Returns the proofs of a run of the lab, with their figures. All steps must have succeeded. */
export function proofsOf(found: ProofSources, spliceAddress: string, words = ENGLISH_PROOFS): readonly Proof[] {
  const take = <Key extends keyof ProofSources>(key: Key) => foundBy(key, found[key]);
  const pings = (key: PingKey) => words.pings(take(key).received, take(key).sent);
  const page = (key: HttpKey) => words.quoted(take(key).body.trim());
  const dropped = rulesThatDropped(take('readFirewallBefore'), take('readFirewallAfter'));
  const [before, after] = [take('readCountersBefore'), take('readCountersAfter')];
  const { claims } = words;
  return [
    { claim: claims.reachable, figures: words.reachable(pings('pingAppDevByName'), page('fetchAppDevByName')) },
    {
      claim: claims.isolated,
      figures: words.isolated(
        pings('pingAppProdFromAppDev'),
        pings('controlAppDevAnswersPing'),
        pings('controlAppProdAnswersPing'),
      ),
    },
    ...(dropped.length > 0
      ? [{ claim: claims.dropped, figures: dropped.map((rule) => words.dropped(rule.name, rule.packets)).join(', ') }]
      : []),
    {
      claim: claims.spliced,
      figures: words.spliced(
        spliceAddress,
        { pings: pings('pingSpliceFromAppDev'), page: page('fetchSpliceFromAppDev') },
        { pings: pings('pingAppDevFromAppProd'), page: page('fetchAppDevFromAppProd') },
      ),
    },
    {
      claim: claims.throughPair,
      figures: words.throughPair(after.rxPackets - before.rxPackets, after.txPackets - before.txPackets),
    },
    { claim: claims.stillIsolated, figures: words.stillIsolated(pings('pingAppProdOnItsOwnNetwork')) },
  ];
}

interface Answers {
  readonly pings: string;
  readonly page: string;
}

/** The English words of the proofs; reports translate them. */
export interface ProofWords {
  readonly claims: Readonly<
    Record<'reachable' | 'isolated' | 'dropped' | 'spliced' | 'throughPair' | 'stillIsolated', string>
  >;
  pings(received: number, sent: number): string;
  quoted(text: string): string;
  reachable(pings: string, page: string): string;
  isolated(across: string, devControl: string, prodControl: string): string;
  dropped(rule: string, packets: number): string;
  spliced(address: string, there: Answers, back: Answers): string;
  throughPair(out: number, into: number): string;
  stillIsolated(pings: string): string;
}

export const ENGLISH_PROOFS: ProofWords = {
  claims: {
    reachable: 'reachable',
    isolated: 'isolated',
    dropped: 'dropped by',
    spliced: 'spliced',
    throughPair: 'through the pair',
    stillIsolated: 'still isolated',
  },
  pings: (received, sent) => `${received} of ${sent}`,
  quoted: (text) => `"${text}"`,
  reachable: (pings, page) => `by name from a neighbour on its network: ${pings} pings, HTTP ${page}`,
  isolated: (across, devControl, prodControl) =>
    `${across} pings, no HTTP and no name across networks; both controls answered ${devControl} and ${prodControl}`,
  dropped: (rule, packets) => `${rule} (${packets} packets)`,
  spliced: (address, there, back) =>
    `${there.pings} pings, HTTP ${there.page} at ${address}; other direction: ${back.pings}, HTTP ${back.page}`,
  throughPair: (out, into) => `${out} packets from the container, ${into} to it`,
  stillIsolated: (pings) => `${pings} pings at its own address: the networks are still separate`,
};

type PingKey = KeyOf<'pingAppDevByName'>;
type HttpKey = KeyOf<'fetchAppDevByName'>;
type CountersKey = KeyOf<'readCountersBefore'>;
type FirewallKey = KeyOf<'readFirewallBefore'>;
/** The keys whose results have the type of this key's result. */
type KeyOf<Key extends keyof Results> = {
  [Other in keyof Results]: Results[Other] extends Results[Key] ? Other : never;
}[keyof Results];

/** The parts of the steps' outputs that the proofs print. */
type Some<Key extends keyof Results, Member extends keyof Results[Key]> = {
  readonly [Each in Key]?: Pick<Results[Key], Member> | undefined;
};
export type ProofSources = Some<PingKey, 'received' | 'sent'> &
  Some<HttpKey, 'body'> &
  Some<CountersKey, 'rxPackets' | 'txPackets'> &
  Some<FirewallKey, 'rules'>;

function foundBy<Found>(step: string, found: Found): NonNullable<Found> {
  if (found === undefined || found === null)
    throw new Error(`the proofs need the output of ${step}, which has not run`);
  return found;
}

type Firewall = Pick<Results['readFirewallBefore'], 'rules'>;

/** Returns the rules that dropped or rejected packets between two reads of the firewall's counters: evidence, not proof. */
function rulesThatDropped(before: Firewall, after: Firewall): readonly { name: string; packets: number }[] {
  const nameOf = ({ table, chain, rule }: Firewall['rules'][number]) => `${table}/${chain} ${rule}`;
  const earlier = new Map(before.rules.map((rule) => [nameOf(rule), rule.packets]));
  return after.rules
    .map((rule) => ({ name: nameOf(rule), packets: rule.packets - (earlier.get(nameOf(rule)) ?? 0) }))
    .filter(({ packets }) => packets > 0);
}
