import { ENGLISH_PROOFS } from '../proofs.ts';
import type { LabFacts, LabTexts } from './texts.ts';

export function english(facts: LabFacts): LabTexts {
  const { devNetwork, prodNetwork, devContainer, prodContainer, probeContainer, hostLink, containerLink } = facts;
  const { containerDevice, spliceAddress, runtime } = facts;
  const engine = runtime === 'docker' ? 'Docker' : 'the runtime';
  return {
    title: 'Two Docker networks, joined by hand',
    introduction: [
      `A Docker network is a Linux bridge. A container is a process in its own network namespace, with one end of a veth pair inside it. Docker adds firewall rules that isolate its networks from each other. This exercise inspects these parts from the inside, then connects two networks without Docker's knowledge.`,
      ...RUNTIME_TEXTS[runtime],
      `The run creates two networks, \`${devNetwork}\` and \`${prodNetwork}\`, with one container on each: \`${devContainer}\` and \`${prodContainer}\`. It first proves that the containers cannot reach each other. Then it gives \`${prodContainer}\` a second interface in \`${devNetwork}\`, with a veth pair that ${engine} knows nothing about, and proves that they can. Finally it removes everything and compares the host with its state before the run.`,
      `wf ran each command below in this run; the output that follows is real. For requests that went to Docker's API or the kernel, the report prints the equivalent command.`,
    ],
    stages: {
      setup: {
        title: 'Two networks, two containers',
        text: [
          `${capital(engine)} creates a bridge for each network and gives it the first address of the subnet. The name of the bridge is \`br-\` followed by the first 12 digits of the network's ID. For each container, ${engine} creates a veth pair: one end becomes \`eth0\` in the container's network namespace, the other end is attached to the bridge on the host.`,
          `A helper container, \`${probeContainer}\`, runs briefly on \`${devNetwork}\`. It sees \`${devContainer}\` as a neighbour does: by its name, which ${engine}'s own DNS server resolves.`,
        ],
        notice: [
          `Compare the two lists of networks: each network that the run created adds one bridge network. The run sets up both sides at the same time, so the second list may contain one or both of them.`,
          `\`eth0@if8\` in the container and \`veth…@if7\` on the host are the two ends of one pair: the number after \`@if\` is the interface index of the other end.`,
          `The bridge on the host has the gateway's address: the host itself is the gateway of its containers.`,
          `The exercise uses \`brctl show\`. \`bridge link show\` of iproute2 replaces it and lists the same ports, each with its bridge.`,
          `To inspect a container from the inside, the exercise starts another container that joins its namespace: \`docker run --rm -it --net container:${devContainer} alpine\`. wf enters the same namespace with \`nsenter\`: it sees the same interfaces, addresses and ports, and needs no extra container.`,
          `The exercise finds the process of a container with \`ps aux | grep http-echo\` and enters it with \`nsenter -t PID -n -u\`: \`-n\` selects its network namespace, \`-u\` the namespace of its host name.${facts.prodPid === null ? '' : ` In this run, the process of \`${prodContainer}\` was ${facts.prodPid}, hence \`nsenter -t ${facts.prodPid} -n -u\`.`}`,
          `The text of the exercise contains a trap: its command for \`${prodContainer}\` lacks \`--net ${prodNetwork}\`. Without this option, the container starts on Docker's default network, \`bridge\`. \`${devContainer}\` cannot reach it there either, so the exercise seems to work. But \`docker network inspect ${prodNetwork}\` lists no container: the exercise then demonstrates the isolation of the wrong network. This run starts the container with \`--network ${prodNetwork}\`.`,
        ],
      },
      isolationTest: {
        title: `Proof that ${engine} isolates the networks`,
        text: [
          `Silence proves little: a container that is dead, or listens on another port, does not answer either. The run therefore starts with controls. The host reaches both containers by ping and HTTP; \`${devContainer}\` reaches its gateway and resolves a name. Only then does silence between the two containers show that the path between them is blocked.`,
          `The name of \`${prodContainer}\` does not resolve either: ${engine}'s DNS server at \`127.0.0.11\` knows only the containers on the networks of the container that asks.${runtime === 'docker' ? " By default, it forwards other names to the host's resolvers. The lab's containers have the option `ndots:1`, with which it answers for names without a dot itself." : ''}`,
        ],
        notice: [
          `The packets are lost, not refused: the output shows \`100% packet loss\` and a time-out, not "connection refused". A rule drops the packets silently.`,
          ...ISOLATION_NOTICES[runtime],
        ],
      },
      vethSplice: {
        title: `The splice: a veth pair that ${engine} does not know about`,
        text: [
          `A veth pair is a virtual network cable with an interface at each end. The run attaches one end, \`${hostLink}\`, to the bridge of \`${devNetwork}\`. It moves the other end, \`${containerLink}\`, into the network namespace of \`${prodContainer}\`, renames it to \`${containerDevice}\` and gives it the address \`${spliceAddress}\`. ${capital(engine)} does the same for \`eth0\`, but it knows nothing about this pair.`,
          `Before it uses the address, the run checks that the address is free: ${engine} assigns the addresses of the subnet on its own, and does not know that this one is taken.`,
          ROUTE_TEXTS[facts.defaultRoute],
        ],
        notice: [
          `The move removes the interface from the host: from then on, its commands run through \`nsenter\`, in the namespace of \`${prodContainer}\`. The move also sets the interface down, so the run brings it up again.`,
          `\`${prodContainer}\` now has two interfaces, with an address in each network, so it is reachable from both.`,
        ],
      },
      connectivityTest: {
        title: 'Proof that the splice works',
        text: [
          `\`${devContainer}\` reaches \`${prodContainer}\` at \`${spliceAddress}\`, and \`${prodContainer}\` reaches \`${devContainer}\`: both are on the same bridge, and their packets never leave it. The rules that isolate the networks apply to packets that cross from one bridge to another, so they do not match.`,
          `\`${prodContainer}\` remains unreachable at its own address in \`${prodNetwork}\`. The container is the same, but the path is not: ${runtime === 'docker' ? "Docker's rules" : 'the rules between the bridges'} still block the old one.`,
          `An answer alone does not show which path it took. The counters of \`${hostLink}\`, read before and after, show that the packets went through the pair.`,
        ],
        notice: [
          `The answer at \`${spliceAddress}\` is the text of \`${prodContainer}\`: this container answers, and not another one that received the address.`,
          `After the pings, the neighbour table of \`${devContainer}\` has one more entry: \`${spliceAddress}\`, with the MAC address of \`${containerDevice}\`. \`bridge fdb\` lists this MAC address behind \`${hostLink}\`: the bridge has learned that this port leads to it.`,
          `On both sides, \`ip route get\` prints a route without a gateway: \`dev eth0\` in \`${devContainer}\`, \`dev ${containerDevice}\` with the source \`${spliceAddress}\` in \`${prodContainer}\`. Before the splice, the packets of \`${prodContainer}\` to \`${devContainer}\` left through \`eth0\` and its gateway.`,
          `\`RX\` of \`${hostLink}\` counts the packets that came out of the container, \`TX\` those that went in: the counters belong to the end of the pair on the host.`,
        ],
      },
      teardown: {
        title: 'Teardown',
        text: [
          `The run removes only the containers and the networks, not the pair. Once \`${prodContainer}\` is gone, nothing holds its network namespace, and the kernel removes the namespace with every virtual interface in it. A veth pair cannot exist with one end, so \`${hostLink}\` vanishes from the host as well, with all settings of both ends. \`${prodContainer}\` goes first: a TCP connection whose other end is already gone would keep its namespace for two more minutes.`,
          `The networks, however, remain when their containers are gone. Removing a network removes its bridge.`,
        ],
        notice: [
          `\`Device "${hostLink}" does not exist.\`, although no command deleted it.`,
          `The ledger shows the difference: "reverted" means that wf removed the object, "gone by itself" that it vanished with the namespace. A process that still holds a namespace open would keep the pair alive, so the run checks that the interfaces are gone instead of assuming it.`,
        ],
      },
      verification: {
        title: 'Proof that nothing is left',
        text: [
          `Before the first change, wf took a fingerprint of the host: its links, addresses, routes, firewall rules, network namespaces and Docker objects. Now it takes another one, compares the two and attributes each difference: to this run, to ${engine} or to somebody else.`,
        ],
        notice: [
          `"Nothing is left" is also a negative result. Its control: after each change, the step read the change back from the host, with reads like those of the fingerprint.`,
        ],
      },
    },
    steps: {
      provideImage: 'Make sure that the image of the two containers is available',
      provideProbeImage: 'Make sure that the image of the helper container is available',
      listNetworksBefore: 'List the networks',
      createDevNetwork: `Create the network \`${devNetwork}\``,
      createProdNetwork: `Create the network \`${prodNetwork}\``,
      createAppDev: `Start \`${devContainer}\` on \`${devNetwork}\``,
      createAppProd: `Start \`${prodContainer}\` on \`${prodNetwork}\``,
      createProbe: `Start a helper container on \`${devNetwork}\``,
      listNetworksAfter: 'List the networks again',
      pingAppDevByName: `Ping \`${devContainer}\` by name from the helper container`,
      fetchAppDevByName: `Fetch the page of \`${devContainer}\` by name from the helper container`,
      inspectDevNetwork: `Inspect \`${devNetwork}\``,
      observeDevBridge: `Inspect the bridge of \`${devNetwork}\` and its ports`,
      observeProdBridge: `Inspect the bridge of \`${prodNetwork}\` and its ports`,
      readAppDevAddresses: `Read the addresses and routes inside \`${devContainer}\``,
      readAppProdAddresses: `Read the addresses and routes inside \`${prodContainer}\``,
      removeProbe: 'Remove the helper container',
      controlAppDevAnswersPing: `Control: \`${devContainer}\` answers the host's ping`,
      controlAppDevAnswersHttp: `Control: \`${devContainer}\` answers the host over HTTP`,
      controlAppProdAnswersPing: `Control: \`${prodContainer}\` answers the host's ping`,
      controlAppProdAnswersHttp: `Control: \`${prodContainer}\` answers the host over HTTP`,
      controlAppDevReachesGateway: `Control: \`${devContainer}\` reaches its gateway`,
      controlKnownNameResolves: `Control: \`${devContainer}\` can resolve a name`,
      readFirewallBefore: 'Read the counters of the firewall',
      pingAppProdFromAppDev: `Ping \`${prodContainer}\` from \`${devContainer}\`: it must not answer`,
      fetchAppProdFromAppDev: `Fetch the page of \`${prodContainer}\` from \`${devContainer}\`: it must not answer`,
      resolveAppProdFromAppDev: `Resolve the name of \`${prodContainer}\` from \`${devContainer}\`: it must not resolve`,
      readFirewallAfter: 'Read the counters of the firewall again',
      checkSpliceAddress: `Check that the address \`${spliceAddress}\` is free`,
      createVethPair: `Create the veth pair \`${hostLink}\` and \`${containerLink}\``,
      enslaveHostLink: `Attach \`${hostLink}\` to the bridge of \`${devNetwork}\``,
      setHostLinkUp: `Bring up \`${hostLink}\``,
      moveContainerLink: `Move \`${containerLink}\` into the namespace of \`${prodContainer}\``,
      renameContainerLink: `Rename it to \`${containerDevice}\``,
      setContainerLinkUp: `Bring up \`${containerDevice}\``,
      addSpliceAddress: `Add the address \`${spliceAddress}\` to \`${containerDevice}\``,
      addDefaultRoute: `Add a default route through the gateway of \`${devNetwork}\``,
      readSplicedAddresses: `Read the addresses and routes inside \`${prodContainer}\` again`,
      readCountersBefore: `Read the counters of \`${hostLink}\``,
      pingSpliceFromAppDev: `Ping \`${prodContainer}\` through the pair`,
      fetchSpliceFromAppDev: `Fetch the page of \`${prodContainer}\` through the pair`,
      pingAppDevFromAppProd: `Ping in the other direction: \`${devContainer}\` from \`${prodContainer}\``,
      fetchAppDevFromAppProd: `Fetch the page of \`${devContainer}\` from \`${prodContainer}\``,
      pingAppProdOnItsOwnNetwork: `Ping \`${prodContainer}\` at its address in \`${prodNetwork}\`: it must not answer`,
      readNeighboursBefore: `Read the neighbour table of \`${devContainer}\``,
      readNeighboursAfter: `Read the neighbour table of \`${devContainer}\` again`,
      readForwarding: `Read the forwarding table of the bridge of \`${devNetwork}\``,
      routeFromAppDev: `Query the route from \`${devContainer}\` to \`${spliceAddress}\``,
      routeFromAppProd: `Query the route from \`${prodContainer}\` to \`${devContainer}\``,
      readCountersAfter: `Read the counters of \`${hostLink}\` again`,
      removeAppDev: `Remove \`${devContainer}\``,
      removeAppProd: `Remove \`${prodContainer}\``,
      observeLinksVanish: 'Check that the veth interfaces are gone',
      settleSplice: 'Record what vanished by itself in the ledger',
      removeDevNetwork: `Remove the network \`${devNetwork}\``,
      removeProdNetwork: `Remove the network \`${prodNetwork}\``,
      observeBridgesVanish: 'Check that the bridges are gone',
      verifyHost: 'Compare the host with its state before the run',
    },
    drawings: {
      before: {
        title: 'Before the splice: two networks, no path between them',
        text: `Each container is attached to the bridge of its own network: its \`eth0\` is one end of a veth pair, and the other end is a port of the bridge.`,
      },
      after: {
        title: 'After the splice: a second interface in the other network',
        text: `The run created the pair \`${hostLink}\` and \`${containerDevice}\` by hand. The path through it is open in both directions; the old path is still blocked.`,
      },
    },
    host: 'the host',
    linkNumber: (ifindex) => `interface index ${ifindex}`,
    madeByHand: 'made by hand',
    gateway: (address) => `gateway ${address}`,
    pings: (received, sent) => `${received} of ${sent} pings`,
    fetched: (page) => (page === null ? 'no HTTP answer' : `HTTP "${page}"`),
    name: (name, resolved) => (resolved ? `name ${name} resolves` : `name ${name} does not resolve`),
    addresses: {
      title: 'Addresses',
      columns: ['Where', 'Interface', 'Address', 'MAC address', 'Other end'],
    },
    bridgeOf: (network) => `the host, bridge of \`${network}\``,
    proofs: ENGLISH_PROOFS,
  };
}

const RUNTIME_TEXTS: Readonly<Record<LabFacts['runtime'], readonly string[]>> = {
  docker: [],
  embedded: [
    `This run used wf's embedded runtime, for machines and users without a Docker engine. It builds the same parts in a private host from Linux namespaces: bridges, veth pairs, addresses, a name server at \`127.0.0.11\` and web servers. In place of Docker's firewall rules, a policy routing rule for each bridge isolates the networks.`,
  ],
};

const ISOLATION_NOTICES: Readonly<Record<LabFacts['runtime'], readonly string[]>> = {
  docker: [
    `If the engine allows wf to read the rules, their counters before and after show which rule dropped the packets. The counters are evidence, not proof: the chains have other names in other versions of Docker, but the pings give the same result in all of them.`,
    `A rule whose counter did not change had no effect here, whatever its name suggests.`,
  ],
  embedded: [
    `The runtime added the rule with each network: \`ip rule add ... iif br-... blackhole\`. The kernel drops a packet that enters through the bridge and is not for the host itself. This is a routing rule without a counter, so the report names no firewall rule: the pings and their controls are the proof.`,
  ],
};

function capital(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

const ROUTE_EXISTS = `The exercise then runs \`ip route add default via GATEWAY\`. wf tries this command, and it fails with \`RTNETLINK answers: File exists\`: the container already has a default route, through \`eth0\`, and a routing table holds only one route for the same destination and the same metric.`;

const ROUTE_TEXTS: Readonly<Record<LabFacts['defaultRoute'], string>> = {
  secondary: `${ROUTE_EXISTS} A second default route needs another metric. The lower metric wins: the old route stays in use, and the new one is on standby. Neighbours in the same subnet need neither route.`,
  replace: `${ROUTE_EXISTS} This run replaces the old route. It first records the exact form of the old route, so that it can restore it.`,
  none: `This run adds no default route: neighbours in the same subnet need none.`,
};
