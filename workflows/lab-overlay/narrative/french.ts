import { type Host, OVERHEAD, OVERLAY_MTU, PING_SIZES, UNDERLAY_MTU } from '../input.ts';
import type { ProofWords } from '../proofs.ts';
import { dockerFrench, dockerStepsInFrench } from './docker-french.ts';
import type { LabFacts, LabTexts } from './texts.ts';

export function french(facts: LabFacts): LabTexts {
  const texts = byHand(facts);
  const steps = { ...texts.steps, ...dockerStepsInFrench(facts) };
  return facts.isOnDocker ? { ...texts, ...dockerFrench(facts), steps } : { ...texts, steps };
}

function byHand(facts: LabFacts): LabTexts {
  const { alphaContainer, betaContainer, strangerContainer, network, strangerNetwork } = facts;
  const { underlayLink, bridge, vxlanLink, hostLink, containerDevice, vni, wrongVni, port, underlay, overlay } = facts;
  return {
    title: 'Deux hôtes, un réseau : VXLAN à la main',
    introduction: [
      `Un pont relie les conteneurs d’un même hôte. Un réseau overlay relie ceux de plusieurs hôtes, comme s’ils étaient sur le même pont. Docker a un pilote pour cela, \`overlay\` ; Swarm et Kubernetes reposent sur la même idée. Le protocole sous-jacent est VXLAN : chaque trame Ethernet d’un conteneur voyage d’un hôte à l’autre dans un paquet UDP.`,
      `Cette exécution a deux hôtes, \`alpha\` et \`beta\`. Ce sont des espaces de noms réseau d’un hôte privé, qui n’ont en commun qu’un câble. L’exécution construit l’overlay à la main, avec les commandes que le pilote de Docker lance pour ses utilisateurs : un pont, une interface VXLAN, une entrée de commutation. Elle inspecte ensuite l’overlay, le casse de trois façons et le supprime.`,
      `wf a lancé chaque commande ci-dessous pendant cette exécution ; la sortie qui suit est réelle. Pour les requêtes adressées au noyau, le compte rendu affiche la commande équivalente.`,
    ],
    stages: {
      underlay: {
        title: 'L’underlay : deux hôtes et un câble',
        text: [
          `L’underlay est le réseau qui porte un overlay. Ici, c’est une paire veth avec un bout dans chaque hôte, qui sert de câble. Les deux bouts s’appellent \`${underlayLink}\` ; leurs adresses sont \`${underlay.alpha}\` et \`${underlay.beta}\`.`,
          `Les hôtes se joignent par le câble. Leur seule autre interface est \`lo\` : tout le trafic qui suit entre eux passe donc par le câble.`,
        ],
        notice: [
          `Le déplacement vers \`beta\` retire le bout à \`alpha\` : à partir de là, chaque hôte a une seule interface \`${underlayLink}\`, dont l’autre bout est dans un autre espace de noms.`,
        ],
      },
      swarm: { title: 'Le Swarm : seulement avec des moteurs Docker', text: [], notice: [] },
      overlay: {
        title: 'L’overlay : un pont et un tunnel sur chaque hôte',
        text: [
          `L’exécution lance un conteneur sur chaque hôte, sur un réseau à part, \`${network}\`. Avec Docker, ce réseau serait \`docker_gwbridge\` : la sortie d’un conteneur dont l’autre réseau est un overlay.`,
          `L’exécution construit ensuite l’overlay. Sur chaque hôte, un pont \`${bridge}\` tient lieu de commutateur. L’interface \`${vxlanLink}\` est l’un de ses ports : elle place une trame qui quitte le pont par là dans un paquet UDP vers le port ${port}, derrière un en-tête avec l’identifiant de réseau (VNI) ${vni}.`,
          `Une interface VXLAN doit savoir vers quel hôte envoyer une trame. Elle l’apprend des paquets qui arrivent. Pour les adresses qu’elle n’a pas apprises, et pour les diffusions comme ARP, il lui faut une entrée pour \`00:00:00:00:00:00\`, qui envoie ces trames à l’autre hôte. Le pilote de Docker remplit lui-même la table et répond aux requêtes ARP sur l’hôte ; un VXLAN sans plan de contrôle utilise plutôt le multicast.`,
          `Une paire veth relie chaque conteneur au pont, sous le nom \`${containerDevice}\`. Les conteneurs ont les adresses \`${overlay.alpha}\` et \`${overlay.beta}\` : un seul sous-réseau, sur deux hôtes.`,
        ],
        notice: [
          `La MTU de \`${vxlanLink}\` est ${OVERLAY_MTU}, bien qu’aucune commande ne l’ait réglée : le noyau retranche ${OVERHEAD} octets d’en-têtes des ${UNDERLAY_MTU} de \`${underlayLink}\`. L’exécution donne la même MTU au pont et à la paire.`,
          `\`${bridge}\` n’a pas d’adresse. Les conteneurs n’ont pas besoin de passerelle pour se joindre : ils sont voisins.`,
          `Chaque conteneur répond avec son propre texte : la réponse vient donc bien de l’autre conteneur.`,
        ],
      },
      lookInside: {
        title: 'À l’intérieur de l’overlay : les paquets sur le câble',
        text: [
          `Les pings montrent que l’overlay fonctionne, mais pas comment. L’exécution ajoute donc deux compteurs : sur \`alpha\` pour les paquets qui partent, sur \`beta\` pour ceux qui arrivent. Ils reconnaissent les adresses extérieures, le port et, avec \`@th,96,24\`, les 24 bits du VNI, 96 bits après le début de l’en-tête UDP. La règle sur \`alpha\` reconnaît aussi les adresses intérieures, celles des conteneurs.`,
          `Une capture avec \`tcpdump -i ${underlayLink} udp port ${port}\` montre la même chose, mais il faut être root sur la machine.`,
        ],
        notice: [
          `\`ip -details link\` affiche toutes les propriétés du tunnel : \`vxlan id ${vni}\`, \`local\`, \`dev ${underlayLink}\`, \`dstport ${port}\`, \`mtu ${OVERLAY_MTU}\`.`,
          `\`bridge fdb\` liste deux fois l’adresse MAC de l’autre conteneur : le pont a appris qu’elle est derrière \`${vxlanLink}\`, et l’interface VXLAN qu’elle est derrière l’autre hôte (\`dst\`).`,
          `Le conteneur ignore tout du tunnel : dans sa table de voisinage, l’autre conteneur est un voisin ordinaire.`,
        ],
      },
      isolation: {
        title: 'L’isolation : un autre identifiant, un autre réseau, un octet de trop',
        text: [
          `Le VNI sépare les overlays de nombreux locataires sur un même underlay. Une interface VXLAN ne peut pas changer de VNI : l’exécution supprime donc celle de \`beta\` et la recrée, avec le VNI ${wrongVni}. Les contrôles viennent d’abord : les hôtes se joignent, et chaque conteneur joint sa passerelle. Les conteneurs ne se joignent pas, alors que les paquets arrivent à \`beta\`, comme le montre son compteur. Aucune interface n’a leur VNI : le noyau les jette. Avec le VNI ${vni}, tout fonctionne de nouveau.`,
          `\`${strangerContainer}\` est un conteneur du même hôte, mais sur un autre réseau, \`${strangerNetwork}\`. Il répond à \`alpha\`, mais \`${alphaContainer}\` ne peut pas le joindre.`,
          `La dernière limite est la MTU. Un ping avec ${PING_SIZES.fits} octets de données est un paquet de ${OVERLAY_MTU} octets, et passe. Avec un octet de plus, il ne passe pas : le ping interdit la fragmentation (\`-M do\`), comme le fait aussi TCP.`,
        ],
        notice: [
          `Rien ne signale le mauvais VNI : \`${vxlanLink}\` existe sur les deux hôtes, avec son port et sa MTU. Seul le silence le révèle, avec le compteur des paquets qui arrivent sans destinataire.`,
          `Sur l’underlay, ${PING_SIZES.underlay} octets passent en un paquet. La différence de ${OVERHEAD} octets, ce sont les en-têtes du tunnel. Un underlay dont la MTU est plus petite est la panne la plus fréquente des vrais overlays : les petits paquets passent, les grands sont perdus.`,
        ],
      },
      failure: {
        title: 'Une panne : sain, mais coupé',
        text: [
          `Une règle de pare-feu sur \`alpha\` jette le port UDP ${port}, comme peut le faire le pare-feu d’un centre de données. L’underlay répond et le tunnel est actif avec toutes ses propriétés, mais aucun ping ne passe. Avec Swarm, \`docker node ls\` afficherait les deux nœuds comme \`Ready\` : ils communiquent par les ports TCP 2377 et 7946.`,
          `Avant d’ajouter la règle, l’exécution a noté comment l’annuler. Elle annule maintenant la règle, et l’overlay fonctionne de nouveau.`,
        ],
        notice: [
          `La bonne santé n’est pas une preuve : seul un essai du chemin nécessaire prouve que ce chemin fonctionne.`,
          `Le compteur de la règle montre que c’est cette règle qui a jeté les paquets, et rien d’autre.`,
        ],
      },
      encrypted: { title: 'Le chiffrement : seulement avec des moteurs Docker', text: [], notice: [] },
      teardown: {
        title: 'Le démontage',
        text: [
          `L’exécution supprime d’abord les conteneurs et les compteurs. Quand l’espace de noms réseau d’un conteneur disparaît, son bout de la paire disparaît avec lui, et \`${hostLink}\` aussi, sur l’hôte. L’exécution supprime ensuite les tunnels, les ponts et les réseaux sur les deux hôtes, et le câble en dernier.`,
        ],
        notice: [
          `L’exécution supprime seulement les conteneurs, les compteurs, les interfaces et les réseaux. Les ports, les entrées de commutation et les adresses disparaissent avec leurs interfaces : dans le registre, leur état est « disparue d’elle-même », et celui des autres « annulée ».`,
          `À la fin, chaque hôte a \`lo\` et rien d’autre.`,
        ],
      },
      verification: {
        title: 'La preuve qu’il ne reste rien',
        text: [
          `Avant la première modification, wf a pris une empreinte de chaque hôte : interfaces, adresses, routes, entrées de commutation, règles de pare-feu, réseaux et conteneurs. Il en prend maintenant une autre de chacun et les compare.`,
        ],
        notice: [
          `« Il ne reste rien » est aussi un résultat négatif. Son contrôle : après chaque modification, l’action a relu la modification sur l’hôte, par des lectures comme celles de l’empreinte.`,
        ],
      },
    },
    steps: {
      createCable: 'Créer le câble entre les hôtes',
      findBeta: 'Trouver l’espace de noms réseau de `beta`',
      plugIntoBeta: 'Déplacer un bout du câble dans `beta`',
      ...stepsOn('alpha', facts),
      ...stepsOn('beta', facts),
      countSent: `Compter les paquets qui quittent \`alpha\` avec le VNI ${vni}`,
      countArrived: `Compter les paquets qui arrivent à \`beta\` avec le VNI ${vni}`,
      readSentBefore: 'Lire le compteur sur `alpha`',
      readArrivedBefore: 'Lire le compteur sur `beta`',
      readCableBefore: 'Lire les compteurs du câble',
      pingToCount: `Ping vers \`${betaContainer}\` depuis \`${alphaContainer}\``,
      readSentAfter: 'Lire de nouveau le compteur sur `alpha`',
      readArrivedAfter: 'Lire de nouveau le compteur sur `beta`',
      readCableAfter: 'Lire de nouveau les compteurs du câble',
      strangerNetwork: `Créer le réseau \`${strangerNetwork}\` sur \`alpha\``,
      strangerContainer: `Lancer \`${strangerContainer}\` sur le réseau \`${strangerNetwork}\``,
      removeTunnel: 'Supprimer l’interface VXLAN de `beta`',
      settleTunnel: 'Noter dans le registre ce qui a disparu avec l’interface',
      ...tunnelSteps('beta', 'Wrong', wrongVni, facts),
      controlUnderlay: 'Contrôle : les hôtes se joignent',
      controlAlphaGateway: `Contrôle : \`${alphaContainer}\` joint sa passerelle`,
      controlBetaGateway: `Contrôle : \`${betaContainer}\` joint sa passerelle`,
      controlStranger: `Contrôle : \`${strangerContainer}\` répond à \`alpha\``,
      readWrongVxlan: `Lire l’interface VXLAN de \`beta\` : VNI ${wrongVni}`,
      readArrivedBeforeWrong: 'Lire le compteur sur `beta`',
      pingWrongVni: `Ping vers \`${betaContainer}\` depuis \`${alphaContainer}\` : il ne doit pas répondre`,
      fetchWrongVni: `Lire la page de \`${alphaContainer}\` depuis \`${betaContainer}\` : il ne doit pas répondre`,
      pingStranger: `Ping vers \`${strangerContainer}\` depuis \`${alphaContainer}\` : il ne doit pas répondre`,
      pingFromStranger: `Ping vers \`${alphaContainer}\` depuis \`${strangerContainer}\` : il ne doit pas répondre`,
      readArrivedAfterWrong: 'Lire de nouveau le compteur sur `beta` : les paquets sont arrivés',
      removeWrongTunnel: `Supprimer l’interface VXLAN avec le VNI ${wrongVni}`,
      settleWrongTunnel: 'Noter dans le registre ce qui a disparu avec l’interface',
      ...tunnelSteps('beta', 'Repaired', vni, facts),
      pingRepaired: `De nouveau, ping vers \`${betaContainer}\` depuis \`${alphaContainer}\``,
      fetchRepaired: `De nouveau, lire la page de \`${alphaContainer}\` depuis \`${betaContainer}\``,
      readRepairedVxlan: `Lire l’interface VXLAN de \`beta\` : VNI ${vni}`,
      mtuUnderlay: `Contrôle : envoyer ${PING_SIZES.underlay} octets en un paquet sur l’underlay`,
      mtuFits: `Envoyer ${PING_SIZES.fits} octets en un paquet sur l’overlay`,
      mtuTooLarge: `Envoyer ${PING_SIZES.tooLarge} octets : ils ne doivent pas passer`,
      dropOverlay: `Jeter le port UDP ${port} sur \`alpha\``,
      controlUnderlayWhileDropped: 'Contrôle : les hôtes se joignent',
      readVxlanWhileDropped: 'Lire l’interface VXLAN d’`alpha` : elle est inchangée',
      pingWhileDropped: `Ping vers \`${betaContainer}\` depuis \`${alphaContainer}\` : il ne doit pas répondre`,
      readDropped: 'Lire le compteur de la règle : elle a jeté des paquets',
      takeBack: 'Retirer la règle',
      pingTakenBack: `De nouveau, ping vers \`${betaContainer}\` depuis \`${alphaContainer}\``,
      removeStranger: `Supprimer \`${strangerContainer}\` et son réseau`,
      removeCounters: 'Supprimer les compteurs',
      removeCable: 'Supprimer le câble',
      settleSegments: 'Noter dans le registre ce qui a disparu avec les tunnels et les ponts',
      settleCable: 'Noter dans le registre ce qui a disparu avec le câble',
      verifyHost: 'Comparer les deux hôtes à leur état d’avant l’exécution',
    },
    drawings: {
      together: {
        title: 'L’overlay : deux conteneurs, un réseau',
        text: `Les trames vont de \`${containerDevice}\`, par \`${hostLink}\` et \`${bridge}\`, dans \`${vxlanLink}\`, puis par le câble dans des paquets UDP.`,
      },
      apart: {
        title: 'Deux identifiants : deux réseaux',
        text: `Les deux hôtes ont les mêmes interfaces, mais les tunnels ont les VNI ${vni} et ${wrongVni} : rien ne passe.`,
      },
      dropped: {
        title: 'Sain, mais coupé',
        text: `\`${vxlanLink}\` a toutes ses propriétés sur \`alpha\`, mais une règle y jette les paquets du tunnel.`,
      },
    },
    on: (host) => `hôte ${host}`,
    cable: 'câble',
    underlayBox: 'underlay',
    dropsOverlay: `jette UDP ${port}`,
    pings: pingsText,
    fetched: (page) => (page === null ? 'pas de réponse HTTP' : `HTTP « ${page} »`),
    addresses: { title: 'Adresses', columns: ['Où', 'Interface', 'Adresse', 'Adresse MAC', 'MTU'] },
    headers: { title: 'Un paquet de l’overlay sur l’underlay', columns: ['Couche', 'Octets', 'Contenu'] },
    layers: {
      outerIp: 'IPv4, extérieur',
      udp: 'UDP',
      vxlan: 'VXLAN',
      innerEthernet: 'Ethernet, intérieur',
      innerIp: 'IPv4, intérieur, avec les données',
    },
    proofs: PROOFS,
  };
}

/** Returns the texts of the steps that run on each host. */
function stepsOn(host: Host, facts: LabFacts): Readonly<Record<string, string>> {
  const { network, underlayLink, bridge, hostLink, containerLink, containerDevice, vni } = facts;
  const [own, other] =
    host === 'alpha' ? [facts.alphaContainer, facts.betaContainer] : [facts.betaContainer, facts.alphaContainer];
  const name = (step: string) => `${host}${step}`;
  return {
    [name('UnderlayAddress')]: `Ajouter une adresse à \`${underlayLink}\` sur \`${host}\``,
    [name('UnderlayUp')]: `Activer \`${underlayLink}\` sur \`${host}\``,
    [name('UnderlayLinks')]: `Lister les interfaces de \`${host}\``,
    [name('PingsUnderlay')]: `Ping vers l’autre hôte depuis \`${host}\``,
    [name('Image')]: `S’assurer que l’image est disponible sur \`${host}\``,
    [name('Network')]: `Créer le réseau \`${network}\` sur \`${host}\``,
    [name('Container')]: `Lancer \`${own}\` sur le réseau \`${network}\``,
    [name('Bridge')]: `Créer le pont \`${bridge}\` sur \`${host}\``,
    [name('BridgeUp')]: `Activer \`${bridge}\` sur \`${host}\``,
    ...tunnelSteps(host, '', vni, facts),
    [name('Pair')]: `Créer la paire veth \`${hostLink}\` et \`${containerLink}\` sur \`${host}\``,
    [name('PairPort')]: `Brancher \`${hostLink}\` sur le pont \`${bridge}\` de \`${host}\``,
    [name('PairUp')]: `Activer \`${hostLink}\` sur \`${host}\``,
    [name('PairMove')]: `Déplacer \`${containerLink}\` dans \`${own}\`, sous le nom \`${containerDevice}\``,
    [name('DeviceAddress')]: `Ajouter une adresse à \`${containerDevice}\` dans \`${own}\``,
    [name('DeviceUp')]: `Activer \`${containerDevice}\` dans \`${own}\``,
    [name('Links')]: `Lire les adresses et les routes dans \`${own}\``,
    [name('Pings')]: `Ping vers \`${other}\` depuis \`${own}\``,
    [name('Fetches')]: `Lire la page de \`${other}\` depuis \`${own}\``,
    [name('ReadVxlan')]: `Lire l’interface VXLAN de \`${host}\``,
    [name('Forwarding')]: `Lire la table de commutation de \`${host}\``,
    [name('Neighbours')]: `Lire la table de voisinage de \`${own}\``,
    [name('RemoveContainer')]: `Supprimer \`${own}\``,
    [name('SettlePair')]: `Supprimer ce qui reste de la paire sur \`${host}\`, qui disparaît avec son conteneur`,
    [name('RemoveTunnel')]: `Supprimer l’interface VXLAN de \`${host}\``,
    [name('RemoveBridge')]: `Supprimer le pont de \`${host}\``,
    [name('RemoveNetwork')]: `Supprimer le réseau \`${network}\` de \`${host}\``,
    [name('Alone')]: `Vérifier que \`${host}\` n’a que ses interfaces d’avant l’exécution`,
  };
}

/** Returns the texts of the steps that create a tunnel. */
function tunnelSteps(host: Host, variant: string, vni: number, { bridge, vxlanLink }: LabFacts) {
  return {
    [`${host}Vxlan${variant}`]: `Créer \`${vxlanLink}\` sur \`${host}\` avec le VNI ${vni}`,
    [`${host}VxlanPort${variant}`]: `Brancher \`${vxlanLink}\` sur le pont \`${bridge}\` de \`${host}\``,
    [`${host}Flooding${variant}`]: `Sur \`${host}\`, envoyer à l’autre hôte les trames vers des adresses inconnues`,
    [`${host}VxlanUp${variant}`]: `Activer \`${vxlanLink}\` sur \`${host}\``,
  };
}

function pingsText(received: number, sent: number): string {
  return `${received} ping${received > 1 ? 's' : ''} sur ${sent}`;
}

const PROOFS: ProofWords = {
  claims: {
    underlay: 'underlay',
    swarm: 'swarm',
    overlay: 'overlay',
    names: 'noms',
    encapsulated: 'encapsulé',
    isolated: 'isolé',
    otherNetwork: 'autre réseau',
    sameHost: 'même hôte',
    mtu: 'MTU',
    healthy: 'la santé n’est pas une preuve',
    encrypted: 'chiffré',
  },
  pings: pingsText,
  quoted: (text) => `« ${text} »`,
  underlay: (alpha, beta, there, back, areAll) =>
    `alpha a ${areAll ? 'seulement ' : ''}${alpha} ; beta a ${areAll ? 'seulement ' : ''}${beta} ; ${there}, et ${back} dans l’autre sens`,
  swarm: (nodes) =>
    nodes
      .map(({ role, state, reachability, address }) =>
        [`${role} ${address} ${state}`, ...(reachability === null ? [] : [reachability])].join(', '),
      )
      .join(' ; '),
  overlay: (there, back) => `${there.pings}, HTTP ${there.page} ; dans l’autre sens ${back.pings}, HTTP ${back.page}`,
  names: (there, back) =>
    [there, back]
      .map(({ name, address, pings, page }) => `${name} est ${address} : ${pings}, HTTP ${page}`)
      .join(' ; '),
  encapsulated: (sent, arrived, outer, cable) =>
    `alpha a envoyé ${sent} paquets en ${outer} ; beta en a reçu ${arrived}${
      cable === null ? '' : ` ; le bout du câble dans alpha a compté ${cable.out} sorties et ${cable.into} entrées`
    }`,
  isolated: (vnis, across, control, arrived, repaired) =>
    `${vnis} : ${across} alors que l’underlay a répondu ${control} ; ${arrived} paquets sont arrivés et ont été jetés ; réparé : ${repaired}`,
  otherNetwork: (there, back, control) =>
    `${there} vers un conteneur sur un autre réseau de l’hôte, ${back} dans l’autre sens, alors qu’il a répondu à l’hôte : ${control}`,
  otherOverlay: (vnis, across, controls, isUnknown) =>
    `${vnis} : ${across.there}, ${across.back} dans l’autre sens, alors que les pings à l’intérieur de chaque overlay ont obtenu ${controls.own} et ${controls.other} ; ${isUnknown ? 'le nom est inconnu' : 'la requête du nom est restée sans réponse'}`,
  sameHost: (across, control) =>
    `${across} vers un conteneur de l’autre overlay sur le même hôte, alors qu’il a joint son propre overlay : ${control}`,
  mtu: (mtu, fits, tooLarge, underlay) =>
    `${mtu} octets : avec ${fits.size} octets de données, ${fits.pings} ; avec ${tooLarge.size}, ${tooLarge.pings} ; sur l’underlay avec ${underlay.size}, ${underlay.pings}`,
  link: ({ link, up }) => `${link} est ${up ? 'active' : 'inactive'}`,
  nodes: (nodes) => `les deux nœuds sont ${[...new Set(nodes.map(({ state }) => state))].join(', ')}`,
  healthy: (health, across, dropped, control, after) =>
    `${health}, mais ${across} (${dropped} paquets jetés) alors que l’underlay a répondu ${control} ; règle retirée : ${after}`,
  encrypted: (pings, sent, arrived) => `${pings} ; alpha a envoyé ${sent} paquets ESP, beta en a reçu ${arrived}`,
  notEncrypted: (reason) =>
    `non testé : ce noyau ne peut pas chiffrer de paquets${reason === null ? '' : ` (${reason})`}`,
};
