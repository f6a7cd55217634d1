import type { Proof } from 'wf-engine';
import { type Host, type Input, isOnDocker, linksBefore, PING_SIZES } from './input.ts';
import { type Results, resultOf } from './results.ts';

/** Returns the proofs of a run of the lab, with their figures. Called once all steps have succeeded. */
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
        { pings: pings('alphaPings'), said: read.said('alphaFetches') },
        { pings: pings('betaPings'), said: read.said('betaFetches') },
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
    said: (key: HttpKey) => words.quoted(take(key).body.trim()),
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

/** Docker's VXLAN links have no address of their own: each knows that of the other host. */
function dockerTunnels({ take }: Reader): Tunnels {
  const { vni, port, mtu } = take('alphaReadOverlay');
  const peer = (key: 'alphaReadOverlay' | 'betaReadOverlay') => take(key).fdb[0]?.dst ?? '';
  return { from: peer('betaReadOverlay'), to: peer('alphaReadOverlay'), vni, port, mtu };
}

function namesIn({ take, pings, said }: Reader): Readonly<Record<Host, Named>> {
  const named = (host: Host): Named => ({
    name: take(`${host}Resolves`).name,
    address: take(`${host}Resolves`).addresses.join(', '),
    pings: pings(`${host}PingsName`),
    said: said(`${host}FetchesName`),
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
        pings('pingMended'),
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
  readonly said: string;
}

type Node = Pick<Results['readNodes']['nodes'][number], 'role' | 'state' | 'reachability' | 'address'>;

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
  isolated(vnis: string, across: string, control: string, arrived: number, mended: string): string;
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
  /** @param health what looks healthy */
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
    `alpha has ${alpha}, beta has ${beta}${areAll ? ', and nothing else' : ''}; ${there} pings, back ${back}`,
  swarm: (nodes) =>
    nodes
      .map(({ role, state, reachability, address }) =>
        [`${role} ${address} ${state}`, ...(reachability === null ? [] : [reachability])].join(', '),
      )
      .join('; '),
  overlay: (there, back) => `${there.pings} pings and ${there.said}; back ${back.pings} and ${back.said}`,
  names: (there, back) =>
    [there, back]
      .map(({ name, address, pings, said }) => `${name} is ${address}, ${pings} pings and ${said}`)
      .join('; '),
  encapsulated: (sent, arrived, outer, cable) =>
    `${sent} packets left as ${outer}, ${arrived} arrived${
      cable === null ? '' : `; the cable carried ${cable.out} out and ${cable.into} in`
    }`,
  isolated: (vnis, across, control, arrived, mended) =>
    `${vnis}: ${across} pings while the underlay answered ${control}; ${arrived} packets arrived in vain; mended: ${mended}`,
  otherNetwork: (there, back, control) =>
    `${there} pings to a container of another network of the host, ${back} from it, while it answered the host ${control}`,
  otherOverlay: (vnis, across, controls, isUnknown) =>
    `${vnis}: ${across.there} pings, back ${across.back}, while each overlay answered inside: ${controls.own} and ${controls.other}; the name is ${isUnknown ? 'unknown' : 'not answered'}`,
  sameHost: (across, control) =>
    `${across} pings to a container of the other overlay on the same host, while that reached its own: ${control}`,
  mtu: (mtu, fits, tooLarge, underlay) =>
    `${mtu} bytes: ${fits.size} of data ${fits.pings}, ${tooLarge.size} ${tooLarge.pings}; on the underlay ${underlay.size} ${underlay.pings}`,
  link: ({ link, up }) => `${link} is ${up ? 'up' : 'down'}`,
  nodes: (nodes) => `both nodes are ${[...new Set(nodes.map(({ state }) => state))].join(', ')}`,
  healthy: (health, across, dropped, control, after) =>
    `${health}, and ${across} pings (${dropped} packets dropped) while the underlay answered ${control}; rule taken back: ${after}`,
  encrypted: (pings, sent, arrived) => `${pings} pings; ${sent} packets of ESP left, ${arrived} arrived`,
  notEncrypted: (reason) => `not tried: this kernel cannot encrypt packets${reason === null ? '' : ` (${reason})`}`,
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
