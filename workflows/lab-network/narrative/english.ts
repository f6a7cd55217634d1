import { ENGLISH_PROOFS } from '../proofs.ts';
import type { LabTexts, Told } from './texts.ts';

export function english(told: Told): LabTexts {
  const { devNetwork, prodNetwork, devContainer, prodContainer, probeContainer, hostLink, containerLink } = told;
  const { containerDevice, spliceAddress, runtime } = told;
  const engine = runtime === 'docker' ? 'Docker' : 'the runtime';
  return {
    title: 'Two Docker networks, joined by hand',
    introduction: [
      `A Docker network is a Linux bridge, and a container is a process in a network namespace of its own with one end of a veth pair in it. Docker adds firewall rules that keep its networks apart. This exercise looks at all of that from the inside, and then goes behind Docker's back.`,
      ...RUNTIME_TEXTS[runtime],
      `Two networks are made, \`${devNetwork}\` and \`${prodNetwork}\`, with one container on each, \`${devContainer}\` and \`${prodContainer}\`. First it is shown that they cannot reach each other. Then a veth pair, made by hand, gives \`${prodContainer}\` a second leg in \`${devNetwork}\`, and it is shown that they can. At the end everything is taken away, and the host is compared with what it was.`,
      `Each command below was carried out in this run, and what follows it is what came back. What wf asked of Docker's API or of the kernel directly is shown as the command that a person would have typed.`,
    ],
    stages: {
      setup: {
        title: 'Two networks, two containers',
        text: [
          `${capital(engine)} makes a bridge for each network, gives it the first address of the subnet, and calls it \`br-\` followed by the first 12 digits of the network's id. For each container it makes a veth pair: one end becomes \`eth0\` in the container's network namespace, the other is plugged into the bridge on the host.`,
          `A third container, \`${probeContainer}\`, is put on \`${devNetwork}\` for a moment, to see \`${devContainer}\` as a neighbour sees it: by its name, which ${engine}'s own DNS server resolves.`,
        ],
        notice: [
          `The list of networks before and after: one bridge network more for each that was made. The two sides are set up at the same time, so the second list may show one or both of them.`,
          `\`eth0@if8\` in the container and \`veth…@if7\` on the host belong together: the number after \`@if\` is the interface number of the other end.`,
          `The bridge on the host holds the gateway's address. The gateway of a container is the host itself.`,
          `The exercise types \`brctl show\`. \`bridge link show\` of iproute2 has replaced it, and lists the same ports, each with its bridge.`,
          `To look from inside, the exercise starts one more container that joins the namespace of another: \`docker run --rm -it --net container:${devContainer} alpine\`. wf enters the same namespace with \`nsenter\`: the interfaces, addresses and ports in there are the same, and no container has to be started for it.`,
          `The exercise finds the process of a container with \`ps aux | grep http-echo\` and enters it with \`nsenter -t PID -n -u\`: \`-n\` is its network namespace, \`-u\` its host name.${told.prodPid === null ? '' : ` In this run the process of \`${prodContainer}\` was ${told.prodPid}, so \`nsenter -t ${told.prodPid} -n -u\`.`}`,
          `The exercise's own text has a trap: its command for \`${prodContainer}\` lacks \`--net ${prodNetwork}\`. Typed like that, the container is put on Docker's default network \`bridge\`. \`${devContainer}\` cannot reach it there either, so the exercise seems to work, but \`docker network inspect ${prodNetwork}\` lists no container, and it is the isolation of another network that was shown. This run starts it with \`--network ${prodNetwork}\`.`,
        ],
      },
      isolationTest: {
        title: `Proof that ${engine} isolates them`,
        text: [
          `That something does not answer proves little: a container that is dead, or that listens on another port, does not answer either. So controls come first. The host reaches both containers by ping and HTTP; \`${devContainer}\` reaches its gateway and can resolve a name. Only then does the silence between the two say something about the path between them.`,
          `The name of \`${prodContainer}\` does not resolve either: ${engine}'s DNS at \`127.0.0.11\` knows the containers of one's own networks only.${runtime === 'docker' ? " It would hand other names on to the host's resolvers; the lab's containers have the option `ndots:1`, with which it answers for names without a dot itself." : ''}`,
        ],
        notice: [
          `The packets are lost, not refused: \`100% packet loss\` and a time-out, and no "connection refused". A rule dropped them without a word.`,
          ...ISOLATION_NOTICES[runtime],
        ],
      },
      vethSplice: {
        title: `A cable between the two, behind ${runtime === 'docker' ? 'Docker' : 'the runtime'}’s back`,
        text: [
          `A veth pair is a network cable with an interface at each end. One end, \`${hostLink}\`, is plugged into the bridge of \`${devNetwork}\`. The other, \`${containerLink}\`, is moved into the network namespace of \`${prodContainer}\`, is called \`${containerDevice}\` there, and gets the address \`${spliceAddress}\`. ${capital(engine)} does the same for \`eth0\`, but this time it knows nothing of it.`,
          `Before the address is used it is made sure that nobody else has it: ${engine} hands out the addresses of the subnet on its own, and does not know that this one is taken.`,
          ROUTE_TEXTS[told.defaultRoute],
        ],
        notice: [
          `The move takes the interface away from the host: from then on its commands are typed with \`nsenter\`, in the namespace of \`${prodContainer}\`. A moved interface comes down, so it is set up again afterwards.`,
          `\`${prodContainer}\` has two interfaces now, with an address in each network. That is what makes it reachable from both.`,
        ],
      },
      connectivityTest: {
        title: 'Proof that the cable works',
        text: [
          `\`${devContainer}\` reaches \`${prodContainer}\` at \`${spliceAddress}\`, and \`${prodContainer}\` reaches \`${devContainer}\`: both are on the same bridge, and their packets never leave it. The rules that keep the networks apart are about packets that go from one bridge to another, and do not match.`,
          `At its own address in \`${prodNetwork}\`, \`${prodContainer}\` is as far away as before. It is the same container; what counts is the path, and ${runtime === 'docker' ? "Docker's rules" : 'the rules between the bridges'} still guard the old one.`,
          `An answer alone does not say which way it came. The counters of \`${hostLink}\`, read before and after, show that the packets went through the pair.`,
        ],
        notice: [
          `The answer at \`${spliceAddress}\` is the text of \`${prodContainer}\`: it is really that container which answers, and not another one that was given the address.`,
          `The neighbour table of \`${devContainer}\` has a line more after the pings: \`${spliceAddress}\`, with the MAC address of \`${containerDevice}\`. \`bridge fdb\` lists that MAC address behind \`${hostLink}\`: the bridge has learned that the cable leads there.`,
          `\`ip route get\` answers on both sides without a gateway: \`dev eth0\` in \`${devContainer}\`, \`dev ${containerDevice}\` with the source \`${spliceAddress}\` in \`${prodContainer}\`. Before the splice, the packets of \`${prodContainer}\` to this address left through \`eth0\` and its gateway.`,
          `\`RX\` of \`${hostLink}\` counts what came out of the container, \`TX\` what went in: the counters are those of the host's end of the cable.`,
        ],
      },
      teardown: {
        title: 'Taking it all down',
        text: [
          `Only the containers and the networks are removed. The pair is not touched: when \`${prodContainer}\` is gone nothing holds its network namespace any more, and the kernel removes it with every virtual interface in it. A veth pair has no life with one end only, so \`${hostLink}\` vanishes from the host as well, and with it all that was set on the two ends. \`${prodContainer}\` goes first: a TCP connection whose other end is already gone would keep its namespace for two more minutes.`,
          `The networks, on the other hand, stay when their containers go. Removing them removes their bridges.`,
        ],
        notice: [
          `\`Device "${hostLink}" does not exist.\`, although nobody deleted it.`,
          `The ledger tells the difference: what wf removed is reverted, what vanished by itself is gone. A namespace that is still held open by somebody would keep the pair alive; that is why it is looked at rather than assumed.`,
        ],
      },
      verification: {
        title: 'Proof that nothing is left',
        text: [
          `Before the first change wf took a fingerprint of the host: its links, addresses, routes, firewall rules, network namespaces and Docker objects. Now it takes another one and compares the two. Each difference is attributed: to this run, to ${engine}, or to somebody else.`,
        ],
        notice: [
          `"Nothing is left" is a negative result, too. Its control: after each change the step read it back from the host, by reads like those of the fingerprint.`,
        ],
      },
    },
    steps: {
      provideImage: 'Make sure that the image of the two containers is there',
      provideProbeImage: 'Make sure that the image of the helper is there',
      listNetworksBefore: 'List the networks',
      createDevNetwork: `Create the network \`${devNetwork}\``,
      createProdNetwork: `Create the network \`${prodNetwork}\``,
      createAppDev: `Start \`${devContainer}\` on \`${devNetwork}\``,
      createAppProd: `Start \`${prodContainer}\` on \`${prodNetwork}\``,
      createProbe: `Start a helper on \`${devNetwork}\``,
      listNetworksAfter: 'List the networks again',
      pingAppDevByName: `Ping \`${devContainer}\` by name from the helper`,
      fetchAppDevByName: `Fetch the page of \`${devContainer}\` by name from the helper`,
      inspectDevNetwork: `Inspect \`${devNetwork}\``,
      observeDevBridge: `Look at the bridge of \`${devNetwork}\` and at what is plugged into it`,
      observeProdBridge: `Look at the bridge of \`${prodNetwork}\` and at what is plugged into it`,
      readAppDevAddresses: `Read the addresses and routes inside \`${devContainer}\``,
      readAppProdAddresses: `Read the addresses and routes inside \`${prodContainer}\``,
      removeProbe: 'Remove the helper',
      controlAppDevAnswersPing: `Control: \`${devContainer}\` answers the host's ping`,
      controlAppDevAnswersHttp: `Control: \`${devContainer}\` answers the host over HTTP`,
      controlAppProdAnswersPing: `Control: \`${prodContainer}\` answers the host's ping`,
      controlAppProdAnswersHttp: `Control: \`${prodContainer}\` answers the host over HTTP`,
      controlAppDevReachesGateway: `Control: \`${devContainer}\` reaches its gateway`,
      controlKnownNameResolves: `Control: \`${devContainer}\` can resolve a name`,
      readFirewallBefore: 'Read the counters of the firewall',
      pingAppProdFromAppDev: `Ping \`${prodContainer}\` from \`${devContainer}\`: no answer may come`,
      fetchAppProdFromAppDev: `Fetch the page of \`${prodContainer}\` from \`${devContainer}\`: no answer may come`,
      resolveAppProdFromAppDev: `Resolve the name of \`${prodContainer}\` from \`${devContainer}\`: it may not resolve`,
      readFirewallAfter: 'Read the counters of the firewall again',
      checkSpliceAddress: `Make sure that nobody has the address \`${spliceAddress}\``,
      createVethPair: `Create the veth pair \`${hostLink}\` and \`${containerLink}\``,
      enslaveHostLink: `Plug \`${hostLink}\` into the bridge of \`${devNetwork}\``,
      setHostLinkUp: `Set \`${hostLink}\` up`,
      moveContainerLink: `Move \`${containerLink}\` into the namespace of \`${prodContainer}\``,
      renameContainerLink: `Call it \`${containerDevice}\` in there`,
      setContainerLinkUp: `Set \`${containerDevice}\` up`,
      addSpliceAddress: `Give \`${containerDevice}\` its address`,
      addDefaultRoute: `Add a default route through the gateway of \`${devNetwork}\``,
      readSplicedAddresses: `Read the addresses and routes inside \`${prodContainer}\` again`,
      readCountersBefore: `Read the counters of \`${hostLink}\``,
      pingSpliceFromAppDev: `Ping \`${prodContainer}\` through the pair`,
      fetchSpliceFromAppDev: `Fetch the page of \`${prodContainer}\` through the pair`,
      pingAppDevFromAppProd: `Ping back: \`${devContainer}\` from \`${prodContainer}\``,
      fetchAppDevFromAppProd: `Fetch the page of \`${devContainer}\` from \`${prodContainer}\``,
      pingAppProdOnItsOwnNetwork: `Ping \`${prodContainer}\` at its address in \`${prodNetwork}\`: no answer may come`,
      readNeighboursBefore: `Read the neighbour table of \`${devContainer}\``,
      readNeighboursAfter: `Read the neighbour table of \`${devContainer}\` again`,
      readForwarding: `Read the forwarding table of the bridge of \`${devNetwork}\``,
      routeFromAppDev: `Ask for the route from \`${devContainer}\` to \`${spliceAddress}\``,
      routeFromAppProd: `Ask for the route from \`${prodContainer}\` to \`${devContainer}\``,
      readCountersAfter: `Read the counters of \`${hostLink}\` again`,
      removeAppDev: `Remove \`${devContainer}\``,
      removeAppProd: `Remove \`${prodContainer}\``,
      observeLinksVanish: 'Look whether the veth interfaces are gone',
      settleSplice: 'Bring the ledger in line with what vanished by itself',
      removeDevNetwork: `Remove the network \`${devNetwork}\``,
      removeProdNetwork: `Remove the network \`${prodNetwork}\``,
      observeBridgesVanish: 'Look whether the bridges are gone',
      verifyHost: 'Compare the host with what it was',
    },
    drawings: {
      before: {
        title: 'Before the splice: two networks, no way between them',
        text: `Each container hangs on the bridge of its own network: its \`eth0\` is one end of a veth pair, and the other end is a port of the bridge.`,
      },
      after: {
        title: 'After the splice: a second leg in the other network',
        text: `The pair \`${hostLink}\` and \`${containerDevice}\` was made by hand. It is open in both directions; the old way is as closed as before.`,
      },
    },
    host: 'the host',
    linkNumber: (ifindex) => `interface number ${ifindex}`,
    madeByHand: 'made by hand',
    gateway: (address) => `gateway ${address}`,
    pings: (received, sent) => `${received} of ${sent} pings`,
    fetched: (said) => (said === null ? 'no HTTP answer' : `HTTP "${said}"`),
    name: (name, resolved) => (resolved ? `name ${name} resolves` : `name ${name} does not resolve`),
    addresses: {
      title: 'Addresses',
      columns: ['Where', 'Interface', 'Address', 'MAC address', 'Other end'],
    },
    bridgeOf: (network) => `the host, bridge of \`${network}\``,
    proofs: ENGLISH_PROOFS,
  };
}

const RUNTIME_TEXTS: Readonly<Record<Told['runtime'], readonly string[]>> = {
  docker: [],
  embedded: [
    `This run was carried out by wf's embedded runtime, on a machine or for a user without a Docker engine. It makes the same things in a private host, out of Linux namespaces: bridges, veth pairs, addresses, a name server at \`127.0.0.11\` and web servers. A policy rule for each bridge keeps its networks apart, in place of Docker's firewall rules.`,
  ],
};

const ISOLATION_NOTICES: Readonly<Record<Told['runtime'], readonly string[]>> = {
  docker: [
    `Where the engine lets the rules be read, their counters before and after show which one it was. This is evidence, not the proof: the chains have other names in other versions of Docker, while the pings say the same in all of them.`,
    `A rule whose counter did not move did nothing here, whatever its name promises.`,
  ],
  embedded: [
    `The rule is the one that was added with each network: \`ip rule add ... iif br-... blackhole\`. A packet that enters by the bridge and is not for the host itself is dropped. It is a routing rule without a counter, so no firewall rule is named here: the pings and their controls are the proof.`,
  ],
};

function capital(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

const ROUTE_TEXTS: Readonly<Record<Told['defaultRoute'], string>> = {
  secondary: `The textbook then says \`ip route add default via GATEWAY\`. It is tried, and answers \`RTNETLINK answers: File exists\`: the container has a default route already, through \`eth0\`, and a routing table holds only one route for the same destination and the same metric. With another metric there is room for a second one. The lower metric wins, so the old route goes on being used and the new one stands by; for the neighbours in the same subnet neither is needed.`,
  replace: `The textbook then says \`ip route add default via GATEWAY\`. It is tried, and answers \`RTNETLINK answers: File exists\`: the container has a default route already, through \`eth0\`, and a routing table holds only one route for the same destination and the same metric. In this run the old route is replaced, and its exact form is written down first, so that it can be restored.`,
  none: `In this run no default route is added: for the neighbours in the same subnet none is needed.`,
};
