import type { Narrative, RuntimeName } from 'wf-engine';
import type { Input, Names } from '../input.ts';
import type { ProofWords } from '../proofs.ts';

/** The facts about the run that the texts contain. */
export type LabFacts = Names &
  Pick<Input, 'containerDevice' | 'defaultRoute'> & {
    /** AppProd's address in devops, without prefix length. */
    readonly spliceAddress: string;
    readonly runtime: RuntimeName;
    /** Process id of AppProd; null if the run did not start it. */
    readonly prodPid: number | null;
  };

/** All words of the lab's narrative in one language. */
export interface LabTexts extends Pick<Narrative, 'title' | 'introduction' | 'stages' | 'steps'> {
  readonly drawings: Readonly<Record<'before' | 'after', { readonly title: string; readonly text: string }>>;
  readonly host: string;
  linkNumber(ifindex: number): string;
  readonly madeByHand: string;
  gateway(address: string): string;
  pings(received: number, sent: number): string;
  fetched(page: string | null): string;
  name(name: string, resolved: boolean): string;
  readonly addresses: { readonly title: string; readonly columns: readonly string[] };
  bridgeOf(network: string): string;
  readonly proofs: ProofWords;
}
