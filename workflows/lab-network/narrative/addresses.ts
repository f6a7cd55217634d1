import type { Narrative } from 'wf-engine';
import type { Observed } from './observed.ts';
import type { LabFacts, LabTexts } from './texts.ts';

type Tables = NonNullable<Narrative['tables']>;

/** Returns a table of every address that the steps have read, with its interface. */
export function addressTable(observed: Observed, facts: LabFacts, texts: LabTexts): Tables {
  const { observeDevBridge, observeProdBridge, createDevNetwork, createProdNetwork } = observed;
  const none = '-';
  const bridges = [createDevNetwork, createProdNetwork]
    .filter((network) => network !== undefined)
    .map(({ name, bridge, gateway, subnet }) => [
      texts.bridgeOf(name),
      code(bridge),
      code(`${gateway}/${subnet.split('/')[1] ?? ''}`),
      none,
      none,
    ]);
  const ports = [observeDevBridge, observeProdBridge].flatMap((bridge) => bridge?.ports ?? []);
  const ends = new Map(ports.map(({ ifindex, link }) => [ifindex, link]));
  if (observed.createVethPair !== undefined) ends.set(observed.createVethPair.ifindex, observed.createVethPair.name);
  const inside = (container: string, seen: Observed['readAppDevAddresses']) =>
    (seen?.links ?? [])
      .filter(({ peerIfindex }) => peerIfindex !== null)
      .map(({ name, addresses, mac, peerIfindex }) => [
        code(container),
        code(name),
        addresses.map(code).join(', ') || none,
        mac === null ? none : code(mac),
        peerIfindex === null ? none : (link(ends.get(peerIfindex)) ?? texts.linkNumber(peerIfindex)),
      ]);
  const rows = [
    ...inside(facts.devContainer, observed.readAppDevAddresses),
    ...inside(facts.prodContainer, observed.readSplicedAddresses ?? observed.readAppProdAddresses),
    ...bridges,
  ];
  return rows.length === 0 ? [] : [{ ...texts.addresses, rows }];
}

function link(name: string | undefined): string | undefined {
  return name === undefined ? undefined : code(name);
}

function code(text: string): string {
  return `\`${text}\``;
}
