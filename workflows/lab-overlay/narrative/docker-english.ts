import { OVERHEAD, OVERLAY_MTU, PING_SIZES } from '../input.ts';
import type { DockerTexts, StepTexts, Told } from './texts.ts';

/** The English texts of a lab whose hosts have Docker engines. */
export function dockerEnglish(told: Told): DockerTexts {
  const { alphaContainer, betaContainer, strangerContainer, remoteStranger, overlayNetwork, strangerNetwork } = told;
  const { encryptedNetwork, underlayLink, port, underlay, hasCable } = told;
  return {
    title: 'Two hosts, one network: an overlay network of Docker',
    introduction: [
      `A bridge joins the containers of one host. An overlay network joins containers of several hosts, as if they were on the same bridge. Docker has a driver for that, \`overlay\`. Underneath is VXLAN: each Ethernet frame of a container travels in a UDP packet from host to host.`,
      `This run has two hosts, \`alpha\` and \`beta\`, each with a Docker engine of its own. The engines form a Swarm, which makes the overlay. Then the lab looks at what Docker has made, shows what the overlay keeps apart, cuts it off, and takes everything down. The same lab without engines makes the overlay by hand, with the commands that Docker's driver carries out here.`,
      `Each command below was carried out in this run, and what follows it is what came back. What wf asked of the engine or the kernel directly is shown as the command that a person would have typed.`,
    ],
    stages: {
      underlay: {
        title: 'The underlay: two hosts that reach each other',
        text: [
          `The network that carries an overlay is called the underlay. The hosts have the addresses \`${underlay.alpha}\` and \`${underlay.beta}\` on it.`,
          hasCable
            ? `Here it is a veth pair with one end in each host. Both ends are called \`${underlayLink}\`. Two engines of one machine have nothing else in common.`
            : `Here it was there before: the run only shows that the hosts reach each other.`,
        ],
        notice: [
          `A Swarm needs three ports between its nodes: TCP 2377 (the managers), TCP and UDP 7946 (news of all nodes), and UDP \`${port}\` (the packets of the overlays). The last one is the one that firewalls forget.`,
        ],
      },
      swarm: {
        title: 'The Swarm: a manager and a worker',
        text: [
          `\`docker swarm init\` makes \`alpha\` the manager of a new Swarm. A manager keeps the list of nodes and networks. It has a join token: whoever knows it can add a machine to the Swarm, so it is a secret. wf reads it from \`alpha\` when \`beta\` joins, and writes it nowhere.`,
          `\`beta\` joins as a worker: it runs containers, and knows of the Swarm only what it needs.`,
        ],
        notice: [
          `\`docker node ls\` prints the role, the state and, of managers, the reachability of each node. A single manager is a single point of failure: without it nothing can be changed, though packets still pass.`,
          `Each engine has made a bridge network \`docker_gwbridge\`, the way out of containers whose other network is an overlay, and a namespace for \`ingress\`, the network of published ports.`,
        ],
      },
      overlay: {
        title: 'The overlay: one network, a container on each host',
        text: [
          `\`docker network create --driver overlay --attachable\` on the manager makes \`${overlayNetwork}\`. Without \`--attachable\` only services of the Swarm could use it. Then \`${alphaContainer}\` starts on \`alpha\` and \`${betaContainer}\` on \`beta\`, both on that network.`,
          `Each container reaches the other by its address and by its name. The name server of a container is its own engine, at \`127.0.0.11\`; the engines tell each other which containers there are.`,
        ],
        notice: [
          `\`beta\` does not list \`${overlayNetwork}\` until one of its own containers uses it: a worker gets only the networks that it needs.`,
          `Each container answers with its own text, so it is really the other one that was reached.`,
          `The interface on the overlay has the MTU ${OVERLAY_MTU}. The other one leads to \`docker_gwbridge\`.`,
        ],
      },
      lookInside: {
        title: 'A look inside: what Docker hides',
        text: [
          `The overlay is not to be seen among the links of a host. Docker has put it into a network namespace of its own, without a name, below \`netns/\` of the engine's folder: \`1-\` and the first ten characters of the network's id. In it are a bridge, a VXLAN link with the network identifier (VNI) that the Swarm chose, and an end of a veth pair for each container.`,
          `Two counters show what crosses the underlay: on \`alpha\` packets that leave, on \`beta\` packets that arrive. They match the outer addresses, the port and, with \`@th,96,24\`, the 24 bits of the VNI. The rule on \`alpha\` also matches the inner addresses, those of the containers.`,
        ],
        notice: [
          `The VXLAN link learns nothing from packets, and floods nothing. Each engine tells the others the addresses of its containers, and writes them into two tables: \`bridge fdb\` has the host (\`dst\`) behind each MAC address, \`ip neighbour\` the MAC address of each container. With them the host itself answers ARP (\`proxy\`).`,
          `The MTU ${OVERLAY_MTU} leaves room for the ${OVERHEAD} bytes of headers of the tunnel.`,
        ],
      },
      isolation: {
        title: 'Isolation: another overlay, the same hosts, a byte too much',
        text: [
          `A second overlay, \`${strangerNetwork}\`, has another VNI on the same underlay. \`${strangerContainer}\` on \`alpha\` and \`${remoteStranger}\` on \`beta\` are on it. Controls come first: the hosts reach each other, and in each overlay the containers do. Between the overlays nothing passes, neither to the other host nor to \`${strangerContainer}\` on the same host, and the name \`${remoteStranger}\` is unknown to \`${alphaContainer}\`.`,
          `The last limit is the MTU. A ping with ${PING_SIZES.fits} bytes of data is a packet of ${OVERLAY_MTU} bytes, and passes. One more byte does not: fragments are forbidden (\`-M do\`), as TCP forbids them, too.`,
        ],
        notice: [
          `The packets of both overlays use the same hosts, port and cable. Only the 24 bits of the VNI tell them apart.`,
          `On the underlay ${PING_SIZES.underlay} bytes pass in one packet. An underlay with a smaller MTU is the most frequent fault of real overlays: small packets pass, large ones are lost.`,
        ],
      },
      failure: {
        title: 'A failure: both nodes ready, and nothing passes',
        text: [
          `A firewall rule on \`alpha\` drops UDP port ${port}, as the firewall of a data centre may do. \`docker node ls\` prints both nodes as ready: they talk over other ports. And no ping comes through.`,
          `The rule is taken back, by the undo that was recorded before it was made, and the overlay works again.`,
        ],
        notice: [
          `Health is no proof: only a probe of the path that is needed proves that it works.`,
          `The counter of the rule shows that it dropped the packets, and not something else.`,
        ],
      },
      encrypted: {
        title: 'Encryption: can this kernel?',
        text: [
          `With \`--opt encrypted\` the engines agree on keys, and the kernel puts the packets of an overlay into ESP (IPsec). Not every kernel can, and Docker does not say so: containers start, and nothing passes. So each host is asked first, with \`ip xfrm state add\` in a namespace made for it.`,
          `If both kernels can, a third overlay, \`${encryptedNetwork}\`, is made with it, and counters show ESP on the underlay. Otherwise this stage ends here, and the proofs say why.`,
        ],
        notice: [
          `An overlay without that option is not encrypted: who sees the packets of the underlay can read those of the containers.`,
        ],
      },
      teardown: {
        title: 'Taking it all down',
        text: [
          `Containers and counters go first, then the networks. Meanwhile \`beta\` leaves the Swarm, and vanishes from the list of the manager; then \`alpha\` leaves, and the Swarm is gone.`,
        ],
        notice: [
          `\`docker swarm leave\` leaves things behind: the network \`docker_gwbridge\`, firewall rules, namespaces. They are in the ledger of the step that caused them, and are removed, too, unless they were there before.`,
        ],
      },
      verification: {
        title: 'Proof that nothing is left',
        text: [
          `Before the first change wf took a fingerprint of each host: links, addresses, routes, forwarding entries, firewall rules, networks, containers and the Swarm. Now it takes another one of each and compares them.`,
        ],
        notice: [
          `"Nothing is left" is a negative result, too. Its control: after each change the step read it back from the host, by reads like those of the fingerprint.`,
        ],
      },
    },
    drawings: {
      together: {
        title: 'The overlay: two containers, one network',
        text: `Frames go from each container through the bridge and the VXLAN link that Docker hides, and in UDP packets over the underlay.`,
      },
      apart: {
        title: 'Two overlays: two networks',
        text: `Both overlays use the same underlay, with two network identifiers: nothing passes between them.`,
      },
      dropped: {
        title: 'Ready, and cut off',
        text: `Both nodes are ready, and a rule on \`alpha\` drops the packets of the tunnel.`,
      },
    },
  };
}

/** The texts of the steps on Docker engines. */
export function dockerStepsInEnglish(told: Told): StepTexts {
  const { alphaContainer, betaContainer, strangerContainer, remoteStranger } = told;
  const { overlayNetwork, strangerNetwork, encryptedNetwork, encryptedAlpha, encryptedBeta } = told;
  return {
    initSwarm: 'Make `alpha` the manager of a Swarm',
    joinSwarm: 'Let `beta` join it, as a worker',
    readNodes: 'List the nodes: both are ready',
    overlayNetwork: `Create the overlay network \`${overlayNetwork}\` on the manager`,
    strangerOverlay: `Create a second overlay network, \`${strangerNetwork}\``,
    strangerOnAlpha: `Start \`${strangerContainer}\` on it, on \`alpha\``,
    strangerOnBeta: `Start \`${remoteStranger}\` on it, on \`beta\``,
    controlAcross: `Control: \`${alphaContainer}\` reaches \`${betaContainer}\``,
    controlStrangers: `Control: \`${strangerContainer}\` reaches \`${remoteStranger}\``,
    controlStrangerPage: `Control: \`${remoteStranger}\` answers by HTTP`,
    controlStrangerName: `Control: \`${strangerContainer}\` knows the name \`${remoteStranger}\``,
    readOtherOverlay: 'Read the VXLAN link of the second overlay',
    pingRemoteStranger: `Ping \`${remoteStranger}\` from \`${alphaContainer}\`: no answer may come`,
    fetchRemoteStranger: `Fetch the page of \`${remoteStranger}\` from \`${alphaContainer}\`: no answer may come`,
    pingLocalStranger: `Ping \`${strangerContainer}\` from \`${alphaContainer}\` on the same host: no answer may come`,
    pingAsStranger: `Ping \`${betaContainer}\` from \`${strangerContainer}\`: no answer may come`,
    nameOfStranger: `Ask for \`${remoteStranger}\` from \`${alphaContainer}\`: the name must be unknown`,
    readNodesWhileDropped: 'List the nodes: both are ready',
    alphaIpsec: 'Can the kernel of `alpha` encrypt packets?',
    betaIpsec: 'Can the kernel of `beta` encrypt packets?',
    encryptedOverlay: `Create the encrypted overlay network \`${encryptedNetwork}\``,
    alphaEncrypted: `Start \`${encryptedAlpha}\` on it, on \`alpha\``,
    betaEncrypted: `Start \`${encryptedBeta}\` on it, on \`beta\``,
    countEncrypted: 'Count packets of ESP that leave `alpha`',
    countDecrypted: 'Count packets of ESP that arrive at `beta`',
    pingEncrypted: `Ping \`${encryptedBeta}\` from \`${encryptedAlpha}\``,
    readEncrypted: 'Read the counter on `alpha`',
    readDecrypted: 'Read the counter on `beta`',
    removeAlphaContainer: `Remove \`${alphaContainer}\``,
    removeBetaContainer: `Remove \`${betaContainer}\``,
    removeStrangerOnAlpha: `Remove \`${strangerContainer}\``,
    removeStrangerOnBeta: `Remove \`${remoteStranger}\``,
    removeEncrypted: 'Remove the containers on the encrypted network, and the counters of ESP',
    removeOverlays: 'Remove the overlay networks',
    betaLeaves: 'Let `beta` leave the Swarm',
    alphaLeaves: 'Let `alpha` leave the Swarm, which ends it',
    ...hostSteps('alpha', alphaContainer, betaContainer),
    ...hostSteps('beta', betaContainer, alphaContainer),
  };
}

function hostSteps(host: string, own: string, other: string): StepTexts {
  return {
    [`${host}OverlayContainer`]: `Start \`${own}\` on it, on \`${host}\``,
    [`${host}Resolves`]: `Ask the name server of \`${own}\` for \`${other}\``,
    [`${host}PingsName`]: `Ping the address of that name from \`${own}\``,
    [`${host}FetchesName`]: `Fetch the page at the address of that name from \`${own}\``,
    [`${host}ReadOverlay`]: `Read the overlay in its hidden namespace on \`${host}\``,
  };
}
