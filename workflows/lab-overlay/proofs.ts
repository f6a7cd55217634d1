import type { Proof } from 'wf-engine';
import { type Host, type Input, isOnDocker, linksBefore, PING_SIZES } from './input.ts';
import { type Results, resultOf } from './results.ts';

/** Returns the proofs of a run of the lab, with their figures. All steps must have succeeded. */
export function proofsOf(found: ProofSources, input: Input, words = ENGLISH_PROOFS): readonly Proof[] {
  const read = reader(found, words);
  const { take, pings, counted } = read;
  const { claims } = words;
  const onDocker = isOnDocker(input);
  const tunnels = onDocker ? dockerTunnels(read) : handmadeTunnels(read);
  const named = onDocker ? namesIn(read) : null;
  const cable = found.readCableAfter === undefined ? null : cableIn(read);
  return [
    {
      claim: claims.underlay,
      figures: words.underlay(
        read.links('alphaUnderlayLinks'),
        read.links('betaUnderlayLinks'),
        pings('alphaPingsUnderlay'),
        pings('betaPingsUnderlay'),
        linksBefore(input) !== null,
      ),
    },
    ...(onDocker ? [{ claim: claims.swarm, figures: words.swarm(take('readNodes').nodes) }] : []),
    {
      claim: claims.overlay,
      figures: words.overlay(
        { pings: pings('alphaPings'), page: read.page('alphaFetches') },
        { pings: pings('betaPings'), page: read.page('betaFetches') },
      ),
    },
    ...(named === null ? [] : [{ claim: claims.names, figures: words.names(named.alpha, named.beta) }]),
    {
      claim: claims.encapsulated,
      figures: words.encapsulated(
        counted('readSentBefore', 'readSentAfter'),
        counted('readArrivedBefore', 'readArrivedAfter'),
        `${tunnels.from} > ${tunnels.to}.${tunnels.port}, VNI ${tunnels.vni}`,
        cable,
      ),
    },
    ...(onDocker ? dockerIsolation(read) : handmadeIsolation(read)),
    {
      claim: claims.mtu,
      figures: words.mtu(
        tunnels.mtu,
        { size: PING_SIZES.fits, pings: pings('mtuFits') },
        { size: PING_SIZES.tooLarge, pings: pings('mtuTooLarge') },
        { size: PING_SIZES.underlay, pings: pings('mtuUnderlay') },
      ),
    },
    {
      claim: claims.healthy,
      figures: words.healthy(
        onDocker ? words.nodes(take('readNodesWhileDropped').nodes) : words.link(take('readVxlanWhileDropped')),
        pings('pingWhileDropped'),
        take('readDropped').packets,
        pings('controlUnderlayWhileDropped'),
        pings('pingTakenBack'),
      ),
    },
    ...(onDocker ? [{ claim: claims.encrypted, figures: encryptedFigures(read) }] : []),
  ];
}

type Reader = ReturnType<typeof reader>;

function reader(found: ProofSources, words: ProofWords) {
  const take = <Key extends keyof ProofSources>(key: Key) => resultOf(found, key);
  return {
    found,
    words,
    take,
    pings: (key: PingKey) => words.pings(take(key).received, take(key).sent),
    page: (key: HttpKey) => words.quoted(take(key).body.trim()),
    links: (key: LinksKey) =>
      take(key)
        .links.map(({ name }) => name)
        .join(', '),
    counted: (before: CountKey, after: CountKey) => take(after).packets - take(before).packets,
  };
}

/** The ends of the tunnel on the underlay, and its properties. */
interface Tunnels extends Pick<Results['alphaReadVxlan'], 'vni' | 'port' | 'mtu'> {
  readonly from: string;
  readonly to: string;
}

function handmadeTunnels({ take }: Reader): Tunnels {
  const { local, vni, port, mtu } = take('alphaReadVxlan');
  return { from: local ?? '', to: take('betaReadVxlan').local ?? '', vni, port, mtu };
}

/** Docker's VXLAN links have no local address: each knows the address of the other host. */
function dockerTunnels({ take }: Reader): Tunnels {
  const { vni, port, mtu } = take('alphaReadOverlay');
  const peer = (key: 'alphaReadOverlay' | 'betaReadOverlay') => take(key).fdb[0]?.dst ?? '';
  return { from: peer('betaReadOverlay'), to: peer('alphaReadOverlay'), vni, port, mtu };
}

function namesIn({ take, pings, page }: Reader): Readonly<Record<Host, Named>> {
  const named = (host: Host): Named => ({
    name: take(`${host}Resolves`).name,
    address: take(`${host}Resolves`).addresses.join(', '),
    pings: pings(`${host}PingsName`),
    page: page(`${host}FetchesName`),
  });
  return { alpha: named('alpha'), beta: named('beta') };
}

function cableIn({ take }: Reader): Cable {
  const [before, after] = [take('readCableBefore'), take('readCableAfter')];
  return { out: after.txPackets - before.txPackets, into: after.rxPackets - before.rxPackets };
}

function handmadeIsolation({ words, take, pings, counted }: Reader): readonly Proof[] {
  return [
    {
      claim: words.claims.isolated,
      figures: words.isolated(
        `VNI ${take('readWrongVxlan').vni} / ${take('alphaReadVxlan').vni}`,
        pings('pingWrongVni'),
        pings('controlUnderlay'),
        counted('readArrivedBeforeWrong', 'readArrivedAfterWrong'),
        pings('pingRepaired'),
      ),
    },
    {
      claim: words.claims.otherNetwork,
      figures: words.otherNetwork(pings('pingStranger'), pings('pingFromStranger'), pings('controlStranger')),
    },
  ];
}

function dockerIsolation({ words, take, pings }: Reader): readonly Proof[] {
  return [
    {
      claim: words.claims.isolated,
      figures: words.otherOverlay(
        `VNI ${take('readOtherOverlay').vni} / ${take('alphaReadOverlay').vni}`,
        { there: pings('pingRemoteStranger'), back: pings('pingAsStranger') },
        { own: pings('controlAcross'), other: pings('controlStrangers') },
        take('nameOfStranger').outcome === 'no-such-name',
      ),
    },
    {
      claim: words.claims.sameHost,
      figures: words.sameHost(pings('pingLocalStranger'), pings('controlStrangers')),
    },
  ];
}

function encryptedFigures({ found, words, take, pings }: Reader): string {
  if (found.pingEncrypted === undefined)
    return words.notEncrypted(take('alphaIpsec').reason ?? take('betaIpsec').reason);
  return words.encrypted(pings('pingEncrypted'), take('readEncrypted').packets, take('readDecrypted').packets);
}

interface Cable {
  readonly out: number;
  readonly into: number;
}

interface Named {
  readonly name: string;
  readonly address: string;
  readonly pings: string;
  readonly page: string;
}

type Node = Pick<Results['readNodes']['nodes'][number], 'role' | 'state' | 'reachability' | 'address'>;

interface Answers {
  readonly pings: string;
  readonly page: string;
}

interface Sized {
  readonly size: number;
  readonly pings: string;
}

/** The English words of the proofs; reports translate them. */
export interface ProofWords {
  readonly claims: Readonly<
    Record<
      | 'underlay'
      | 'swarm'
      | 'overlay'
      | 'names'
      | 'encapsulated'
      | 'isolated'
      | 'otherNetwork'
      | 'sameHost'
      | 'mtu'
      | 'healthy'
      | 'encrypted',
      string
    >
  >;
  pings(received: number, sent: number): string;
  quoted(text: string): string;
  /** @param areAll whether the hosts have no other links */
  underlay(alpha: string, beta: string, there: string, back: string, areAll: boolean): string;
  swarm(nodes: readonly Node[]): string;
  overlay(there: Answers, back: Answers): string;
  names(there: Named, back: Named): string;
  encapsulated(sent: number, arrived: number, outer: string, cable: Cable | null): string;
  isolated(vnis: string, across: string, control: string, arrived: number, repaired: string): string;
  otherNetwork(there: string, back: string, control: string): string;
  otherOverlay(
    vnis: string,
    across: { readonly there: string; readonly back: string },
    controls: { readonly own: string; readonly other: string },
    isUnknown: boolean,
  ): string;
  sameHost(across: string, control: string): string;
  mtu(mtu: number, fits: Sized, tooLarge: Sized, underlay: Sized): string;
  link(vxlan: Pick<Results['readVxlanWhileDropped'], 'link' | 'up'>): string;
  nodes(nodes: readonly Node[]): string;
  /** @param health the state that seems healthy */
  healthy(health: string, across: string, dropped: number, control: string, after: string): string;
  encrypted(pings: string, sent: number, arrived: number): string;
  notEncrypted(reason: string | null): string;
}

export const ENGLISH_PROOFS: ProofWords = {
  claims: {
    underlay: 'underlay',
    swarm: 'swarm',
    overlay: 'overlay',
    names: 'names',
    encapsulated: 'encapsulated',
    isolated: 'isolated',
    otherNetwork: 'other network',
    sameHost: 'same host',
    mtu: 'MTU',
    healthy: 'health is no proof',
    encrypted: 'encrypted',
  },
  pings: (received, sent) => `${received} of ${sent}`,
  quoted: (text) => `"${text}"`,
  underlay: (alpha, beta, there, back, areAll) =>
    `alpha has ${areAll ? 'only ' : ''}${alpha}; beta has ${areAll ? 'only ' : ''}${beta}; ${there} pings, other direction ${back}`,
  swarm: (nodes) =>
    nodes
      .map(({ role, state, reachability, address }) =>
        [`${role} ${address} ${state}`, ...(reachability === null ? [] : [reachability])].join(', '),
      )
      .join('; '),
  overlay: (there, back) =>
    `${there.pings} pings, HTTP ${there.page}; other direction: ${back.pings}, HTTP ${back.page}`,
  names: (there, back) =>
    [there, back]
      .map(({ name, address, pings, page }) => `${name} is ${address}: ${pings} pings, HTTP ${page}`)
      .join('; '),
  encapsulated: (sent, arrived, outer, cable) =>
    `alpha sent ${sent} packets as ${outer}; beta received ${arrived}${
      cable === null ? '' : `; alpha's end of the cable counted ${cable.out} out, ${cable.into} in`
    }`,
  isolated: (vnis, across, control, arrived, repaired) =>
    `${vnis}: ${across} pings while the underlay answered ${control}; ${arrived} packets arrived and were dropped; repaired: ${repaired}`,
  otherNetwork: (there, back, control) =>
    `${there} pings to a container on another network of the host, ${back} from it, while it answered the host ${control}`,
  otherOverlay: (vnis, across, controls, isUnknown) =>
    `${vnis}: ${across.there} pings, other direction ${across.back}, while pings inside each overlay got ${controls.own} and ${controls.other}; ${isUnknown ? 'the name is unknown' : 'the name query got no answer'}`,
  sameHost: (across, control) =>
    `${across} pings to a container of the other overlay on the same host, while it reached its own overlay: ${control}`,
  mtu: (mtu, fits, tooLarge, underlay) =>
    `${mtu} bytes: pings with ${fits.size} bytes of data ${fits.pings}, with ${tooLarge.size} ${tooLarge.pings}; on the underlay with ${underlay.size} ${underlay.pings}`,
  link: ({ link, up }) => `${link} is ${up ? 'up' : 'down'}`,
  nodes: (nodes) => `both nodes are ${[...new Set(nodes.map(({ state }) => state))].join(', ')}`,
  healthy: (health, across, dropped, control, after) =>
    `${health}, but ${across} pings (${dropped} packets dropped) while the underlay answered ${control}; rule removed: ${after}`,
  encrypted: (pings, sent, arrived) => `${pings} pings; alpha sent ${sent} ESP packets, beta received ${arrived}`,
  notEncrypted: (reason) => `not tested: this kernel cannot encrypt packets${reason === null ? '' : ` (${reason})`}`,
};

/** The keys whose results have the type of this key's result. */
type KeyOf<Key extends keyof Results> = {
  [Other in keyof Results]: Results[Other] extends Results[Key] ? Other : never;
}[keyof Results];
type PingKey = KeyOf<'pingToCount'>;
type HttpKey = KeyOf<'fetchRepaired'>;
type CountKey = KeyOf<'readSentBefore'>;
type LinksKey = 'alphaUnderlayLinks' | 'betaUnderlayLinks';
type VxlanKey = KeyOf<'alphaReadVxlan'>;
type DnsKey = KeyOf<'nameOfStranger'>;
type NodesKey = KeyOf<'readNodes'>;
type OverlayKey = KeyOf<'alphaReadOverlay'>;
type IpsecKey = KeyOf<'alphaIpsec'>;

/** The parts of the steps' outputs that the proofs print. */
type Some<Key extends keyof Results, Member extends keyof Results[Key]> = {
  readonly [Each in Key]?: Pick<Results[Key], Member> | undefined;
};
export type ProofSources = Some<PingKey, 'received' | 'sent'> &
  Some<HttpKey, 'body'> &
  Some<CountKey, 'packets'> &
  Some<VxlanKey, 'link' | 'vni' | 'port' | 'local' | 'mtu' | 'up'> &
  Some<DnsKey, 'name' | 'addresses' | 'outcome'> &
  Some<OverlayKey, 'vni' | 'port' | 'mtu' | 'fdb'> &
  Some<IpsecKey, 'esp' | 'reason'> &
  Some<'readCableBefore' | 'readCableAfter', 'rxPackets' | 'txPackets'> & {
    readonly [Each in LinksKey]?: { readonly links: readonly { readonly name: string }[] } | undefined;
  } & {
    readonly [Each in NodesKey]?: { readonly nodes: readonly Node[] } | undefined;
  };
