import type { Narrative } from 'wf-engine';
import type { Input, Names } from '../input.ts';
import type { ProofWords } from '../proofs.ts';

/** The names in the texts. */
export type Told = Names &
  Pick<
    Input,
    | 'underlayLink'
    | 'bridge'
    | 'vxlanLink'
    | 'hostLink'
    | 'containerLink'
    | 'containerDevice'
    | 'vni'
    | 'wrongVni'
    | 'port'
  > & {
    /** Addresses of alpha and beta on the underlay, and of their containers on the overlay. */
    readonly underlay: Readonly<Record<'alpha' | 'beta', string>>;
    readonly overlay: Readonly<Record<'alpha' | 'beta', string>>;
  };

/** All words of the lab's narrative in one language. */
export interface LabTexts extends Pick<Narrative, 'title' | 'introduction' | 'stages' | 'steps'> {
  readonly drawings: Readonly<
    Record<'together' | 'wrongVni' | 'dropped', { readonly title: string; readonly text: string }>
  >;
  on(host: string): string;
  readonly cable: string;
  readonly dropsOverlay: string;
  pings(received: number, sent: number): string;
  fetched(said: string | null): string;
  readonly addresses: { readonly title: string; readonly columns: readonly string[] };
  readonly headers: { readonly title: string; readonly columns: readonly string[] };
  /** Names of the layers of a packet of the overlay, from the outside. */
  readonly layers: Readonly<Record<'outerIp' | 'udp' | 'vxlan' | 'innerEthernet' | 'innerIp', string>>;
  readonly proofs: ProofWords;
}
