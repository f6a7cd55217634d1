import type { Proof } from 'wf-engine';
import { PING_SIZES } from './input.ts';
import { type Results, resultOf } from './results.ts';

/** Returns the proofs of a run of the lab, with their figures. Called once all steps have succeeded. */
export function proofsOf(found: ProofSources, words = ENGLISH_PROOFS): readonly Proof[] {
  const take = <Key extends keyof ProofSources>(key: Key) => resultOf(found, key);
  const pings = (key: PingKey) => words.pings(take(key).received, take(key).sent);
  const said = (key: HttpKey) => words.quoted(take(key).body.trim());
  const links = (key: LinksKey) =>
    take(key)
      .links.map(({ name }) => name)
      .join(', ');
  const counted = (before: CountKey, after: CountKey) => take(after).packets - take(before).packets;
  const [alpha, beta, wrong] = [take('alphaReadVxlan'), take('betaReadVxlan'), take('readWrongVxlan')];
  const [cableBefore, cableAfter] = [take('readCableBefore'), take('readCableAfter')];
  const { claims } = words;
  return [
    {
      claim: claims.underlay,
      figures: words.underlay(
        links('alphaUnderlayLinks'),
        links('betaUnderlayLinks'),
        pings('alphaPingsUnderlay'),
        pings('betaPingsUnderlay'),
      ),
    },
    {
      claim: claims.overlay,
      figures: words.overlay(
        { pings: pings('alphaPings'), said: said('alphaFetches') },
        { pings: pings('betaPings'), said: said('betaFetches') },
      ),
    },
    {
      claim: claims.encapsulated,
      figures: words.encapsulated(
        counted('readSentBefore', 'readSentAfter'),
        counted('readArrivedBefore', 'readArrivedAfter'),
        `${alpha.local ?? ''} > ${beta.local ?? ''}.${alpha.port}, VNI ${alpha.vni}`,
        cableAfter.txPackets - cableBefore.txPackets,
        cableAfter.rxPackets - cableBefore.rxPackets,
      ),
    },
    {
      claim: claims.isolated,
      figures: words.isolated(
        `VNI ${wrong.vni} / ${alpha.vni}`,
        pings('pingWrongVni'),
        pings('controlUnderlay'),
        counted('readArrivedBeforeWrong', 'readArrivedAfterWrong'),
        pings('pingMended'),
      ),
    },
    {
      claim: claims.otherNetwork,
      figures: words.otherNetwork(pings('pingStranger'), pings('pingFromStranger'), pings('controlStranger')),
    },
    {
      claim: claims.mtu,
      figures: words.mtu(
        alpha.mtu,
        { size: PING_SIZES.fits, pings: pings('mtuFits') },
        { size: PING_SIZES.tooLarge, pings: pings('mtuTooLarge') },
        { size: PING_SIZES.underlay, pings: pings('mtuUnderlay') },
      ),
    },
    {
      claim: claims.healthy,
      figures: words.healthy(
        take('readVxlanWhileDropped'),
        pings('pingWhileDropped'),
        take('readDropped').packets,
        pings('controlUnderlayWhileDropped'),
        pings('pingTakenBack'),
      ),
    },
  ];
}

interface Answers {
  readonly pings: string;
  readonly said: string;
}

interface Sized {
  readonly size: number;
  readonly pings: string;
}

/** The English words of the proofs; reports translate them. */
export interface ProofWords {
  readonly claims: Readonly<
    Record<'underlay' | 'overlay' | 'encapsulated' | 'isolated' | 'otherNetwork' | 'mtu' | 'healthy', string>
  >;
  pings(received: number, sent: number): string;
  quoted(text: string): string;
  underlay(alpha: string, beta: string, there: string, back: string): string;
  overlay(there: Answers, back: Answers): string;
  encapsulated(sent: number, arrived: number, outer: string, out: number, into: number): string;
  isolated(vnis: string, across: string, control: string, arrived: number, mended: string): string;
  otherNetwork(there: string, back: string, control: string): string;
  mtu(mtu: number, fits: Sized, tooLarge: Sized, underlay: Sized): string;
  healthy(
    vxlan: Pick<Results['readVxlanWhileDropped'], 'link' | 'up'>,
    across: string,
    dropped: number,
    control: string,
    after: string,
  ): string;
}

export const ENGLISH_PROOFS: ProofWords = {
  claims: {
    underlay: 'underlay',
    overlay: 'overlay',
    encapsulated: 'encapsulated',
    isolated: 'isolated',
    otherNetwork: 'other network',
    mtu: 'MTU',
    healthy: 'health is no proof',
  },
  pings: (received, sent) => `${received} of ${sent}`,
  quoted: (text) => `"${text}"`,
  underlay: (alpha, beta, there, back) =>
    `alpha has ${alpha}, beta has ${beta}, and nothing else; ${there} pings, back ${back}`,
  overlay: (there, back) => `${there.pings} pings and ${there.said}; back ${back.pings} and ${back.said}`,
  encapsulated: (sent, arrived, outer, out, into) =>
    `${sent} packets left as ${outer}, ${arrived} arrived; the cable carried ${out} out and ${into} in`,
  isolated: (vnis, across, control, arrived, mended) =>
    `${vnis}: ${across} pings while the underlay answered ${control}; ${arrived} packets arrived in vain; mended: ${mended}`,
  otherNetwork: (there, back, control) =>
    `${there} pings to a container of another network of the host, ${back} from it, while it answered the host ${control}`,
  mtu: (mtu, fits, tooLarge, underlay) =>
    `${mtu} bytes: ${fits.size} of data ${fits.pings}, ${tooLarge.size} ${tooLarge.pings}; on the underlay ${underlay.size} ${underlay.pings}`,
  healthy: ({ link, up }, across, dropped, control, after) =>
    `${link} is ${up ? 'up' : 'down'}, and ${across} pings (${dropped} packets dropped) while the underlay answered ${control}; rule taken back: ${after}`,
};

/** The keys whose results have the type of this key's result. */
type KeyOf<Key extends keyof Results> = {
  [Other in keyof Results]: Results[Other] extends Results[Key] ? Other : never;
}[keyof Results];
type PingKey = KeyOf<'pingToCount'>;
type HttpKey = KeyOf<'fetchMended'>;
type CountKey = KeyOf<'readSentBefore'>;
type LinksKey = 'alphaUnderlayLinks' | 'betaUnderlayLinks';
type VxlanKey = KeyOf<'alphaReadVxlan'>;

/** The parts of the steps' outputs that the proofs print. */
type Some<Key extends keyof Results, Member extends keyof Results[Key]> = {
  readonly [Each in Key]?: Pick<Results[Key], Member> | undefined;
};
export type ProofSources = Some<PingKey, 'received' | 'sent'> &
  Some<HttpKey, 'body'> &
  Some<CountKey, 'packets'> &
  Some<VxlanKey, 'link' | 'vni' | 'port' | 'local' | 'mtu' | 'up'> &
  Some<'readCableBefore' | 'readCableAfter', 'rxPackets' | 'txPackets'> & {
    readonly [Each in LinksKey]?: { readonly links: readonly { readonly name: string }[] } | undefined;
  };
