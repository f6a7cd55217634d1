import type { Narrative } from 'wf-engine';
import type { Host, Input, Names } from '../input.ts';
import type { ProofWords } from '../proofs.ts';

/** The facts about the run that the texts contain. */
export type LabFacts = Names &
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

/** Texts of the narrative that differ on Docker engines. */
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
  fetched(page: string | null): string;
  readonly addresses: { readonly title: string; readonly columns: readonly string[] };
  readonly headers: { readonly title: string; readonly columns: readonly string[] };
  /** Names of the layers of an overlay packet, outermost first. */
  readonly layers: Readonly<Record<'outerIp' | 'udp' | 'vxlan' | 'innerEthernet' | 'innerIp', string>>;
  readonly proofs: ProofWords;
}
