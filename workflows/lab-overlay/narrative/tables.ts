import type { Narrative } from 'wf-engine';
import { type Host, OVERLAY_MTU } from '../input.ts';
import type { Observed } from './observed.ts';
import type { LabFacts, LabTexts } from './texts.ts';

type Tables = NonNullable<Narrative['tables']>;

/** Returns the addresses that the steps have read, and the layers of an overlay packet. */
export function tablesOf(observed: Observed, facts: LabFacts, texts: LabTexts): Tables {
  const places = [
    [texts.on('alpha'), observed.alphaUnderlayLinks],
    [code(facts.alphaContainer), observed.alphaLinks],
    [texts.on('beta'), observed.betaUnderlayLinks],
    [code(facts.betaContainer), observed.betaLinks],
  ] as const;
  const rows = places.flatMap(([place, seen]) =>
    (seen?.links ?? [])
      .filter(({ name }) => name !== 'lo')
      .map(({ name, addresses, mac, mtu }) => {
        const lasting = addresses.filter((address) => !address.startsWith('fe80:'));
        return [place, code(name), lasting.map(code).join(', ') || '-', mac === null ? '-' : code(mac), String(mtu)];
      }),
  );
  return [...(rows.length === 0 ? [] : [{ ...texts.addresses, rows }]), ...headersOf(observed, facts, texts)];
}

/** Returns the headers of a packet from alpha's container to beta's on the underlay, once alpha has counted such packets. */
function headersOf(observed: Observed, facts: LabFacts, texts: LabTexts): Tables {
  const tunnel = facts.isOnDocker ? observed.alphaReadOverlay : observed.alphaReadVxlan;
  if (tunnel === undefined || observed.readSentAfter === undefined) return [];
  const { layers } = texts;
  const { overlay, underlay } = facts;
  const between = ({ alpha, beta }: Readonly<Record<Host, string>>) => `${code(alpha)} > ${code(beta)}`;
  const rows = [
    [layers.outerIp, '20', between(underlay)],
    [layers.udp, '8', code(String(tunnel.port))],
    [layers.vxlan, '8', `VNI ${code(String(tunnel.vni))}`],
    [
      layers.innerEthernet,
      '14',
      between({ alpha: macOf('alpha', observed, facts), beta: macOf('beta', observed, facts) }),
    ],
    [layers.innerIp, `<= ${OVERLAY_MTU}`, between(overlay)],
  ];
  return [{ ...texts.headers, rows }];
}

/** Returns the MAC address of a host's container on the overlay. */
function macOf(host: Host, observed: Observed, { overlay }: LabFacts): string {
  const links = observed[`${host}Links`]?.links ?? [];
  return links.find(({ addresses }) => addresses.some((one) => one.startsWith(`${overlay[host]}/`)))?.mac ?? '-';
}

function code(text: string): string {
  return `\`${text}\``;
}
