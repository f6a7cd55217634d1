import type { ProofWords } from '../proofs.ts';
import type { LabTexts, Told } from './texts.ts';

export function french(told: Told): LabTexts {
  const { devNetwork, prodNetwork, devContainer, prodContainer, probeContainer, hostLink, containerLink } = told;
  const { containerDevice, spliceAddress, runtime } = told;
  const { engine, ofEngine } = ENGINE[runtime];
  return {
    title: 'Deux réseaux Docker, reliés à la main',
    introduction: [
      `Un réseau Docker est un pont (bridge) Linux, et un conteneur est un processus dans son propre espace de noms réseau, où se trouve une extrémité d’une paire veth. Docker ajoute des règles de pare-feu qui séparent ses réseaux. Cet exercice regarde tout cela de l’intérieur, puis agit dans le dos de Docker.`,
      ...RUNTIME_TEXTS[runtime],
      `Deux réseaux sont créés, \`${devNetwork}\` et \`${prodNetwork}\`, avec un conteneur sur chacun, \`${devContainer}\` et \`${prodContainer}\`. On montre d’abord qu’ils ne peuvent pas se joindre. Puis une paire veth, faite à la main, donne à \`${prodContainer}\` une seconde patte dans \`${devNetwork}\`, et on montre qu’ils le peuvent. À la fin, tout est retiré, et l’hôte est comparé à ce qu’il était.`,
      `Chaque commande ci-dessous a été lancée pendant cette exécution, et ce qui la suit est ce qu’elle a répondu. Ce que wf a demandé directement à l’API de Docker ou au noyau est présenté sous la forme de la commande qu’une personne aurait tapée.`,
    ],
    stages: {
      setup: {
        title: 'Deux réseaux, deux conteneurs',
        text: [
          `Pour chaque réseau, ${engine} crée un pont, lui donne la première adresse du sous-réseau et le nomme \`br-\` suivi des 12 premiers chiffres de l’identifiant du réseau. Pour chaque conteneur, il crée une paire veth : une extrémité devient \`eth0\` dans l’espace de noms réseau du conteneur, l’autre est branchée sur le pont, du côté de l’hôte.`,
          `Un troisième conteneur, \`${probeContainer}\`, est placé un instant sur \`${devNetwork}\`, pour voir \`${devContainer}\` comme un voisin le voit : par son nom, que résout le serveur DNS ${ofEngine}.`,
        ],
        notice: [
          `La liste des réseaux avant et après : un réseau de type bridge de plus pour chacun de ceux qui ont été créés. Les deux côtés sont préparés en même temps ; la seconde liste peut donc en montrer un ou deux.`,
          `\`eth0@if8\` dans le conteneur et \`veth…@if7\` sur l’hôte vont ensemble : le nombre après \`@if\` est le numéro d’interface de l’autre extrémité.`,
          `Sur l’hôte, le pont porte l’adresse de la passerelle. La passerelle d’un conteneur, c’est l’hôte lui-même.`,
          `L’exercice tape \`brctl show\`. \`bridge link show\`, d’iproute2, l’a remplacé, et liste les mêmes ports, chacun avec son pont.`,
          `Pour regarder de l’intérieur, l’exercice lance un conteneur de plus, qui rejoint l’espace de noms d’un autre : \`docker run --rm -it --net container:${devContainer} alpine\`. wf entre dans le même espace de noms avec \`nsenter\` : les interfaces, les adresses et les ports y sont les mêmes, sans conteneur à lancer.`,
          `L’exercice trouve le processus d’un conteneur avec \`ps aux | grep http-echo\` et y entre avec \`nsenter -t PID -n -u\` : \`-n\` est son espace de noms réseau, \`-u\` son nom d’hôte.${told.prodPid === null ? '' : ` Dans cette exécution, le processus de \`${prodContainer}\` était ${told.prodPid}, donc \`nsenter -t ${told.prodPid} -n -u\`.`}`,
          `Le texte même de l’exercice contient un piège : dans sa commande pour \`${prodContainer}\`, il manque \`--net ${prodNetwork}\`. Tapée ainsi, elle place le conteneur sur \`bridge\`, le réseau par défaut de Docker. \`${devContainer}\` ne le joint pas là non plus, et l’exercice semble réussir, mais \`docker network inspect ${prodNetwork}\` ne liste aucun conteneur, et c’est l’isolation d’un autre réseau qui a été montrée. Cette exécution le lance avec \`--network ${prodNetwork}\`.`,
        ],
      },
      isolationTest: {
        title: `La preuve que ${engine} les isole`,
        text: [
          `Une absence de réponse ne prouve pas grand-chose : un conteneur mort, ou qui écoute sur un autre port, ne répond pas non plus. Les contrôles viennent donc d’abord. L’hôte joint les deux conteneurs par ping et par HTTP ; \`${devContainer}\` joint sa passerelle et sait résoudre un nom. Alors seulement le silence entre les deux dit quelque chose du chemin qui les sépare.`,
          `Le nom de \`${prodContainer}\` n’est pas résolu non plus : le DNS ${ofEngine}, à l’adresse \`127.0.0.11\`, ne connaît que les conteneurs des réseaux de celui qui demande.${runtime === 'docker' ? ' Il transmettrait les autres noms aux résolveurs de l’hôte ; avec l’option `ndots:1` que portent les conteneurs de l’exercice, il répond lui-même pour les noms sans point.' : ''}`,
        ],
        notice: [
          `Les paquets sont perdus, et non refusés : \`100% packet loss\` et un délai dépassé, mais pas de « connection refused ». Une règle les a jetés sans un mot.`,
          ...ISOLATION_NOTICES[runtime],
        ],
      },
      vethSplice: {
        title: `Un câble entre les deux, dans le dos ${ofEngine}`,
        text: [
          `Une paire veth est un câble réseau avec une interface à chaque bout. Un bout, \`${hostLink}\`, est branché sur le pont de \`${devNetwork}\`. L’autre, \`${containerLink}\`, est déplacé dans l’espace de noms réseau de \`${prodContainer}\`, y prend le nom \`${containerDevice}\` et reçoit l’adresse \`${spliceAddress}\`. ${capital(engine)} fait la même chose pour \`eth0\`, mais cette fois il n’en sait rien.`,
          `Avant d’utiliser l’adresse, on s’assure que personne d’autre ne l’a : ${engine} distribue lui-même les adresses du sous-réseau, et ne sait pas que celle-ci est prise.`,
          ROUTE_TEXTS[told.defaultRoute],
        ],
        notice: [
          `Le déplacement retire l’interface à l’hôte : à partir de là, ses commandes se tapent avec \`nsenter\`, dans l’espace de noms de \`${prodContainer}\`. Une interface déplacée est désactivée au passage ; elle est donc réactivée ensuite.`,
          `\`${prodContainer}\` a maintenant deux interfaces, avec une adresse dans chaque réseau. C’est ce qui le rend joignable depuis les deux.`,
        ],
      },
      connectivityTest: {
        title: 'La preuve que le câble fonctionne',
        text: [
          `\`${devContainer}\` joint \`${prodContainer}\` à l’adresse \`${spliceAddress}\`, et \`${prodContainer}\` joint \`${devContainer}\` : les deux sont sur le même pont, et leurs paquets ne le quittent jamais. Les règles qui séparent les réseaux concernent les paquets qui vont d’un pont à l’autre, et ne s’appliquent pas.`,
          `À sa propre adresse dans \`${prodNetwork}\`, \`${prodContainer}\` est aussi loin qu’avant. C’est le même conteneur ; ce qui compte est le chemin, et les règles ${runtime === 'docker' ? 'de Docker' : 'entre les ponts'} gardent toujours l’ancien.`,
          `Une réponse ne dit pas à elle seule par où elle est venue. Les compteurs de \`${hostLink}\`, lus avant et après, montrent que les paquets sont passés par la paire.`,
        ],
        notice: [
          `La réponse obtenue à l’adresse \`${spliceAddress}\` est le texte de \`${prodContainer}\` : c’est bien ce conteneur qui répond, et non un autre à qui l’adresse aurait été donnée.`,
          `Après les pings, la table de voisinage de \`${devContainer}\` a une ligne de plus : \`${spliceAddress}\`, avec l’adresse MAC de \`${containerDevice}\`. \`bridge fdb\` liste cette adresse MAC derrière \`${hostLink}\` : le pont a appris que le câble y mène.`,
          `Des deux côtés, \`ip route get\` répond sans passerelle : \`dev eth0\` dans \`${devContainer}\`, \`dev ${containerDevice}\` avec la source \`${spliceAddress}\` dans \`${prodContainer}\`. Avant l’épissure, les paquets de \`${prodContainer}\` vers cette adresse sortaient par \`eth0\` et sa passerelle.`,
          `\`RX\` de \`${hostLink}\` compte ce qui est sorti du conteneur, \`TX\` ce qui y est entré : ce sont les compteurs du bout du câble qui est du côté de l’hôte.`,
        ],
      },
      teardown: {
        title: 'Tout démonter',
        text: [
          `Seuls les conteneurs et les réseaux sont supprimés. On ne touche pas à la paire : quand \`${prodContainer}\` n’est plus là, plus rien ne retient son espace de noms réseau, et le noyau le supprime avec toutes les interfaces virtuelles qu’il contient. Une paire veth ne vit pas avec un seul bout : \`${hostLink}\` disparaît donc aussi de l’hôte, et avec lui tout ce qui était réglé sur les deux bouts. \`${prodContainer}\` part en premier : une connexion TCP dont l’autre bout a déjà disparu retiendrait son espace de noms deux minutes de plus.`,
          `Les réseaux, eux, restent quand leurs conteneurs s’en vont. Les supprimer supprime leurs ponts.`,
        ],
        notice: [
          `\`Device "${hostLink}" does not exist.\`, alors que personne ne l’a supprimé.`,
          `Le registre fait la différence : ce que wf a retiré est « annulé », ce qui s’en est allé tout seul est « disparu ». Un espace de noms que quelqu’un tiendrait encore ouvert garderait la paire en vie ; c’est pourquoi on regarde au lieu de supposer.`,
        ],
      },
      verification: {
        title: 'La preuve qu’il ne reste rien',
        text: [
          `Avant la première modification, wf a pris une empreinte de l’hôte : ses interfaces, adresses, routes, règles de pare-feu, espaces de noms réseau et objets Docker. Il en prend maintenant une autre et compare les deux. Chaque différence est attribuée : à cette exécution, ${runtime === 'docker' ? 'à Docker' : 'au moteur embarqué'} ou à quelqu’un d’autre.`,
        ],
        notice: [
          `« Il ne reste rien » est aussi un résultat négatif. Son contrôle : après chaque modification, l’étape l’a relue sur l’hôte, par des lectures comme celles de l’empreinte.`,
        ],
      },
    },
    steps: {
      provideImage: 'S’assurer que l’image des deux conteneurs est là',
      provideProbeImage: 'S’assurer que l’image de l’auxiliaire est là',
      listNetworksBefore: 'Lister les réseaux',
      createDevNetwork: `Créer le réseau \`${devNetwork}\``,
      createProdNetwork: `Créer le réseau \`${prodNetwork}\``,
      createAppDev: `Lancer \`${devContainer}\` sur \`${devNetwork}\``,
      createAppProd: `Lancer \`${prodContainer}\` sur \`${prodNetwork}\``,
      createProbe: `Lancer un auxiliaire sur \`${devNetwork}\``,
      listNetworksAfter: 'Lister de nouveau les réseaux',
      pingAppDevByName: `Ping vers \`${devContainer}\`, par son nom, depuis l’auxiliaire`,
      fetchAppDevByName: `Lire la page de \`${devContainer}\`, par son nom, depuis l’auxiliaire`,
      inspectDevNetwork: `Inspecter \`${devNetwork}\``,
      observeDevBridge: `Regarder le pont de \`${devNetwork}\` et ce qui y est branché`,
      observeProdBridge: `Regarder le pont de \`${prodNetwork}\` et ce qui y est branché`,
      readAppDevAddresses: `Lire les adresses et les routes dans \`${devContainer}\``,
      readAppProdAddresses: `Lire les adresses et les routes dans \`${prodContainer}\``,
      removeProbe: 'Supprimer l’auxiliaire',
      controlAppDevAnswersPing: `Contrôle : \`${devContainer}\` répond au ping de l’hôte`,
      controlAppDevAnswersHttp: `Contrôle : \`${devContainer}\` répond à l’hôte par HTTP`,
      controlAppProdAnswersPing: `Contrôle : \`${prodContainer}\` répond au ping de l’hôte`,
      controlAppProdAnswersHttp: `Contrôle : \`${prodContainer}\` répond à l’hôte par HTTP`,
      controlAppDevReachesGateway: `Contrôle : \`${devContainer}\` joint sa passerelle`,
      controlKnownNameResolves: `Contrôle : \`${devContainer}\` sait résoudre un nom`,
      readFirewallBefore: 'Lire les compteurs du pare-feu',
      pingAppProdFromAppDev: `Ping vers \`${prodContainer}\` depuis \`${devContainer}\` : aucune réponse ne doit venir`,
      fetchAppProdFromAppDev: `Lire la page de \`${prodContainer}\` depuis \`${devContainer}\` : aucune réponse ne doit venir`,
      resolveAppProdFromAppDev: `Résoudre le nom de \`${prodContainer}\` depuis \`${devContainer}\` : il ne doit pas l’être`,
      readFirewallAfter: 'Lire de nouveau les compteurs du pare-feu',
      checkSpliceAddress: `S’assurer que personne n’a l’adresse \`${spliceAddress}\``,
      createVethPair: `Créer la paire veth \`${hostLink}\` et \`${containerLink}\``,
      enslaveHostLink: `Brancher \`${hostLink}\` sur le pont de \`${devNetwork}\``,
      setHostLinkUp: `Activer \`${hostLink}\``,
      moveContainerLink: `Déplacer \`${containerLink}\` dans l’espace de noms de \`${prodContainer}\``,
      renameContainerLink: `L’y nommer \`${containerDevice}\``,
      setContainerLinkUp: `Activer \`${containerDevice}\``,
      addSpliceAddress: `Donner son adresse à \`${containerDevice}\``,
      addDefaultRoute: `Ajouter une route par défaut par la passerelle de \`${devNetwork}\``,
      readSplicedAddresses: `Lire de nouveau les adresses et les routes dans \`${prodContainer}\``,
      readCountersBefore: `Lire les compteurs de \`${hostLink}\``,
      pingSpliceFromAppDev: `Ping vers \`${prodContainer}\` par la paire`,
      fetchSpliceFromAppDev: `Lire la page de \`${prodContainer}\` par la paire`,
      pingAppDevFromAppProd: `Ping en retour : \`${devContainer}\` depuis \`${prodContainer}\``,
      fetchAppDevFromAppProd: `Lire la page de \`${devContainer}\` depuis \`${prodContainer}\``,
      pingAppProdOnItsOwnNetwork: `Ping vers \`${prodContainer}\` à son adresse dans \`${prodNetwork}\` : aucune réponse ne doit venir`,
      readNeighboursBefore: `Lire la table de voisinage de \`${devContainer}\``,
      readNeighboursAfter: `Lire de nouveau la table de voisinage de \`${devContainer}\``,
      readForwarding: `Lire la table de commutation du pont de \`${devNetwork}\``,
      routeFromAppDev: `Demander la route de \`${devContainer}\` vers \`${spliceAddress}\``,
      routeFromAppProd: `Demander la route de \`${prodContainer}\` vers \`${devContainer}\``,
      readCountersAfter: `Lire de nouveau les compteurs de \`${hostLink}\``,
      removeAppDev: `Supprimer \`${devContainer}\``,
      removeAppProd: `Supprimer \`${prodContainer}\``,
      observeLinksVanish: 'Regarder si les interfaces veth ont disparu',
      settleSplice: 'Mettre le registre en accord avec ce qui a disparu tout seul',
      removeDevNetwork: `Supprimer le réseau \`${devNetwork}\``,
      removeProdNetwork: `Supprimer le réseau \`${prodNetwork}\``,
      observeBridgesVanish: 'Regarder si les ponts ont disparu',
      verifyHost: 'Comparer l’hôte à ce qu’il était',
    },
    drawings: {
      before: {
        title: 'Avant l’épissure : deux réseaux, aucun chemin entre eux',
        text: `Chaque conteneur est suspendu au pont de son propre réseau : son \`eth0\` est une extrémité d’une paire veth, et l’autre extrémité est un port du pont.`,
      },
      after: {
        title: 'Après l’épissure : une seconde patte dans l’autre réseau',
        text: `La paire \`${hostLink}\` et \`${containerDevice}\` a été faite à la main. Elle est ouverte dans les deux sens ; l’ancien chemin est aussi fermé qu’avant.`,
      },
    },
    host: 'l’hôte',
    linkNumber: (ifindex) => `interface numéro ${ifindex}`,
    madeByHand: 'faite à la main',
    gateway: (address) => `passerelle ${address}`,
    pings: pingsText,
    fetched: (said) => (said === null ? 'pas de réponse HTTP' : `HTTP « ${said} »`),
    name: (name, resolved) => (resolved ? `le nom ${name} est résolu` : `le nom ${name} n’est pas résolu`),
    addresses: {
      title: 'Adresses',
      columns: ['Où', 'Interface', 'Adresse', 'Adresse MAC', 'Autre extrémité'],
    },
    bridgeOf: (network) => `l’hôte, pont de \`${network}\``,
    proofs: PROOFS,
  };
}

const ENGINE: Readonly<Record<Told['runtime'], { readonly engine: string; readonly ofEngine: string }>> = {
  docker: { engine: 'Docker', ofEngine: 'de Docker' },
  embedded: { engine: 'le moteur embarqué', ofEngine: 'du moteur embarqué' },
};

const RUNTIME_TEXTS: Readonly<Record<Told['runtime'], readonly string[]>> = {
  docker: [],
  embedded: [
    `Cette exécution a été menée par le moteur embarqué de wf, sur une machine ou pour un utilisateur sans moteur Docker. Il fabrique les mêmes choses dans un hôte privé, avec des espaces de noms Linux : ponts, paires veth, adresses, un serveur de noms à l’adresse \`127.0.0.11\` et des serveurs web. Une règle de routage pour chaque pont y sépare les réseaux, à la place des règles de pare-feu de Docker.`,
  ],
};

const ISOLATION_NOTICES: Readonly<Record<Told['runtime'], readonly string[]>> = {
  docker: [
    `Là où le moteur laisse lire les règles, leurs compteurs avant et après montrent laquelle c’était. C’est un indice, non la preuve : les chaînes portent d’autres noms dans d’autres versions de Docker, alors que les pings disent partout la même chose.`,
    `Une règle dont le compteur n’a pas bougé n’a rien fait ici, quoi que son nom promette.`,
  ],
  embedded: [
    `La règle est celle qui a été ajoutée avec chaque réseau : \`ip rule add ... iif br-... blackhole\`. Un paquet qui entre par le pont et n’est pas pour l’hôte lui-même est jeté. C’est une règle de routage, sans compteur ; aucune règle de pare-feu n’est donc nommée ici : les pings et leurs contrôles sont la preuve.`,
  ],
};

function capital(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

const ROUTE_TEXTS: Readonly<Record<Told['defaultRoute'], string>> = {
  secondary: `Le manuel dit ensuite \`ip route add default via PASSERELLE\`. La commande est essayée, et répond \`RTNETLINK answers: File exists\` : le conteneur a déjà une route par défaut, par \`eth0\`, et une table de routage n’admet qu’une route pour une même destination et une même métrique. Avec une autre métrique, il y a place pour une seconde. La métrique la plus basse l’emporte : l’ancienne route continue de servir et la nouvelle reste en réserve ; pour les voisins du même sous-réseau, il ne faut ni l’une ni l’autre.`,
  replace: `Le manuel dit ensuite \`ip route add default via PASSERELLE\`. La commande est essayée, et répond \`RTNETLINK answers: File exists\` : le conteneur a déjà une route par défaut, par \`eth0\`, et une table de routage n’admet qu’une route pour une même destination et une même métrique. Dans cette exécution, l’ancienne route est remplacée ; sa forme exacte est d’abord notée, pour qu’elle puisse être rétablie.`,
  none: `Dans cette exécution, aucune route par défaut n’est ajoutée : pour les voisins du même sous-réseau, il n’en faut pas.`,
};

function pingsText(received: number, sent: number): string {
  return `${received} ping${received > 1 ? 's' : ''} sur ${sent}`;
}

const PROOFS: ProofWords = {
  claims: {
    reachable: 'joignable',
    isolated: 'isolé',
    dropped: 'jeté par',
    spliced: 'relié',
    throughPair: 'par la paire',
    stillIsolated: 'toujours isolé',
  },
  pings: pingsText,
  quoted: (text) => `« ${text} »`,
  reachable: (pings, said) => `un voisin sur son propre réseau a obtenu ${pings} et ${said} par son nom`,
  isolated: (across, devControl, prodControl) =>
    `${across}, ni HTTP ni nom d’un réseau à l’autre, alors que les contrôles ont répondu : ${devControl} et ${prodControl}`,
  dropped: (rule, packets) => `${rule} (${packets} paquets)`,
  spliced: (address, there, back) =>
    `${there.pings} et ${there.said} à l’adresse ${address} ; en retour ${back.pings} et ${back.said}`,
  throughPair: (out, into) => `${out} paquets en sont sortis, ${into} y sont entrés`,
  stillIsolated: (pings) => `${pings} à sa propre adresse : les réseaux restent séparés comme avant`,
};
