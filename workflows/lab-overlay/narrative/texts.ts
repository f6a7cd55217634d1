import type { Narrative } from 'wf-engine';
import type { Host, Input, Names } from '../input.ts';
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
    readonly isOnDocker: boolean;
    readonly hasCable: boolean;
    /** Addresses of alpha and beta on the underlay, and of their containers on the overlay. */
    readonly underlay: Readonly<Record<Host, string>>;
    readonly overlay: Readonly<Record<Host, string>>;
  };

interface Titled {
  readonly title: string;
  readonly text: string;
}

/** Texts by step id. */
export type StepTexts = Readonly<Record<string, string>>;

/** Words of the narrative that are others on Docker engines. */
export interface DockerTexts extends Pick<Narrative, 'title' | 'introduction' | 'stages'> {
  readonly drawings: Readonly<Record<'together' | 'apart' | 'dropped', Titled>>;
}

/** All words of the lab's narrative in one language. */
export interface LabTexts extends Pick<Narrative, 'title' | 'introduction' | 'stages' | 'steps'> {
  /** `apart`: two networks on one underlay. */
  readonly drawings: DockerTexts['drawings'];
  on(host: string): string;
  readonly cable: string;
  readonly underlayBox: string;
  readonly dropsOverlay: string;
  pings(received: number, sent: number): string;
  fetched(said: string | null): string;
  readonly addresses: { readonly title: string; readonly columns: readonly string[] };
  readonly headers: { readonly title: string; readonly columns: readonly string[] };
  /** Names of the layers of a packet of the overlay, from the outside. */
  readonly layers: Readonly<Record<'outerIp' | 'udp' | 'vxlan' | 'innerEthernet' | 'innerIp', string>>;
  readonly proofs: ProofWords;
}
