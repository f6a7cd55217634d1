import type { ProofWords } from '../proofs.ts';
import type { LabFacts, LabTexts } from './texts.ts';

export function french(facts: LabFacts): LabTexts {
  const { devNetwork, prodNetwork, devContainer, prodContainer, probeContainer, hostLink, containerLink } = facts;
  const { containerDevice, spliceAddress, runtime } = facts;
  const { engine, ofEngine } = ENGINE[runtime];
  return {
    title: 'Deux réseaux Docker, reliés à la main',
    introduction: [
      `Un réseau Docker est un pont (bridge) Linux. Un conteneur est un processus dans son propre espace de noms réseau, où se trouve une extrémité d’une paire veth. Docker ajoute des règles de pare-feu qui isolent ses réseaux les uns des autres. Cet exercice inspecte ces éléments de l’intérieur, puis relie deux réseaux à l’insu de Docker.`,
      ...RUNTIME_TEXTS[runtime],
      `L’exécution crée deux réseaux, \`${devNetwork}\` et \`${prodNetwork}\`, avec un conteneur sur chacun : \`${devContainer}\` et \`${prodContainer}\`. Elle prouve d’abord que les conteneurs ne peuvent pas se joindre. Elle donne ensuite à \`${prodContainer}\` une seconde interface dans \`${devNetwork}\`, avec une paire veth dont ${engine} ignore tout, et prouve qu’ils le peuvent. Enfin, elle supprime tout et compare l’hôte à son état d’avant l’exécution.`,
      `wf a lancé chaque commande ci-dessous pendant cette exécution ; la sortie qui suit est réelle. Pour les requêtes adressées à l’API de Docker ou au noyau, le compte rendu affiche la commande équivalente.`,
    ],
    stages: {
      setup: {
        title: 'Deux réseaux, deux conteneurs',
        text: [
          `Pour chaque réseau, ${engine} crée un pont et lui donne la première adresse du sous-réseau. Le nom du pont est \`br-\` suivi des 12 premiers chiffres de l’identifiant du réseau. Pour chaque conteneur, ${engine} crée une paire veth : une extrémité devient \`eth0\` dans l’espace de noms réseau du conteneur, l’autre est branchée sur le pont, du côté de l’hôte.`,
          `Un conteneur auxiliaire, \`${probeContainer}\`, tourne brièvement sur \`${devNetwork}\`. Il voit \`${devContainer}\` comme le voit un voisin : par son nom, que résout le serveur DNS ${ofEngine}.`,
        ],
        notice: [
          `Comparez les deux listes de réseaux : chaque réseau créé par l’exécution ajoute un réseau de type bridge. L’exécution prépare les deux côtés en même temps ; la seconde liste peut donc en contenir un ou deux.`,
          `\`eth0@if8\` dans le conteneur et \`veth…@if7\` sur l’hôte sont les deux extrémités d’une même paire : le nombre après \`@if\` est l’index d’interface de l’autre extrémité.`,
          `Sur l’hôte, le pont porte l’adresse de la passerelle : l’hôte lui-même est la passerelle de ses conteneurs.`,
          `L’exercice utilise \`brctl show\`. \`bridge link show\`, d’iproute2, le remplace et liste les mêmes ports, chacun avec son pont.`,
          `Pour inspecter un conteneur de l’intérieur, l’exercice lance un autre conteneur, qui rejoint son espace de noms : \`docker run --rm -it --net container:${devContainer} alpine\`. wf entre dans le même espace de noms avec \`nsenter\` : il voit les mêmes interfaces, adresses et ports, sans conteneur supplémentaire.`,
          `L’exercice trouve le processus d’un conteneur avec \`ps aux | grep http-echo\` et y entre avec \`nsenter -t PID -n -u\` : \`-n\` choisit son espace de noms réseau, \`-u\` celui de son nom d’hôte.${facts.prodPid === null ? '' : ` Dans cette exécution, le processus de \`${prodContainer}\` était ${facts.prodPid}, donc \`nsenter -t ${facts.prodPid} -n -u\`.`}`,
          `Le texte de l’exercice contient un piège : dans sa commande pour \`${prodContainer}\`, il manque \`--net ${prodNetwork}\`. Sans cette option, le conteneur démarre sur le réseau par défaut de Docker, \`bridge\`. \`${devContainer}\` ne le joint pas là non plus, et l’exercice semble réussir. Mais \`docker network inspect ${prodNetwork}\` ne liste aucun conteneur : l’exercice démontre alors l’isolation du mauvais réseau. Cette exécution lance le conteneur avec \`--network ${prodNetwork}\`.`,
        ],
      },
      isolationTest: {
        title: `La preuve que ${engine} isole les réseaux`,
        text: [
          `Le silence ne prouve pas grand-chose : un conteneur mort, ou qui écoute sur un autre port, ne répond pas non plus. L’exécution commence donc par des contrôles. L’hôte joint les deux conteneurs par ping et par HTTP ; \`${devContainer}\` joint sa passerelle et résout un nom. Alors seulement, le silence entre les deux conteneurs montre que le chemin qui les sépare est bloqué.`,
          `Le nom de \`${prodContainer}\` n’est pas résolu non plus : le serveur DNS ${ofEngine}, à l’adresse \`127.0.0.11\`, ne connaît que les conteneurs des réseaux du conteneur qui demande.${runtime === 'docker' ? ' Par défaut, il transmet les autres noms aux résolveurs de l’hôte. Les conteneurs de l’exercice ont l’option `ndots:1`, avec laquelle il répond lui-même pour les noms sans point.' : ''}`,
        ],
        notice: [
          `Les paquets sont perdus, et non refusés : la sortie affiche \`100% packet loss\` et un délai dépassé, mais pas de « connection refused ». Une règle jette les paquets en silence.`,
          ...ISOLATION_NOTICES[runtime],
        ],
      },
      vethSplice: {
        title: `L’épissure : une paire veth à l’insu ${ofEngine}`,
        text: [
          `Une paire veth est un câble réseau virtuel, avec une interface à chaque bout. L’exécution branche un bout, \`${hostLink}\`, sur le pont de \`${devNetwork}\`. Elle déplace l’autre bout, \`${containerLink}\`, dans l’espace de noms réseau de \`${prodContainer}\`, le renomme en \`${containerDevice}\` et lui donne l’adresse \`${spliceAddress}\`. ${capital(engine)} fait la même chose pour \`eth0\`, mais il ignore tout de cette paire.`,
          `Avant d’utiliser l’adresse, l’exécution vérifie qu’elle est libre : ${engine} distribue lui-même les adresses du sous-réseau, et ne sait pas que celle-ci est prise.`,
          ROUTE_TEXTS[facts.defaultRoute],
        ],
        notice: [
          `Le déplacement retire l’interface à l’hôte : à partir de là, ses commandes passent par \`nsenter\`, dans l’espace de noms de \`${prodContainer}\`. Le déplacement désactive aussi l’interface ; l’exécution la réactive donc ensuite.`,
          `\`${prodContainer}\` a maintenant deux interfaces, avec une adresse dans chaque réseau : il est donc joignable depuis les deux.`,
        ],
      },
      connectivityTest: {
        title: 'La preuve que l’épissure fonctionne',
        text: [
          `\`${devContainer}\` joint \`${prodContainer}\` à l’adresse \`${spliceAddress}\`, et \`${prodContainer}\` joint \`${devContainer}\` : les deux sont sur le même pont, et leurs paquets ne le quittent jamais. Les règles qui isolent les réseaux concernent les paquets qui passent d’un pont à l’autre, et ne s’appliquent donc pas.`,
          `\`${prodContainer}\` reste injoignable à sa propre adresse dans \`${prodNetwork}\`. Le conteneur est le même, mais pas le chemin : les règles ${runtime === 'docker' ? 'de Docker' : 'entre les ponts'} bloquent toujours l’ancien.`,
          `Une réponse ne montre pas à elle seule le chemin qu’elle a pris. Les compteurs de \`${hostLink}\`, lus avant et après, montrent que les paquets sont passés par la paire.`,
        ],
        notice: [
          `La réponse obtenue à l’adresse \`${spliceAddress}\` est le texte de \`${prodContainer}\` : c’est ce conteneur qui répond, et non un autre qui aurait reçu l’adresse.`,
          `Après les pings, la table de voisinage de \`${devContainer}\` a une entrée de plus : \`${spliceAddress}\`, avec l’adresse MAC de \`${containerDevice}\`. \`bridge fdb\` liste cette adresse MAC derrière \`${hostLink}\` : le pont a appris que ce port y mène.`,
          `Des deux côtés, \`ip route get\` affiche une route sans passerelle : \`dev eth0\` dans \`${devContainer}\`, \`dev ${containerDevice}\` avec la source \`${spliceAddress}\` dans \`${prodContainer}\`. Avant l’épissure, les paquets de \`${prodContainer}\` vers \`${devContainer}\` sortaient par \`eth0\` et sa passerelle.`,
          `\`RX\` de \`${hostLink}\` compte les paquets qui sortent du conteneur, \`TX\` ceux qui y entrent : les compteurs sont ceux du bout de la paire qui est sur l’hôte.`,
        ],
      },
      teardown: {
        title: 'Le démontage',
        text: [
          `L’exécution supprime seulement les conteneurs et les réseaux, et non la paire. Quand \`${prodContainer}\` n’est plus là, plus rien ne retient son espace de noms réseau, et le noyau le supprime avec toutes les interfaces virtuelles qu’il contient. Une paire veth ne peut pas exister avec un seul bout : \`${hostLink}\` disparaît donc aussi de l’hôte, avec tous les réglages des deux bouts. \`${prodContainer}\` part en premier : une connexion TCP dont l’autre bout a déjà disparu retiendrait son espace de noms deux minutes de plus.`,
          `Les réseaux, en revanche, restent quand leurs conteneurs sont partis. Supprimer un réseau supprime son pont.`,
        ],
        notice: [
          `\`Device "${hostLink}" does not exist.\`, alors qu’aucune commande ne l’a supprimé.`,
          `Le registre montre la différence : « annulée » signifie que wf a retiré l’objet, « disparue d’elle-même » qu’il a disparu avec l’espace de noms. Un processus qui tiendrait encore un espace de noms ouvert garderait la paire en vie ; l’exécution vérifie donc que les interfaces ont disparu, au lieu de le supposer.`,
        ],
      },
      verification: {
        title: 'La preuve qu’il ne reste rien',
        text: [
          `Avant la première modification, wf a pris une empreinte de l’hôte : ses interfaces, adresses, routes, règles de pare-feu, espaces de noms réseau et objets Docker. Il en prend maintenant une autre, compare les deux et attribue chaque différence : à cette exécution, ${runtime === 'docker' ? 'à Docker' : 'au moteur embarqué'} ou à quelqu’un d’autre.`,
        ],
        notice: [
          `« Il ne reste rien » est aussi un résultat négatif. Son contrôle : après chaque modification, l’action a relu la modification sur l’hôte, par des lectures comme celles de l’empreinte.`,
        ],
      },
    },
    steps: {
      provideImage: 'S’assurer que l’image des deux conteneurs est disponible',
      provideProbeImage: 'S’assurer que l’image du conteneur auxiliaire est disponible',
      listNetworksBefore: 'Lister les réseaux',
      createDevNetwork: `Créer le réseau \`${devNetwork}\``,
      createProdNetwork: `Créer le réseau \`${prodNetwork}\``,
      createAppDev: `Lancer \`${devContainer}\` sur \`${devNetwork}\``,
      createAppProd: `Lancer \`${prodContainer}\` sur \`${prodNetwork}\``,
      createProbe: `Lancer un conteneur auxiliaire sur \`${devNetwork}\``,
      listNetworksAfter: 'Lister de nouveau les réseaux',
      pingAppDevByName: `Ping vers \`${devContainer}\`, par son nom, depuis le conteneur auxiliaire`,
      fetchAppDevByName: `Lire la page de \`${devContainer}\`, par son nom, depuis le conteneur auxiliaire`,
      inspectDevNetwork: `Inspecter \`${devNetwork}\``,
      observeDevBridge: `Inspecter le pont de \`${devNetwork}\` et ses ports`,
      observeProdBridge: `Inspecter le pont de \`${prodNetwork}\` et ses ports`,
      readAppDevAddresses: `Lire les adresses et les routes dans \`${devContainer}\``,
      readAppProdAddresses: `Lire les adresses et les routes dans \`${prodContainer}\``,
      removeProbe: 'Supprimer le conteneur auxiliaire',
      controlAppDevAnswersPing: `Contrôle : \`${devContainer}\` répond au ping de l’hôte`,
      controlAppDevAnswersHttp: `Contrôle : \`${devContainer}\` répond à l’hôte par HTTP`,
      controlAppProdAnswersPing: `Contrôle : \`${prodContainer}\` répond au ping de l’hôte`,
      controlAppProdAnswersHttp: `Contrôle : \`${prodContainer}\` répond à l’hôte par HTTP`,
      controlAppDevReachesGateway: `Contrôle : \`${devContainer}\` joint sa passerelle`,
      controlKnownNameResolves: `Contrôle : \`${devContainer}\` sait résoudre un nom`,
      readFirewallBefore: 'Lire les compteurs du pare-feu',
      pingAppProdFromAppDev: `Ping vers \`${prodContainer}\` depuis \`${devContainer}\` : il ne doit pas répondre`,
      fetchAppProdFromAppDev: `Lire la page de \`${prodContainer}\` depuis \`${devContainer}\` : il ne doit pas répondre`,
      resolveAppProdFromAppDev: `Résoudre le nom de \`${prodContainer}\` depuis \`${devContainer}\` : la résolution doit échouer`,
      readFirewallAfter: 'Lire de nouveau les compteurs du pare-feu',
      checkSpliceAddress: `Vérifier que l’adresse \`${spliceAddress}\` est libre`,
      createVethPair: `Créer la paire veth \`${hostLink}\` et \`${containerLink}\``,
      enslaveHostLink: `Brancher \`${hostLink}\` sur le pont de \`${devNetwork}\``,
      setHostLinkUp: `Activer \`${hostLink}\``,
      moveContainerLink: `Déplacer \`${containerLink}\` dans l’espace de noms de \`${prodContainer}\``,
      renameContainerLink: `La renommer en \`${containerDevice}\``,
      setContainerLinkUp: `Activer \`${containerDevice}\``,
      addSpliceAddress: `Ajouter l’adresse \`${spliceAddress}\` à \`${containerDevice}\``,
      addDefaultRoute: `Ajouter une route par défaut par la passerelle de \`${devNetwork}\``,
      readSplicedAddresses: `Lire de nouveau les adresses et les routes dans \`${prodContainer}\``,
      readCountersBefore: `Lire les compteurs de \`${hostLink}\``,
      pingSpliceFromAppDev: `Ping vers \`${prodContainer}\` par la paire`,
      fetchSpliceFromAppDev: `Lire la page de \`${prodContainer}\` par la paire`,
      pingAppDevFromAppProd: `Ping dans l’autre sens : \`${devContainer}\` depuis \`${prodContainer}\``,
      fetchAppDevFromAppProd: `Lire la page de \`${devContainer}\` depuis \`${prodContainer}\``,
      pingAppProdOnItsOwnNetwork: `Ping vers \`${prodContainer}\` à son adresse dans \`${prodNetwork}\` : il ne doit pas répondre`,
      readNeighboursBefore: `Lire la table de voisinage de \`${devContainer}\``,
      readNeighboursAfter: `Lire de nouveau la table de voisinage de \`${devContainer}\``,
      readForwarding: `Lire la table de commutation du pont de \`${devNetwork}\``,
      routeFromAppDev: `Demander la route de \`${devContainer}\` vers \`${spliceAddress}\``,
      routeFromAppProd: `Demander la route de \`${prodContainer}\` vers \`${devContainer}\``,
      readCountersAfter: `Lire de nouveau les compteurs de \`${hostLink}\``,
      removeAppDev: `Supprimer \`${devContainer}\``,
      removeAppProd: `Supprimer \`${prodContainer}\``,
      observeLinksVanish: 'Vérifier que les interfaces veth ont disparu',
      settleSplice: 'Noter dans le registre ce qui a disparu de soi-même',
      removeDevNetwork: `Supprimer le réseau \`${devNetwork}\``,
      removeProdNetwork: `Supprimer le réseau \`${prodNetwork}\``,
      observeBridgesVanish: 'Vérifier que les ponts ont disparu',
      verifyHost: 'Comparer l’hôte à son état d’avant l’exécution',
    },
    drawings: {
      before: {
        title: 'Avant l’épissure : deux réseaux, aucun chemin entre eux',
        text: `Chaque conteneur est branché sur le pont de son propre réseau : son \`eth0\` est une extrémité d’une paire veth, et l’autre extrémité est un port du pont.`,
      },
      after: {
        title: 'Après l’épissure : une seconde interface dans l’autre réseau',
        text: `L’exécution a créé à la main la paire \`${hostLink}\` et \`${containerDevice}\`. Le chemin par la paire est ouvert dans les deux sens ; l’ancien chemin reste bloqué.`,
      },
    },
    host: 'l’hôte',
    linkNumber: (ifindex) => `index d’interface ${ifindex}`,
    madeByHand: 'faite à la main',
    gateway: (address) => `passerelle ${address}`,
    pings: pingsText,
    fetched: (page) => (page === null ? 'pas de réponse HTTP' : `HTTP « ${page} »`),
    name: (name, resolved) => (resolved ? `le nom ${name} est résolu` : `le nom ${name} n’est pas résolu`),
    addresses: {
      title: 'Adresses',
      columns: ['Où', 'Interface', 'Adresse', 'Adresse MAC', 'Autre extrémité'],
    },
    bridgeOf: (network) => `l’hôte, pont de \`${network}\``,
    proofs: PROOFS,
  };
}

const ENGINE: Readonly<Record<LabFacts['runtime'], { readonly engine: string; readonly ofEngine: string }>> = {
  docker: { engine: 'Docker', ofEngine: 'de Docker' },
  embedded: { engine: 'le moteur embarqué', ofEngine: 'du moteur embarqué' },
};

const RUNTIME_TEXTS: Readonly<Record<LabFacts['runtime'], readonly string[]>> = {
  docker: [],
  embedded: [
    `Cette exécution a utilisé le moteur embarqué de wf, prévu pour les machines et les utilisateurs sans moteur Docker. Il construit les mêmes éléments dans un hôte privé, avec des espaces de noms Linux : ponts, paires veth, adresses, un serveur de noms à l’adresse \`127.0.0.11\` et des serveurs web. À la place des règles de pare-feu de Docker, une règle de routage par pont isole les réseaux.`,
  ],
};

const ISOLATION_NOTICES: Readonly<Record<LabFacts['runtime'], readonly string[]>> = {
  docker: [
    `Si le moteur permet à wf de lire les règles, leurs compteurs avant et après montrent quelle règle a jeté les paquets. Les compteurs sont un indice, et non une preuve : les chaînes portent d’autres noms dans d’autres versions de Docker, mais les pings donnent partout le même résultat.`,
    `Une règle dont le compteur n’a pas bougé n’a eu aucun effet ici, quoi que suggère son nom.`,
  ],
  embedded: [
    `Le moteur a ajouté la règle avec chaque réseau : \`ip rule add ... iif br-... blackhole\`. Le noyau jette un paquet qui entre par le pont et n’est pas destiné à l’hôte lui-même. C’est une règle de routage sans compteur ; le compte rendu ne nomme donc aucune règle de pare-feu : les pings et leurs contrôles sont la preuve.`,
  ],
};

function capital(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

const ROUTE_EXISTS = `L’exercice lance ensuite \`ip route add default via PASSERELLE\`. wf essaie cette commande, et elle échoue avec \`RTNETLINK answers: File exists\` : le conteneur a déjà une route par défaut, par \`eth0\`, et une table de routage n’admet qu’une route pour une même destination et une même métrique.`;

const ROUTE_TEXTS: Readonly<Record<LabFacts['defaultRoute'], string>> = {
  secondary: `${ROUTE_EXISTS} Une seconde route par défaut exige une autre métrique. La métrique la plus basse l’emporte : l’ancienne route continue de servir, et la nouvelle reste en réserve. Les voisins du même sous-réseau n’ont besoin d’aucune des deux.`,
  replace: `${ROUTE_EXISTS} Cette exécution remplace l’ancienne route. Elle note d’abord la forme exacte de l’ancienne route, pour pouvoir la rétablir.`,
  none: `Cette exécution n’ajoute aucune route par défaut : les voisins du même sous-réseau n’en ont pas besoin.`,
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
  reachable: (pings, page) => `par son nom, depuis un voisin sur son réseau : ${pings}, HTTP ${page}`,
  isolated: (across, devControl, prodControl) =>
    `${across}, ni HTTP ni nom d’un réseau à l’autre, alors que les contrôles ont répondu : ${devControl} et ${prodControl}`,
  dropped: (rule, packets) => `${rule} (${packets} paquets)`,
  spliced: (address, there, back) =>
    `${there.pings}, HTTP ${there.page} à l’adresse ${address} ; dans l’autre sens ${back.pings}, HTTP ${back.page}`,
  throughPair: (out, into) => `${out} paquets sortis du conteneur, ${into} entrés`,
  stillIsolated: (pings) => `${pings} à sa propre adresse : les réseaux restent séparés`,
};
