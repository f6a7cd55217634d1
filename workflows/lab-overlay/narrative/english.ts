import { type Host, OVERHEAD, OVERLAY_MTU, PING_SIZES, UNDERLAY_MTU } from '../input.ts';
import { ENGLISH_PROOFS } from '../proofs.ts';
import { dockerEnglish, dockerStepsInEnglish } from './docker-english.ts';
import type { LabTexts, Told } from './texts.ts';

export function english(told: Told): LabTexts {
  const texts = byHand(told);
  const steps = { ...texts.steps, ...dockerStepsInEnglish(told) };
  return told.isOnDocker ? { ...texts, ...dockerEnglish(told), steps } : { ...texts, steps };
}

function byHand(told: Told): LabTexts {
  const { alphaContainer, betaContainer, strangerContainer, network, strangerNetwork } = told;
  const { underlayLink, bridge, vxlanLink, hostLink, containerDevice, vni, wrongVni, port, underlay, overlay } = told;
  return {
    title: 'Two hosts, one network: VXLAN by hand',
    introduction: [
      `A bridge joins the containers of one host. An overlay network joins containers of several hosts, as if they were on the same bridge. Docker has a driver for that, \`overlay\`, and Swarm and Kubernetes build on the same idea. Underneath is VXLAN: each Ethernet frame of a container travels in a UDP packet from host to host.`,
      `This run has two hosts, \`alpha\` and \`beta\`. They are network namespaces of a private host, with nothing in common but a cable. The overlay is made by hand, with the commands that Docker's driver carries out for its users: a bridge, a VXLAN link, a forwarding entry. Then it is inspected, broken in three ways, and taken down.`,
      `Each command below was carried out in this run, and what follows it is what came back. What wf asked of the kernel directly is shown as the command that a person would have typed.`,
    ],
    stages: {
      underlay: {
        title: 'The underlay: two hosts and a cable',
        text: [
          `The network that carries an overlay is called the underlay. Here it is a veth pair with one end in each host. Both ends are called \`${underlayLink}\` and have the addresses \`${underlay.alpha}\` and \`${underlay.beta}\`.`,
          `The hosts reach each other through the cable. They have no other link but \`lo\`, so whatever passes between them later has passed through the cable.`,
        ],
        notice: [
          `The move into \`beta\` takes the end away from \`alpha\`: from then on each host sees one link \`${underlayLink}\`, whose other end is in another namespace.`,
        ],
      },
      swarm: { title: 'A Swarm: only of Docker engines', text: [], notice: [] },
      overlay: {
        title: 'The overlay: a bridge and a tunnel on each host',
        text: [
          `Each host gets a container on a network of its own, \`${network}\`. With Docker that would be \`docker_gwbridge\`: the way out of a container whose other network is an overlay.`,
          `Then the overlay. On each host a bridge \`${bridge}\` takes the place of a switch. The link \`${vxlanLink}\` is a port of it: a frame that leaves the bridge there is put into a UDP packet to port ${port}, with the network identifier (VNI) ${vni} before it.`,
          `A VXLAN link has to know to which host a frame goes. It learns from the packets that arrive. For addresses that it has not learned, and for broadcasts such as ARP, it needs an entry for \`00:00:00:00:00:00\`: send them to the other host. Docker's driver fills the table itself and answers ARP on the host; flat VXLAN uses multicast instead.`,
          `A veth pair joins each container to the bridge, as \`${containerDevice}\`, with the addresses \`${overlay.alpha}\` and \`${overlay.beta}\`: one subnet, on two hosts.`,
        ],
        notice: [
          `The MTU of \`${vxlanLink}\` is ${OVERLAY_MTU}, although nobody has set it: the kernel subtracts ${OVERHEAD} bytes of headers from the ${UNDERLAY_MTU} of \`${underlayLink}\`. Bridge and pair get the same MTU.`,
          `\`${bridge}\` has no address. The containers need no gateway to reach each other: they are neighbours.`,
          `Each container answers with its own text, so it is really the other one that was reached.`,
        ],
      },
      lookInside: {
        title: 'A look inside: what crosses the cable',
        text: [
          `Pings show that the overlay works, and not how. So two counters are set: on \`alpha\` for packets that leave, on \`beta\` for packets that arrive. They match the outer addresses, the port and, with \`@th,96,24\`, the 24 bits of the VNI, 96 bits after the beginning of the UDP header. The rule on \`alpha\` also matches the inner addresses, those of the containers.`,
          `A capture, \`tcpdump -i ${underlayLink} udp port ${port}\`, shows the same, but needs root of the machine.`,
        ],
        notice: [
          `\`ip -details link\` names all properties of the tunnel: \`vxlan id ${vni}\`, \`local\`, \`dev ${underlayLink}\`, \`dstport ${port}\`, \`mtu ${OVERLAY_MTU}\`.`,
          `\`bridge fdb\` lists the MAC address of the other container twice: the bridge has learned that it is behind \`${vxlanLink}\`, and the VXLAN link that it is behind the other host (\`dst\`).`,
          `The container knows nothing of that: in its neighbour table the other container is a neighbour like any other.`,
        ],
      },
      isolation: {
        title: 'Isolation: another identifier, another network, a byte too much',
        text: [
          `The VNI separates the overlays of many tenants on one underlay. A VXLAN link cannot get another one: on \`beta\` it is removed and made again, with the VNI ${wrongVni}. Controls come first: the hosts reach each other, each container reaches its gateway. The containers do not reach each other, although the packets arrive at \`beta\`: the counter there shows it. No link has their VNI, and the kernel drops them. With VNI ${vni} everything works again.`,
          `A container on the same host, but on another network, \`${strangerContainer}\` on \`${strangerNetwork}\`, answers \`alpha\`, and is out of reach for \`${alphaContainer}\`.`,
          `The last limit is the MTU. A ping with ${PING_SIZES.fits} bytes of data is a packet of ${OVERLAY_MTU} bytes, and passes. One more byte does not: fragments are forbidden (\`-M do\`), as TCP forbids them, too.`,
        ],
        notice: [
          `Nobody reports the wrong VNI: \`${vxlanLink}\` exists on both hosts, with its port and MTU. Only the silence shows it, and the counter of the packets that arrive in vain.`,
          `On the underlay ${PING_SIZES.underlay} bytes pass in one packet. The difference of ${OVERHEAD} bytes are the headers of the tunnel. An underlay with a smaller MTU is the most frequent fault of real overlays: small packets pass, large ones are lost.`,
        ],
      },
      failure: {
        title: 'A failure: healthy, and cut off',
        text: [
          `A firewall rule on \`alpha\` drops UDP port ${port}, as the firewall of a data centre may do. The underlay answers, the tunnel is up with all its properties, and no ping comes through. With Swarm, \`docker node ls\` would print both nodes as \`Ready\`: the nodes talk over TCP port 2377 and 7946.`,
          `The rule is taken back, by the undo that was recorded before it was made, and the overlay works again.`,
        ],
        notice: [
          `Health is no proof: only a probe of the path that is needed proves that it works.`,
          `The counter of the rule shows that it dropped the packets, and not something else.`,
        ],
      },
      encrypted: { title: 'Encryption: only by Docker engines', text: [], notice: [] },
      teardown: {
        title: 'Taking it all down',
        text: [
          `The containers go first, with the counters. With the network namespace of a container its end of the pair vanishes, and \`${hostLink}\` on the host with it. Then tunnels, bridges and networks are removed on both hosts, and the cable last.`,
        ],
        notice: [
          `Only containers, counters, links and networks are removed. Ports, forwarding entries and addresses end with their links: the ledger tells what was reverted, and what is gone.`,
          `In the end each host has \`lo\` and nothing else.`,
        ],
      },
      verification: {
        title: 'Proof that nothing is left',
        text: [
          `Before the first change wf took a fingerprint of each host: links, addresses, routes, forwarding entries, firewall rules, networks and containers. Now it takes another one of each and compares them.`,
        ],
        notice: [
          `"Nothing is left" is a negative result, too. Its control: after each change the step read it back from the host, by reads like those of the fingerprint.`,
        ],
      },
    },
    steps: {
      createCable: 'Create the cable between the hosts',
      findBeta: 'Find the network namespace of `beta`',
      plugIntoBeta: 'Move one end of the cable into `beta`',
      ...stepsOn('alpha', told),
      ...stepsOn('beta', told),
      countSent: `Count packets that leave \`alpha\` with VNI ${vni}`,
      countArrived: `Count packets that arrive at \`beta\` with VNI ${vni}`,
      readSentBefore: 'Read the counter on `alpha`',
      readArrivedBefore: 'Read the counter on `beta`',
      readCableBefore: 'Read the counters of the cable',
      pingToCount: `Ping \`${betaContainer}\` from \`${alphaContainer}\``,
      readSentAfter: 'Read the counter on `alpha` again',
      readArrivedAfter: 'Read the counter on `beta` again',
      readCableAfter: 'Read the counters of the cable again',
      strangerNetwork: `Create the network \`${strangerNetwork}\` on \`alpha\``,
      strangerContainer: `Start \`${strangerContainer}\` on it`,
      removeTunnel: 'Remove the VXLAN link of `beta`',
      settleTunnel: 'Bring the ledger in line with what ended with it',
      ...tunnelSteps('beta', 'Wrong', wrongVni, told),
      controlUnderlay: 'Control: the hosts reach each other',
      controlAlphaGateway: `Control: \`${alphaContainer}\` reaches its gateway`,
      controlBetaGateway: `Control: \`${betaContainer}\` reaches its gateway`,
      controlStranger: `Control: \`${strangerContainer}\` answers \`alpha\``,
      readWrongVxlan: `Read the VXLAN link of \`beta\`: VNI ${wrongVni}`,
      readArrivedBeforeWrong: 'Read the counter on `beta`',
      pingWrongVni: `Ping \`${betaContainer}\` from \`${alphaContainer}\`: no answer may come`,
      fetchWrongVni: `Fetch the page of \`${alphaContainer}\` from \`${betaContainer}\`: no answer may come`,
      pingStranger: `Ping \`${strangerContainer}\` from \`${alphaContainer}\`: no answer may come`,
      pingFromStranger: `Ping \`${alphaContainer}\` from \`${strangerContainer}\`: no answer may come`,
      readArrivedAfterWrong: 'Read the counter on `beta` again: the packets have arrived',
      removeWrongTunnel: `Remove the VXLAN link with VNI ${wrongVni}`,
      settleWrongTunnel: 'Bring the ledger in line with what ended with it',
      ...tunnelSteps('beta', 'Mended', vni, told),
      pingMended: `Ping \`${betaContainer}\` from \`${alphaContainer}\` again`,
      fetchMended: `Fetch the page of \`${alphaContainer}\` from \`${betaContainer}\` again`,
      readMendedVxlan: `Read the VXLAN link of \`beta\`: VNI ${vni}`,
      mtuUnderlay: `Control: ${PING_SIZES.underlay} bytes pass on the underlay in one packet`,
      mtuFits: `${PING_SIZES.fits} bytes pass on the overlay in one packet`,
      mtuTooLarge: `${PING_SIZES.tooLarge} bytes do not`,
      dropOverlay: `Drop UDP port ${port} on \`alpha\``,
      controlUnderlayWhileDropped: 'Control: the hosts reach each other',
      readVxlanWhileDropped: 'Read the VXLAN link of `alpha`: it is as before',
      pingWhileDropped: `Ping \`${betaContainer}\` from \`${alphaContainer}\`: no answer may come`,
      readDropped: 'Read the counter of the rule: it has dropped packets',
      takeBack: 'Take the rule back',
      pingTakenBack: `Ping \`${betaContainer}\` from \`${alphaContainer}\` again`,
      removeStranger: `Remove \`${strangerContainer}\` and its network`,
      removeCounters: 'Remove the counters',
      removeCable: 'Remove the cable',
      settleSegments: 'Bring the ledger in line with what ended with tunnels and bridges',
      settleCable: 'Bring the ledger in line with what ended with it',
      verifyHost: 'Compare both hosts with what they were',
    },
    drawings: {
      together: {
        title: 'The overlay: two containers, one network',
        text: `Frames go from \`${containerDevice}\` through \`${hostLink}\` and \`${bridge}\` into \`${vxlanLink}\`, and in UDP packets through the cable.`,
      },
      apart: {
        title: 'Two identifiers: two networks',
        text: `The same links on both hosts, but the tunnels have the VNI ${vni} and ${wrongVni}: nothing passes.`,
      },
      dropped: {
        title: 'Healthy, and cut off',
        text: `\`${vxlanLink}\` of \`alpha\` has all its properties, and a rule there drops the packets of the tunnel.`,
      },
    },
    on: (host) => `host ${host}`,
    cable: 'cable',
    underlayBox: 'underlay',
    dropsOverlay: `drops UDP ${port}`,
    pings: (received, sent) => `${received} of ${sent} pings`,
    fetched: (said) => (said === null ? 'no HTTP answer' : `HTTP "${said}"`),
    addresses: { title: 'Addresses', columns: ['Where', 'Interface', 'Address', 'MAC address', 'MTU'] },
    headers: { title: 'A packet of the overlay on the cable', columns: ['Layer', 'Bytes', 'Content'] },
    layers: {
      outerIp: 'IPv4, outer',
      udp: 'UDP',
      vxlan: 'VXLAN',
      innerEthernet: 'Ethernet, inner',
      innerIp: 'IPv4, inner, with data',
    },
    proofs: ENGLISH_PROOFS,
  };
}

/** Steps that are carried out on each host. */
function stepsOn(host: Host, told: Told): Readonly<Record<string, string>> {
  const { network, underlayLink, bridge, hostLink, containerLink, containerDevice, vni } = told;
  const [own, other] =
    host === 'alpha' ? [told.alphaContainer, told.betaContainer] : [told.betaContainer, told.alphaContainer];
  const name = (step: string) => `${host}${step}`;
  return {
    [name('UnderlayAddress')]: `Give \`${underlayLink}\` of \`${host}\` its address`,
    [name('UnderlayUp')]: `Set \`${underlayLink}\` of \`${host}\` up`,
    [name('UnderlayLinks')]: `List the links of \`${host}\``,
    [name('PingsUnderlay')]: `Ping the other host from \`${host}\``,
    [name('Image')]: `Make sure that the image is there on \`${host}\``,
    [name('Network')]: `Create the network \`${network}\` on \`${host}\``,
    [name('Container')]: `Start \`${own}\` on it`,
    [name('Bridge')]: `Create the bridge \`${bridge}\` on \`${host}\``,
    [name('BridgeUp')]: `Set \`${bridge}\` up`,
    ...tunnelSteps(host, '', vni, told),
    [name('Pair')]: `Create the veth pair \`${hostLink}\` and \`${containerLink}\` on \`${host}\``,
    [name('PairPort')]: `Plug \`${hostLink}\` into \`${bridge}\``,
    [name('PairUp')]: `Set \`${hostLink}\` up`,
    [name('PairMove')]: `Move \`${containerLink}\` into \`${own}\`, as \`${containerDevice}\``,
    [name('DeviceAddress')]: `Give \`${containerDevice}\` its address`,
    [name('DeviceUp')]: `Set \`${containerDevice}\` up`,
    [name('Links')]: `Read the addresses and routes inside \`${own}\``,
    [name('Pings')]: `Ping \`${other}\` from \`${own}\``,
    [name('Fetches')]: `Fetch the page of \`${other}\` from \`${own}\``,
    [name('ReadVxlan')]: `Read the VXLAN link of \`${host}\``,
    [name('Forwarding')]: `Read the forwarding table of \`${host}\``,
    [name('Neighbours')]: `Read the neighbour table of \`${own}\``,
    [name('RemoveContainer')]: `Remove \`${own}\``,
    [name('SettlePair')]: 'Remove what is left of the pair, which ends with its container',
    [name('RemoveTunnel')]: `Remove the VXLAN link of \`${host}\``,
    [name('RemoveBridge')]: `Remove the bridge of \`${host}\``,
    [name('RemoveNetwork')]: `Remove the network \`${network}\` of \`${host}\``,
    [name('Alone')]: `Make sure that \`${host}\` has no link but those from before`,
  };
}

/** Steps that make a tunnel. */
function tunnelSteps(host: Host, variant: string, vni: number, { bridge, vxlanLink }: Told) {
  return {
    [`${host}Vxlan${variant}`]: `Create \`${vxlanLink}\` on \`${host}\` with VNI ${vni}`,
    [`${host}VxlanPort${variant}`]: `Plug \`${vxlanLink}\` into \`${bridge}\``,
    [`${host}Flooding${variant}`]: `Send frames to unknown addresses to the other host`,
    [`${host}VxlanUp${variant}`]: `Set \`${vxlanLink}\` up`,
  };
}
