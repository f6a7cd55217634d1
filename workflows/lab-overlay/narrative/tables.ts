import type { Narrative } from 'wf-engine';
import { OVERLAY_MTU } from '../input.ts';
import type { Observed } from './observed.ts';
import type { LabTexts, Told } from './texts.ts';

type Tables = NonNullable<Narrative['tables']>;

/** Returns the addresses that the steps read, and the layers of a packet of the overlay. */
export function tablesOf(observed: Observed, told: Told, texts: LabTexts): Tables {
  const places = [
    [texts.on('alpha'), observed.alphaUnderlayLinks],
    [code(told.alphaContainer), observed.alphaLinks],
    [texts.on('beta'), observed.betaUnderlayLinks],
    [code(told.betaContainer), observed.betaLinks],
  ] as const;
  const rows = places.flatMap(([place, seen]) =>
    (seen?.links ?? [])
      .filter(({ name }) => name !== 'lo')
      .map(({ name, addresses, mac, mtu }) => {
        const lasting = addresses.filter((address) => !address.startsWith('fe80:'));
        return [place, code(name), lasting.map(code).join(', ') || '-', mac === null ? '-' : code(mac), String(mtu)];
      }),
  );
  return [...(rows.length === 0 ? [] : [{ ...texts.addresses, rows }]), ...headersOf(observed, told, texts)];
}

/** Returns the headers of a packet from alpha's container to beta's on the underlay, once it was counted there. */
function headersOf(observed: Observed, told: Told, texts: LabTexts): Tables {
  const { alphaReadVxlan, betaReadVxlan, readSentAfter } = observed;
  if (alphaReadVxlan === undefined || betaReadVxlan === undefined || readSentAfter === undefined) return [];
  const { layers } = texts;
  const { overlay } = told;
  const rows = [
    [layers.outerIp, '20', `${code(alphaReadVxlan.local ?? '')} > ${code(betaReadVxlan.local ?? '')}`],
    [layers.udp, '8', code(String(alphaReadVxlan.port))],
    [layers.vxlan, '8', `VNI ${code(String(alphaReadVxlan.vni))}`],
    [layers.innerEthernet, '14', macs(observed)],
    [layers.innerIp, `<= ${OVERLAY_MTU}`, `${code(overlay.alpha)} > ${code(overlay.beta)}`],
  ];
  return [{ ...texts.headers, rows }];
}

function macs({ alphaPair, betaPair }: Observed): string {
  return [alphaPair, betaPair].map((pair) => code(pair?.peer.mac ?? '-')).join(' > ');
}

function code(text: string): string {
  return `\`${text}\``;
}
