import { type Host, OVERHEAD, OVERLAY_MTU, PING_SIZES, UNDERLAY_MTU } from '../input.ts';
import { ENGLISH_PROOFS } from '../proofs.ts';
import { dockerEnglish, dockerStepsInEnglish } from './docker-english.ts';
import type { LabFacts, LabTexts } from './texts.ts';

export function english(facts: LabFacts): LabTexts {
  const texts = byHand(facts);
  const steps = { ...texts.steps, ...dockerStepsInEnglish(facts) };
  return facts.isOnDocker ? { ...texts, ...dockerEnglish(facts), steps } : { ...texts, steps };
}

function byHand(facts: LabFacts): LabTexts {
  const { alphaContainer, betaContainer, strangerContainer, network, strangerNetwork } = facts;
  const { underlayLink, bridge, vxlanLink, hostLink, containerDevice, vni, wrongVni, port, underlay, overlay } = facts;
  return {
    title: 'Two hosts, one network: VXLAN by hand',
    introduction: [
      `A bridge connects the containers of one host. An overlay network connects containers of several hosts as if they were on the same bridge. Docker has a driver for this, \`overlay\`; Swarm and Kubernetes use the same idea. The underlying protocol is VXLAN: each Ethernet frame of a container travels from host to host in a UDP packet.`,
      `This run has two hosts, \`alpha\` and \`beta\`. They are network namespaces of a private host and share nothing but a cable. The run builds the overlay by hand, with the commands that Docker's driver runs for its users: a bridge, a VXLAN link, a forwarding entry. Then it inspects the overlay, breaks it in three ways and removes it.`,
      `wf ran each command below in this run; the output that follows is real. For requests that went to the kernel, the report prints the equivalent command.`,
    ],
    stages: {
      underlay: {
        title: 'The underlay: two hosts and a cable',
        text: [
          `The underlay is the network that carries an overlay. Here it is a veth pair with one end in each host, which acts as a cable. Both ends are named \`${underlayLink}\`; their addresses are \`${underlay.alpha}\` and \`${underlay.beta}\`.`,
          `The hosts reach each other through the cable. Their only other link is \`lo\`, so all later traffic between them passes through the cable.`,
        ],
        notice: [
          `The move into \`beta\` removes the end from \`alpha\`: from then on, each host has one link \`${underlayLink}\`, whose other end is in another namespace.`,
        ],
      },
      swarm: { title: 'The Swarm: only with Docker engines', text: [], notice: [] },
      overlay: {
        title: 'The overlay: a bridge and a tunnel on each host',
        text: [
          `The run starts a container on each host, on a separate network, \`${network}\`. With Docker, that network would be \`docker_gwbridge\`: the way out of a container whose other network is an overlay.`,
          `Then the run builds the overlay. On each host, a bridge \`${bridge}\` acts as a switch. The link \`${vxlanLink}\` is one of its ports: it puts a frame that leaves the bridge there into a UDP packet to port ${port}, behind a header with the network identifier (VNI) ${vni}.`,
          `A VXLAN link must know the host to which it sends a frame. It learns from the packets that arrive. For addresses that it has not learned, and for broadcasts such as ARP, it needs an entry for \`00:00:00:00:00:00\`, which sends these frames to the other host. Docker's driver fills the table itself and answers ARP on the host; VXLAN without a control plane uses multicast instead.`,
          `A veth pair connects each container to the bridge, as \`${containerDevice}\`. The containers have the addresses \`${overlay.alpha}\` and \`${overlay.beta}\`: one subnet, on two hosts.`,
        ],
        notice: [
          `The MTU of \`${vxlanLink}\` is ${OVERLAY_MTU}, although no command has set it: the kernel subtracts ${OVERHEAD} bytes of headers from the ${UNDERLAY_MTU} of \`${underlayLink}\`. The run gives the bridge and the pair the same MTU.`,
          `\`${bridge}\` has no address. The containers need no gateway to reach each other: they are neighbours.`,
          `Each container answers with its own text, so the answer comes from the other container.`,
        ],
      },
      lookInside: {
        title: 'Inside the overlay: packets on the cable',
        text: [
          `Pings show that the overlay works, but not how. The run therefore adds two counters: on \`alpha\` for packets that leave, on \`beta\` for packets that arrive. They match the outer addresses, the port and, with \`@th,96,24\`, the 24 bits of the VNI, 96 bits after the beginning of the UDP header. The rule on \`alpha\` also matches the inner addresses, those of the containers.`,
          `A capture with \`tcpdump -i ${underlayLink} udp port ${port}\` shows the same, but needs root on the machine.`,
        ],
        notice: [
          `\`ip -details link\` prints all properties of the tunnel: \`vxlan id ${vni}\`, \`local\`, \`dev ${underlayLink}\`, \`dstport ${port}\`, \`mtu ${OVERLAY_MTU}\`.`,
          `\`bridge fdb\` lists the MAC address of the other container twice: the bridge has learned that it is behind \`${vxlanLink}\`, and the VXLAN link that it is behind the other host (\`dst\`).`,
          `The container knows nothing about the tunnel: in its neighbour table, the other container is an ordinary neighbour.`,
        ],
      },
      isolation: {
        title: 'Isolation: another identifier, another network, one byte too many',
        text: [
          `The VNI separates the overlays of many tenants on one underlay. The VNI of a VXLAN link cannot change, so the run removes the link on \`beta\` and creates it again, with the VNI ${wrongVni}. Controls come first: the hosts reach each other, and each container reaches its gateway. The containers do not reach each other, although the packets arrive at \`beta\`, as the counter there shows. No link has their VNI, so the kernel drops them. With VNI ${vni}, everything works again.`,
          `\`${strangerContainer}\` is a container on the same host, but on another network, \`${strangerNetwork}\`. It answers \`alpha\`, but \`${alphaContainer}\` cannot reach it.`,
          `The last limit is the MTU. A ping with ${PING_SIZES.fits} bytes of data is a packet of ${OVERLAY_MTU} bytes, and passes. With one more byte it does not pass: the ping forbids fragmentation (\`-M do\`), as TCP also does.`,
        ],
        notice: [
          `Nothing reports the wrong VNI: \`${vxlanLink}\` exists on both hosts, with its port and MTU. Only the silence reveals it, together with the counter of the packets that arrive without a receiver.`,
          `On the underlay, ${PING_SIZES.underlay} bytes pass in one packet. The difference of ${OVERHEAD} bytes is the headers of the tunnel. An underlay with a smaller MTU is the most frequent fault of real overlays: small packets pass, large ones are lost.`,
        ],
      },
      failure: {
        title: 'Failure: healthy, but cut off',
        text: [
          `A firewall rule on \`alpha\` drops UDP port ${port}, as the firewall of a data centre may do. The underlay answers and the tunnel is up with all its properties, but no ping passes. With Swarm, \`docker node ls\` would print both nodes as \`Ready\`: the nodes communicate over TCP ports 2377 and 7946.`,
          `Before the run added the rule, it recorded how to undo it. It now undoes the rule, and the overlay works again.`,
        ],
        notice: [
          `Health is no proof: only a probe of the required path proves that the path works.`,
          `The counter of the rule shows that this rule dropped the packets, and nothing else.`,
        ],
      },
      encrypted: { title: 'Encryption: only with Docker engines', text: [], notice: [] },
      teardown: {
        title: 'Teardown',
        text: [
          `The run removes the containers and the counters first. When the network namespace of a container vanishes, its end of the pair vanishes with it, and so does \`${hostLink}\` on the host. Then the run removes tunnels, bridges and networks on both hosts, and the cable last.`,
        ],
        notice: [
          `The run removes only containers, counters, links and networks. Ports, forwarding entries and addresses vanish with their links: in the ledger, their status is "gone by itself", and that of the others "reverted".`,
          `At the end, each host has \`lo\` and nothing else.`,
        ],
      },
      verification: {
        title: 'Proof that nothing is left',
        text: [
          `Before the first change, wf took a fingerprint of each host: links, addresses, routes, forwarding entries, firewall rules, networks and containers. Now it takes another one of each and compares them.`,
        ],
        notice: [
          `"Nothing is left" is also a negative result. Its control: after each change, the step read the change back from the host, with reads like those of the fingerprint.`,
        ],
      },
    },
    steps: {
      createCable: 'Create the cable between the hosts',
      findBeta: 'Find the network namespace of `beta`',
      plugIntoBeta: 'Move one end of the cable into `beta`',
      ...stepsOn('alpha', facts),
      ...stepsOn('beta', facts),
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
      strangerContainer: `Start \`${strangerContainer}\` on the network \`${strangerNetwork}\``,
      removeTunnel: 'Remove the VXLAN link of `beta`',
      settleTunnel: 'Record what vanished with the link in the ledger',
      ...tunnelSteps('beta', 'Wrong', wrongVni, facts),
      controlUnderlay: 'Control: the hosts reach each other',
      controlAlphaGateway: `Control: \`${alphaContainer}\` reaches its gateway`,
      controlBetaGateway: `Control: \`${betaContainer}\` reaches its gateway`,
      controlStranger: `Control: \`${strangerContainer}\` answers \`alpha\``,
      readWrongVxlan: `Read the VXLAN link of \`beta\`: VNI ${wrongVni}`,
      readArrivedBeforeWrong: 'Read the counter on `beta`',
      pingWrongVni: `Ping \`${betaContainer}\` from \`${alphaContainer}\`: it must not answer`,
      fetchWrongVni: `Fetch the page of \`${alphaContainer}\` from \`${betaContainer}\`: it must not answer`,
      pingStranger: `Ping \`${strangerContainer}\` from \`${alphaContainer}\`: it must not answer`,
      pingFromStranger: `Ping \`${alphaContainer}\` from \`${strangerContainer}\`: it must not answer`,
      readArrivedAfterWrong: 'Read the counter on `beta` again: the packets have arrived',
      removeWrongTunnel: `Remove the VXLAN link with VNI ${wrongVni}`,
      settleWrongTunnel: 'Record what vanished with the link in the ledger',
      ...tunnelSteps('beta', 'Repaired', vni, facts),
      pingRepaired: `Ping \`${betaContainer}\` from \`${alphaContainer}\` again`,
      fetchRepaired: `Fetch the page of \`${alphaContainer}\` from \`${betaContainer}\` again`,
      readRepairedVxlan: `Read the VXLAN link of \`beta\`: VNI ${vni}`,
      mtuUnderlay: `Control: send ${PING_SIZES.underlay} bytes over the underlay in one packet`,
      mtuFits: `Send ${PING_SIZES.fits} bytes over the overlay in one packet`,
      mtuTooLarge: `Send ${PING_SIZES.tooLarge} bytes: they must not pass`,
      dropOverlay: `Drop UDP port ${port} on \`alpha\``,
      controlUnderlayWhileDropped: 'Control: the hosts reach each other',
      readVxlanWhileDropped: 'Read the VXLAN link of `alpha`: it is unchanged',
      pingWhileDropped: `Ping \`${betaContainer}\` from \`${alphaContainer}\`: it must not answer`,
      readDropped: 'Read the counter of the rule: it has dropped packets',
      takeBack: 'Remove the rule',
      pingTakenBack: `Ping \`${betaContainer}\` from \`${alphaContainer}\` again`,
      removeStranger: `Remove \`${strangerContainer}\` and its network`,
      removeCounters: 'Remove the counters',
      removeCable: 'Remove the cable',
      settleSegments: 'Record what vanished with tunnels and bridges in the ledger',
      settleCable: 'Record what vanished with the cable in the ledger',
      verifyHost: 'Compare both hosts with their state before the run',
    },
    drawings: {
      together: {
        title: 'The overlay: two containers, one network',
        text: `Frames go from \`${containerDevice}\` through \`${hostLink}\` and \`${bridge}\` into \`${vxlanLink}\`, then through the cable in UDP packets.`,
      },
      apart: {
        title: 'Two identifiers: two networks',
        text: `Both hosts have the same links, but the tunnels have the VNIs ${vni} and ${wrongVni}: nothing passes.`,
      },
      dropped: {
        title: 'Healthy, but cut off',
        text: `\`${vxlanLink}\` on \`alpha\` has all its properties, but a rule there drops the packets of the tunnel.`,
      },
    },
    on: (host) => `host ${host}`,
    cable: 'cable',
    underlayBox: 'underlay',
    dropsOverlay: `drops UDP ${port}`,
    pings: (received, sent) => `${received} of ${sent} pings`,
    fetched: (page) => (page === null ? 'no HTTP answer' : `HTTP "${page}"`),
    addresses: { title: 'Addresses', columns: ['Where', 'Interface', 'Address', 'MAC address', 'MTU'] },
    headers: { title: 'An overlay packet on the underlay', columns: ['Layer', 'Bytes', 'Content'] },
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

/** Returns the texts of the steps that run on each host. */
function stepsOn(host: Host, facts: LabFacts): Readonly<Record<string, string>> {
  const { network, underlayLink, bridge, hostLink, containerLink, containerDevice, vni } = facts;
  const [own, other] =
    host === 'alpha' ? [facts.alphaContainer, facts.betaContainer] : [facts.betaContainer, facts.alphaContainer];
  const name = (step: string) => `${host}${step}`;
  return {
    [name('UnderlayAddress')]: `Add an address to \`${underlayLink}\` on \`${host}\``,
    [name('UnderlayUp')]: `Bring up \`${underlayLink}\` on \`${host}\``,
    [name('UnderlayLinks')]: `List the links of \`${host}\``,
    [name('PingsUnderlay')]: `Ping the other host from \`${host}\``,
    [name('Image')]: `Make sure that the image is available on \`${host}\``,
    [name('Network')]: `Create the network \`${network}\` on \`${host}\``,
    [name('Container')]: `Start \`${own}\` on the network \`${network}\``,
    [name('Bridge')]: `Create the bridge \`${bridge}\` on \`${host}\``,
    [name('BridgeUp')]: `Bring up \`${bridge}\` on \`${host}\``,
    ...tunnelSteps(host, '', vni, facts),
    [name('Pair')]: `Create the veth pair \`${hostLink}\` and \`${containerLink}\` on \`${host}\``,
    [name('PairPort')]: `Attach \`${hostLink}\` to \`${bridge}\` on \`${host}\``,
    [name('PairUp')]: `Bring up \`${hostLink}\` on \`${host}\``,
    [name('PairMove')]: `Move \`${containerLink}\` into \`${own}\`, as \`${containerDevice}\``,
    [name('DeviceAddress')]: `Add an address to \`${containerDevice}\` in \`${own}\``,
    [name('DeviceUp')]: `Bring up \`${containerDevice}\` in \`${own}\``,
    [name('Links')]: `Read the addresses and routes inside \`${own}\``,
    [name('Pings')]: `Ping \`${other}\` from \`${own}\``,
    [name('Fetches')]: `Fetch the page of \`${other}\` from \`${own}\``,
    [name('ReadVxlan')]: `Read the VXLAN link of \`${host}\``,
    [name('Forwarding')]: `Read the forwarding table of \`${host}\``,
    [name('Neighbours')]: `Read the neighbour table of \`${own}\``,
    [name('RemoveContainer')]: `Remove \`${own}\``,
    [name('SettlePair')]: `Remove what is left of the pair on \`${host}\`, which vanishes with its container`,
    [name('RemoveTunnel')]: `Remove the VXLAN link of \`${host}\``,
    [name('RemoveBridge')]: `Remove the bridge of \`${host}\``,
    [name('RemoveNetwork')]: `Remove the network \`${network}\` of \`${host}\``,
    [name('Alone')]: `Check that \`${host}\` has only its links from before the run`,
  };
}

/** Returns the texts of the steps that create a tunnel. */
function tunnelSteps(host: Host, variant: string, vni: number, { bridge, vxlanLink }: LabFacts) {
  return {
    [`${host}Vxlan${variant}`]: `Create \`${vxlanLink}\` on \`${host}\` with VNI ${vni}`,
    [`${host}VxlanPort${variant}`]: `Attach \`${vxlanLink}\` to \`${bridge}\` on \`${host}\``,
    [`${host}Flooding${variant}`]: `On \`${host}\`, send frames for unknown addresses to the other host`,
    [`${host}VxlanUp${variant}`]: `Bring up \`${vxlanLink}\` on \`${host}\``,
  };
}
