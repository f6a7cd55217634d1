import { OVERHEAD, OVERLAY_MTU, PING_SIZES } from '../input.ts';
import type { DockerTexts, LabFacts, StepTexts } from './texts.ts';

/** Returns the English texts of a lab whose hosts have Docker engines. */
export function dockerEnglish(facts: LabFacts): DockerTexts {
  const { alphaContainer, betaContainer, strangerContainer, remoteStranger, overlayNetwork, strangerNetwork } = facts;
  const { encryptedNetwork, underlayLink, port, underlay, hasCable } = facts;
  return {
    title: 'Two hosts, one network: a Docker overlay network',
    introduction: [
      `A bridge connects the containers of one host. An overlay network connects containers of several hosts as if they were on the same bridge. Docker has a driver for this, \`overlay\`. The underlying protocol is VXLAN: each Ethernet frame of a container travels from host to host in a UDP packet.`,
      `This run has two hosts, \`alpha\` and \`beta\`, each with its own Docker engine. The engines form a Swarm, which creates the overlay. The run then inspects what Docker has created, shows what the overlay isolates, cuts it off and removes everything. Without engines, the same lab builds the overlay by hand, with the commands that Docker's driver runs here.`,
      `wf ran each command below in this run; the output that follows is real. For requests that went to the engine or the kernel, the report prints the equivalent command.`,
    ],
    stages: {
      underlay: {
        title: 'The underlay: two hosts that reach each other',
        text: [
          `The underlay is the network that carries an overlay. On it, the hosts have the addresses \`${underlay.alpha}\` and \`${underlay.beta}\`.`,
          hasCable
            ? `Here it is a veth pair with one end in each host, which acts as a cable. Both ends are named \`${underlayLink}\`. Two engines on one machine share nothing else.`
            : `Here it existed before the run, which only shows that the hosts reach each other.`,
        ],
        notice: [
          `A Swarm needs three ports between its nodes: TCP 2377 (the managers), TCP and UDP 7946 (gossip between all nodes), and UDP \`${port}\` (the packets of the overlays). Firewall configurations often omit the last one.`,
        ],
      },
      swarm: {
        title: 'The Swarm: a manager and a worker',
        text: [
          `\`docker swarm init\` makes \`alpha\` the manager of a new Swarm. A manager keeps the list of nodes and networks. It has a join token: anyone who knows the token can add a machine to the Swarm, so the token is a secret. wf reads it from \`alpha\` when \`beta\` joins, and writes it nowhere.`,
          `\`beta\` joins as a worker: it runs containers, and knows only the parts of the Swarm that it needs.`,
        ],
        notice: [
          `\`docker node ls\` prints the role and the state of each node and, for managers, the reachability. A single manager is a single point of failure: without it, nobody can change the Swarm, although packets still pass.`,
          `Each engine has created a bridge network \`docker_gwbridge\`, the way out of containers whose other network is an overlay, and a namespace for \`ingress\`, the network of published ports.`,
        ],
      },
      overlay: {
        title: 'The overlay: one network, a container on each host',
        text: [
          `\`docker network create --driver overlay --attachable\` on the manager creates \`${overlayNetwork}\`. Without \`--attachable\`, only services of the Swarm could use it. The run then starts \`${alphaContainer}\` on \`alpha\` and \`${betaContainer}\` on \`beta\`, both on this network.`,
          `Each container reaches the other by its address and by its name. The name server of a container is its own engine, at \`127.0.0.11\`; the engines announce their containers to each other.`,
        ],
        notice: [
          `\`beta\` does not list \`${overlayNetwork}\` until one of its own containers uses it: a worker receives only the networks that it needs.`,
          `Each container answers with its own text, so the answer comes from the other container.`,
          `The interface on the overlay has the MTU ${OVERLAY_MTU}. The other interface leads to \`docker_gwbridge\`.`,
        ],
      },
      lookInside: {
        title: 'Inside the overlay: the namespace that Docker creates',
        text: [
          `A host does not list the overlay among its links. Docker has put it into a separate network namespace without a name, below \`netns/\` in the engine's folder: \`1-\` and the first ten characters of the network's ID. This namespace contains a bridge, a VXLAN link with the network identifier (VNI) that the Swarm chose, and one end of a veth pair for each container.`,
          `Two counters show what crosses the underlay: on \`alpha\` the packets that leave, on \`beta\` the packets that arrive. They match the outer addresses, the port and, with \`@th,96,24\`, the 24 bits of the VNI. The rule on \`alpha\` also matches the inner addresses, those of the containers.`,
        ],
        notice: [
          `The VXLAN link learns nothing from packets, and floods nothing. Each engine announces the addresses of its containers to the others, and all write them into two tables: \`bridge fdb\` has the host (\`dst\`) behind each MAC address, \`ip neighbour\` the MAC address of each container. With these tables, the host itself answers ARP (\`proxy\`).`,
          `The MTU ${OVERLAY_MTU} leaves room for the ${OVERHEAD} bytes of the tunnel's headers.`,
        ],
      },
      isolation: {
        title: 'Isolation: another overlay, the same hosts, one byte too many',
        text: [
          `A second overlay, \`${strangerNetwork}\`, has another VNI on the same underlay. It contains \`${strangerContainer}\` on \`alpha\` and \`${remoteStranger}\` on \`beta\`. Controls come first: the hosts reach each other, and so do the containers inside each overlay. Nothing passes between the overlays, neither to the other host nor to \`${strangerContainer}\` on the same host, and the name \`${remoteStranger}\` is unknown to \`${alphaContainer}\`.`,
          `The last limit is the MTU. A ping with ${PING_SIZES.fits} bytes of data is a packet of ${OVERLAY_MTU} bytes, and passes. With one more byte it does not pass: the ping forbids fragmentation (\`-M do\`), as TCP also does.`,
        ],
        notice: [
          `The packets of both overlays use the same hosts, port and underlay. Only the 24 bits of the VNI distinguish them.`,
          `On the underlay, ${PING_SIZES.underlay} bytes pass in one packet. An underlay with a smaller MTU is the most frequent fault of real overlays: small packets pass, large ones are lost.`,
        ],
      },
      failure: {
        title: 'Failure: both nodes are ready, but nothing passes',
        text: [
          `A firewall rule on \`alpha\` drops UDP port ${port}, as the firewall of a data centre may do. \`docker node ls\` prints both nodes as ready: they communicate over other ports. But no ping passes.`,
          `Before the run added the rule, it recorded how to undo it. It now undoes the rule, and the overlay works again.`,
        ],
        notice: [
          `Health is no proof: only a probe of the required path proves that the path works.`,
          `The counter of the rule shows that this rule dropped the packets, and nothing else.`,
        ],
      },
      encrypted: {
        title: 'Encryption: does this kernel support it?',
        text: [
          `With \`--opt encrypted\`, the engines agree on keys, and the kernel puts the packets of an overlay into ESP (IPsec). Not every kernel can do this, and Docker does not report it: containers start, but nothing passes. The run therefore tests each host first, with \`ip xfrm state add\` in a namespace that it creates for the test.`,
          `If both kernels can encrypt, the run creates a third overlay, \`${encryptedNetwork}\`, with this option, and counters show ESP on the underlay. Otherwise this stage ends here, and the results state the reason.`,
        ],
        notice: [
          `An overlay without this option is not encrypted: anyone who sees the packets of the underlay can read those of the containers.`,
        ],
      },
      teardown: {
        title: 'Teardown',
        text: [
          `The run removes containers and counters first, then the networks. Meanwhile \`beta\` leaves the Swarm and vanishes from the list of the manager. Then \`alpha\` leaves, which ends the Swarm.`,
        ],
        notice: [
          `\`docker swarm leave\` leaves objects behind: the network \`docker_gwbridge\`, firewall rules, namespaces. They are in the ledger of the step that caused them, so the run removes them too, unless they existed before.`,
        ],
      },
      verification: {
        title: 'Proof that nothing is left',
        text: [
          `Before the first change, wf took a fingerprint of each host: links, addresses, routes, forwarding entries, firewall rules, networks, containers and the Swarm. Now it takes another one of each and compares them.`,
        ],
        notice: [
          `"Nothing is left" is also a negative result. Its control: after each change, the step read the change back from the host, with reads like those of the fingerprint.`,
        ],
      },
    },
    drawings: {
      together: {
        title: 'The overlay: two containers, one network',
        text: `Frames go from each container through the bridge and the VXLAN link in Docker's namespace, then over the underlay in UDP packets.`,
      },
      apart: {
        title: 'Two overlays: two networks',
        text: `Both overlays use the same underlay, with two network identifiers: nothing passes between them.`,
      },
      dropped: {
        title: 'Ready, but cut off',
        text: `Both nodes are ready, but a rule on \`alpha\` drops the packets of the tunnel.`,
      },
    },
  };
}

/** Returns the English texts of the steps on Docker engines. */
export function dockerStepsInEnglish(facts: LabFacts): StepTexts {
  const { alphaContainer, betaContainer, strangerContainer, remoteStranger } = facts;
  const { overlayNetwork, strangerNetwork, encryptedNetwork, encryptedAlpha, encryptedBeta } = facts;
  return {
    initSwarm: 'Create a Swarm with `alpha` as its manager',
    joinSwarm: 'Join `beta` to the Swarm as a worker',
    readNodes: 'List the nodes: both are ready',
    overlayNetwork: `Create the overlay network \`${overlayNetwork}\` on the manager`,
    strangerOverlay: `Create a second overlay network, \`${strangerNetwork}\``,
    strangerOnAlpha: `Start \`${strangerContainer}\` on the network \`${strangerNetwork}\`, on \`alpha\``,
    strangerOnBeta: `Start \`${remoteStranger}\` on the network \`${strangerNetwork}\`, on \`beta\``,
    controlAcross: `Control: \`${alphaContainer}\` reaches \`${betaContainer}\``,
    controlStrangers: `Control: \`${strangerContainer}\` reaches \`${remoteStranger}\``,
    controlStrangerPage: `Control: \`${remoteStranger}\` answers over HTTP`,
    controlStrangerName: `Control: \`${strangerContainer}\` resolves the name \`${remoteStranger}\``,
    readOtherOverlay: 'Read the VXLAN link of the second overlay',
    pingRemoteStranger: `Ping \`${remoteStranger}\` from \`${alphaContainer}\`: it must not answer`,
    fetchRemoteStranger: `Fetch the page of \`${remoteStranger}\` from \`${alphaContainer}\`: it must not answer`,
    pingLocalStranger: `Ping \`${strangerContainer}\` from \`${alphaContainer}\` on the same host: it must not answer`,
    pingAsStranger: `Ping \`${betaContainer}\` from \`${strangerContainer}\`: it must not answer`,
    nameOfStranger: `Resolve the name \`${remoteStranger}\` from \`${alphaContainer}\`: it must be unknown`,
    readNodesWhileDropped: 'List the nodes: both are ready',
    alphaIpsec: 'Check whether the kernel of `alpha` can encrypt packets',
    betaIpsec: 'Check whether the kernel of `beta` can encrypt packets',
    encryptedOverlay: `Create the encrypted overlay network \`${encryptedNetwork}\``,
    alphaEncrypted: `Start \`${encryptedAlpha}\` on the network \`${encryptedNetwork}\`, on \`alpha\``,
    betaEncrypted: `Start \`${encryptedBeta}\` on the network \`${encryptedNetwork}\`, on \`beta\``,
    countEncrypted: 'Count ESP packets that leave `alpha`',
    countDecrypted: 'Count ESP packets that arrive at `beta`',
    pingEncrypted: `Ping \`${encryptedBeta}\` from \`${encryptedAlpha}\``,
    readEncrypted: 'Read the counter on `alpha`',
    readDecrypted: 'Read the counter on `beta`',
    removeAlphaContainer: `Remove \`${alphaContainer}\``,
    removeBetaContainer: `Remove \`${betaContainer}\``,
    removeStrangerOnAlpha: `Remove \`${strangerContainer}\``,
    removeStrangerOnBeta: `Remove \`${remoteStranger}\``,
    removeEncrypted: 'Remove the containers on the encrypted network, and the ESP counters',
    removeOverlays: 'Remove the overlay networks',
    betaLeaves: 'Make `beta` leave the Swarm',
    alphaLeaves: 'Make `alpha` leave the Swarm, which ends it',
    ...hostSteps('alpha', overlayNetwork, alphaContainer, betaContainer),
    ...hostSteps('beta', overlayNetwork, betaContainer, alphaContainer),
  };
}

function hostSteps(host: string, network: string, own: string, other: string): StepTexts {
  return {
    [`${host}OverlayContainer`]: `Start \`${own}\` on the network \`${network}\`, on \`${host}\``,
    [`${host}Resolves`]: `Resolve the name \`${other}\` with the name server of \`${own}\``,
    [`${host}PingsName`]: `Ping the resolved address from \`${own}\``,
    [`${host}FetchesName`]: `Fetch the page at the resolved address from \`${own}\``,
    [`${host}ReadOverlay`]: `Read the overlay in its unnamed namespace on \`${host}\``,
  };
}
