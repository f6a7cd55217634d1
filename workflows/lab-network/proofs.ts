import type { Proof } from 'wf';
import { type Found, type Results, resultOf } from './results.ts';

/** What a run of the lab has shown, with its figures. */
export function proofsOf(found: Found, spliceAddress: string): readonly Proof[] {
  const take = <Key extends keyof Results>(key: Key) => resultOf(found, key);
  const pings = (key: PingKey) => `${take(key).received} of ${take(key).sent}`;
  const said = (key: HttpKey) => `"${take(key).body.trim()}"`;
  const dropped = rulesThatDropped(take('readFirewallBefore'), take('readFirewallAfter'));
  const [before, after] = [take('readCountersBefore'), take('readCountersAfter')];
  return [
    {
      claim: 'reachable',
      figures: `a neighbour on its own network got ${pings('pingAppDevByName')} pings and ${said('fetchAppDevByName')} by name`,
    },
    {
      claim: 'isolated',
      figures: `${pings('pingAppProdFromAppDev')} pings, no HTTP and no name across, while both controls answered ${pings('controlAppDevAnswersPing')} and ${pings('controlAppProdAnswersPing')}`,
    },
    ...(dropped.length > 0 ? [{ claim: 'dropped by', figures: dropped.join(', ') }] : []),
    {
      claim: 'spliced',
      figures: `${pings('pingSpliceFromAppDev')} pings and ${said('fetchSpliceFromAppDev')} at ${spliceAddress}; back ${pings('pingAppDevFromAppProd')} and ${said('fetchAppDevFromAppProd')}`,
    },
    {
      claim: 'through the pair',
      figures: `${after.rxPackets - before.rxPackets} packets out of it, ${after.txPackets - before.txPackets} into it`,
    },
    {
      claim: 'still isolated',
      figures: `${pings('pingAppProdOnItsOwnNetwork')} pings at its own address: Docker knows nothing of the pair`,
    },
  ];
}

type PingKey = KeyOf<'pingAppDevByName'>;
type HttpKey = KeyOf<'fetchAppDevByName'>;
/** The keys whose results have the type that this one's has. */
type KeyOf<Key extends keyof Results> = {
  [Other in keyof Results]: Results[Other] extends Results[Key] ? Other : never;
}[keyof Results];

type Firewall = Results['readFirewallBefore'];

/** Rules that dropped or rejected something between two readings of the firewall's counters: evidence, not proof. */
function rulesThatDropped(before: Firewall, after: Firewall): readonly string[] {
  const keyOf = ({ table, chain, rule }: Firewall['rules'][number]) => `${table}/${chain} ${rule}`;
  const earlier = new Map(before.rules.map((rule) => [keyOf(rule), rule.packets]));
  return after.rules.flatMap((rule) => {
    const packets = rule.packets - (earlier.get(keyOf(rule)) ?? 0);
    return packets > 0 ? [`${keyOf(rule)} (${packets} packets)`] : [];
  });
}
