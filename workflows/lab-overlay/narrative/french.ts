import { type Host, OVERHEAD, OVERLAY_MTU, PING_SIZES, UNDERLAY_MTU } from '../input.ts';
import type { ProofWords } from '../proofs.ts';
import { dockerFrench, dockerStepsInFrench } from './docker-french.ts';
import type { LabTexts, Told } from './texts.ts';

export function french(told: Told): LabTexts {
  const texts = byHand(told);
  const steps = { ...texts.steps, ...dockerStepsInFrench(told) };
  return told.isOnDocker ? { ...texts, ...dockerFrench(told), steps } : { ...texts, steps };
}

function byHand(told: Told): LabTexts {
  const { alphaContainer, betaContainer, strangerContainer, network, strangerNetwork } = told;
  const { underlayLink, bridge, vxlanLink, hostLink, containerDevice, vni, wrongVni, port, underlay, overlay } = told;
  return {
    title: 'Deux hôtes, un réseau : VXLAN à la main',
    introduction: [
      `Un pont relie les conteneurs d’un même hôte. Un réseau overlay relie ceux de plusieurs hôtes, comme s’ils étaient sur le même pont. Docker a un pilote pour cela, \`overlay\` ; Swarm et Kubernetes reposent sur la même idée. En dessous, il y a VXLAN : chaque trame Ethernet d’un conteneur voyage d’un hôte à l’autre dans un paquet UDP.`,
      `Cette exécution a deux hôtes, \`alpha\` et \`beta\`. Ce sont des espaces de noms réseau d’un hôte privé, qui n’ont en commun qu’un câble. L’overlay est fait à la main, avec les commandes que le pilote de Docker exécute pour ses utilisateurs : un pont, une interface VXLAN, une entrée de commutation. Puis il est inspecté, cassé de trois façons et démonté.`,
      `Chaque commande ci-dessous a été lancée pendant cette exécution, et ce qui la suit est ce qu’elle a répondu. Ce que wf a demandé directement au noyau est présenté sous la forme de la commande qu’une personne aurait tapée.`,
    ],
    stages: {
      underlay: {
        title: 'L’underlay : deux hôtes et un câble',
        text: [
          `Le réseau qui porte un overlay s’appelle l’underlay. Ici, c’est une paire veth avec un bout dans chaque hôte. Les deux bouts s’appellent \`${underlayLink}\` et portent les adresses \`${underlay.alpha}\` et \`${underlay.beta}\`.`,
          `Les hôtes se joignent par le câble. Ils n’ont pas d’autre interface que \`lo\` : tout ce qui passera ensuite de l’un à l’autre sera passé par le câble.`,
        ],
        notice: [
          `Le déplacement vers \`beta\` retire le bout à \`alpha\` : à partir de là, chaque hôte voit une seule interface \`${underlayLink}\`, dont l’autre bout est dans un autre espace de noms.`,
        ],
      },
      swarm: { title: 'Un Swarm : seulement de moteurs Docker', text: [], notice: [] },
      overlay: {
        title: 'L’overlay : un pont et un tunnel sur chaque hôte',
        text: [
          `Chaque hôte reçoit un conteneur, sur un réseau à lui, \`${network}\`. Avec Docker, ce serait \`docker_gwbridge\` : la sortie d’un conteneur dont l’autre réseau est un overlay.`,
          `Puis l’overlay. Sur chaque hôte, un pont \`${bridge}\` tient lieu de commutateur. L’interface \`${vxlanLink}\` en est un port : une trame qui quitte le pont par là est placée dans un paquet UDP vers le port ${port}, précédée de l’identifiant de réseau (VNI) ${vni}.`,
          `Une interface VXLAN doit savoir vers quel hôte envoyer une trame. Elle l’apprend des paquets qui arrivent. Pour les adresses qu’elle n’a pas apprises, et pour les diffusions comme ARP, il lui faut une entrée pour \`00:00:00:00:00:00\` : les envoyer à l’autre hôte. Le pilote de Docker remplit lui-même cette table et répond aux requêtes ARP sur l’hôte ; un VXLAN sans contrôleur utilise le multicast.`,
          `Une paire veth relie chaque conteneur au pont, sous le nom \`${containerDevice}\`, avec les adresses \`${overlay.alpha}\` et \`${overlay.beta}\` : un seul sous-réseau, sur deux hôtes.`,
        ],
        notice: [
          `La MTU de \`${vxlanLink}\` est ${OVERLAY_MTU}, bien que personne ne l’ait réglée : le noyau retranche ${OVERHEAD} octets d’en-têtes des ${UNDERLAY_MTU} de \`${underlayLink}\`. Le pont et la paire ont la même MTU.`,
          `\`${bridge}\` n’a pas d’adresse. Les conteneurs n’ont pas besoin de passerelle pour se joindre : ils sont voisins.`,
          `Chaque conteneur répond par son propre texte : c’est donc bien l’autre qui a été joint.`,
        ],
      },
      lookInside: {
        title: 'À l’intérieur : ce qui passe par le câble',
        text: [
          `Les pings montrent que l’overlay fonctionne, mais pas comment. Deux compteurs sont donc posés : sur \`alpha\` pour les paquets qui partent, sur \`beta\` pour ceux qui arrivent. Ils reconnaissent les adresses extérieures, le port et, avec \`@th,96,24\`, les 24 bits du VNI, 96 bits après le début de l’en-tête UDP. La règle d’\`alpha\` reconnaît aussi les adresses intérieures, celles des conteneurs.`,
          `Une capture, \`tcpdump -i ${underlayLink} udp port ${port}\`, montre la même chose, mais il faut être root sur la machine.`,
        ],
        notice: [
          `\`ip -details link\` donne toutes les propriétés du tunnel : \`vxlan id ${vni}\`, \`local\`, \`dev ${underlayLink}\`, \`dstport ${port}\`, \`mtu ${OVERLAY_MTU}\`.`,
          `\`bridge fdb\` liste deux fois l’adresse MAC de l’autre conteneur : le pont a appris qu’elle est derrière \`${vxlanLink}\`, et l’interface VXLAN qu’elle est derrière l’autre hôte (\`dst\`).`,
          `Le conteneur n’en sait rien : dans sa table de voisinage, l’autre conteneur est un voisin comme un autre.`,
        ],
      },
      isolation: {
        title: 'L’isolation : un autre identifiant, un autre réseau, un octet de trop',
        text: [
          `Le VNI sépare les overlays de nombreux locataires sur un même underlay. Une interface VXLAN ne peut pas en changer : sur \`beta\`, elle est supprimée puis refaite, avec le VNI ${wrongVni}. Les contrôles viennent d’abord : les hôtes se joignent, chaque conteneur joint sa passerelle. Les conteneurs ne se joignent pas, alors que les paquets arrivent à \`beta\` : le compteur le montre. Aucune interface n’a leur VNI, et le noyau les jette. Avec le VNI ${vni}, tout fonctionne de nouveau.`,
          `Un conteneur du même hôte, mais d’un autre réseau, \`${strangerContainer}\` sur \`${strangerNetwork}\`, répond à \`alpha\` et reste hors de portée de \`${alphaContainer}\`.`,
          `La dernière limite est la MTU. Un ping avec ${PING_SIZES.fits} octets de données est un paquet de ${OVERLAY_MTU} octets, et passe. Un octet de plus ne passe pas : les fragments sont interdits (\`-M do\`), comme TCP les interdit aussi.`,
        ],
        notice: [
          `Personne ne signale le mauvais VNI : \`${vxlanLink}\` existe sur les deux hôtes, avec son port et sa MTU. Seul le silence le montre, et le compteur des paquets qui arrivent en vain.`,
          `Sur l’underlay, ${PING_SIZES.underlay} octets passent en un paquet. La différence de ${OVERHEAD} octets, ce sont les en-têtes du tunnel. Un underlay dont la MTU est plus petite est la panne la plus fréquente des vrais overlays : les petits paquets passent, les grands sont perdus.`,
        ],
      },
      failure: {
        title: 'Une panne : sain, et coupé',
        text: [
          `Une règle de pare-feu sur \`alpha\` jette le port UDP ${port}, comme peut le faire le pare-feu d’un centre de données. L’underlay répond, le tunnel est actif avec toutes ses propriétés, et aucun ping ne passe. Avec Swarm, \`docker node ls\` afficherait les deux nœuds comme \`Ready\` : ils se parlent par les ports TCP 2377 et 7946.`,
          `La règle est retirée, par l’annulation qui a été notée avant qu’elle soit posée, et l’overlay fonctionne de nouveau.`,
        ],
        notice: [
          `La bonne santé n’est pas une preuve : seul un essai du chemin dont on a besoin prouve qu’il fonctionne.`,
          `Le compteur de la règle montre que c’est elle qui a jeté les paquets, et non autre chose.`,
        ],
      },
      encrypted: { title: 'Le chiffrement : seulement par des moteurs Docker', text: [], notice: [] },
      teardown: {
        title: 'Tout démonter',
        text: [
          `Les conteneurs partent d’abord, avec les compteurs. Avec l’espace de noms réseau d’un conteneur disparaît son bout de la paire, et avec lui \`${hostLink}\` sur l’hôte. Puis les tunnels, les ponts et les réseaux sont supprimés sur les deux hôtes, et le câble en dernier.`,
        ],
        notice: [
          `Seuls les conteneurs, les compteurs, les interfaces et les réseaux sont supprimés. Les ports, les entrées de commutation et les adresses finissent avec leurs interfaces : le registre dit ce qui a été annulé, et ce qui a disparu.`,
          `À la fin, chaque hôte a \`lo\` et rien d’autre.`,
        ],
      },
      verification: {
        title: 'La preuve qu’il ne reste rien',
        text: [
          `Avant la première modification, wf a pris une empreinte de chaque hôte : interfaces, adresses, routes, entrées de commutation, règles de pare-feu, réseaux et conteneurs. Il en prend maintenant une autre de chacun et les compare.`,
        ],
        notice: [
          `« Il ne reste rien » est aussi un résultat négatif. Son contrôle : après chaque modification, l’étape l’a relue sur l’hôte, par des lectures comme celles de l’empreinte.`,
        ],
      },
    },
    steps: {
      createCable: 'Créer le câble entre les hôtes',
      findBeta: 'Trouver l’espace de noms réseau de `beta`',
      plugIntoBeta: 'Déplacer un bout du câble dans `beta`',
      ...stepsOn('alpha', told),
      ...stepsOn('beta', told),
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
      strangerContainer: `Y lancer \`${strangerContainer}\``,
      removeTunnel: 'Supprimer l’interface VXLAN de `beta`',
      settleTunnel: 'Mettre le registre en accord avec ce qui a fini avec elle',
      ...tunnelSteps('beta', 'Wrong', wrongVni, told),
      controlUnderlay: 'Contrôle : les hôtes se joignent',
      controlAlphaGateway: `Contrôle : \`${alphaContainer}\` joint sa passerelle`,
      controlBetaGateway: `Contrôle : \`${betaContainer}\` joint sa passerelle`,
      controlStranger: `Contrôle : \`${strangerContainer}\` répond à \`alpha\``,
      readWrongVxlan: `Lire l’interface VXLAN de \`beta\` : VNI ${wrongVni}`,
      readArrivedBeforeWrong: 'Lire le compteur sur `beta`',
      pingWrongVni: `Ping vers \`${betaContainer}\` depuis \`${alphaContainer}\` : aucune réponse ne doit venir`,
      fetchWrongVni: `Lire la page de \`${alphaContainer}\` depuis \`${betaContainer}\` : aucune réponse ne doit venir`,
      pingStranger: `Ping vers \`${strangerContainer}\` depuis \`${alphaContainer}\` : aucune réponse ne doit venir`,
      pingFromStranger: `Ping vers \`${alphaContainer}\` depuis \`${strangerContainer}\` : aucune réponse ne doit venir`,
      readArrivedAfterWrong: 'Lire de nouveau le compteur sur `beta` : les paquets sont arrivés',
      removeWrongTunnel: `Supprimer l’interface VXLAN avec le VNI ${wrongVni}`,
      settleWrongTunnel: 'Mettre le registre en accord avec ce qui a fini avec elle',
      ...tunnelSteps('beta', 'Mended', vni, told),
      pingMended: `De nouveau, ping vers \`${betaContainer}\` depuis \`${alphaContainer}\``,
      fetchMended: `De nouveau, lire la page de \`${alphaContainer}\` depuis \`${betaContainer}\``,
      readMendedVxlan: `Lire l’interface VXLAN de \`beta\` : VNI ${vni}`,
      mtuUnderlay: `Contrôle : ${PING_SIZES.underlay} octets passent en un paquet sur l’underlay`,
      mtuFits: `${PING_SIZES.fits} octets passent en un paquet sur l’overlay`,
      mtuTooLarge: `${PING_SIZES.tooLarge} octets ne passent pas`,
      dropOverlay: `Jeter le port UDP ${port} sur \`alpha\``,
      controlUnderlayWhileDropped: 'Contrôle : les hôtes se joignent',
      readVxlanWhileDropped: 'Lire l’interface VXLAN d’`alpha` : elle est comme avant',
      pingWhileDropped: `Ping vers \`${betaContainer}\` depuis \`${alphaContainer}\` : aucune réponse ne doit venir`,
      readDropped: 'Lire le compteur de la règle : elle a jeté des paquets',
      takeBack: 'Retirer la règle',
      pingTakenBack: `De nouveau, ping vers \`${betaContainer}\` depuis \`${alphaContainer}\``,
      removeStranger: `Supprimer \`${strangerContainer}\` et son réseau`,
      removeCounters: 'Supprimer les compteurs',
      removeCable: 'Supprimer le câble',
      settleSegments: 'Mettre le registre en accord avec ce qui a fini avec les tunnels et les ponts',
      settleCable: 'Mettre le registre en accord avec ce qui a fini avec lui',
      verifyHost: 'Comparer les deux hôtes à ce qu’ils étaient',
    },
    drawings: {
      together: {
        title: 'L’overlay : deux conteneurs, un réseau',
        text: `Les trames vont de \`${containerDevice}\`, par \`${hostLink}\` et \`${bridge}\`, dans \`${vxlanLink}\`, puis par le câble dans des paquets UDP.`,
      },
      apart: {
        title: 'Deux identifiants : deux réseaux',
        text: `Les mêmes interfaces sur les deux hôtes, mais les tunnels ont les VNI ${vni} et ${wrongVni} : rien ne passe.`,
      },
      dropped: {
        title: 'Sain, et coupé',
        text: `\`${vxlanLink}\` d’\`alpha\` a toutes ses propriétés, et une règle y jette les paquets du tunnel.`,
      },
    },
    on: (host) => `hôte ${host}`,
    cable: 'câble',
    underlayBox: 'underlay',
    dropsOverlay: `jette UDP ${port}`,
    pings: pingsText,
    fetched: (said) => (said === null ? 'pas de réponse HTTP' : `HTTP « ${said} »`),
    addresses: { title: 'Adresses', columns: ['Où', 'Interface', 'Adresse', 'Adresse MAC', 'MTU'] },
    headers: { title: 'Un paquet de l’overlay sur le câble', columns: ['Couche', 'Octets', 'Contenu'] },
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

/** Steps that are carried out on each host. */
function stepsOn(host: Host, told: Told): Readonly<Record<string, string>> {
  const { network, underlayLink, bridge, hostLink, containerLink, containerDevice, vni } = told;
  const [own, other] =
    host === 'alpha' ? [told.alphaContainer, told.betaContainer] : [told.betaContainer, told.alphaContainer];
  const name = (step: string) => `${host}${step}`;
  return {
    [name('UnderlayAddress')]: `Donner son adresse à \`${underlayLink}\`, sur \`${host}\``,
    [name('UnderlayUp')]: `Activer \`${underlayLink}\` sur \`${host}\``,
    [name('UnderlayLinks')]: `Lister les interfaces de \`${host}\``,
    [name('PingsUnderlay')]: `Ping vers l’autre hôte depuis \`${host}\``,
    [name('Image')]: `S’assurer que l’image est là sur \`${host}\``,
    [name('Network')]: `Créer le réseau \`${network}\` sur \`${host}\``,
    [name('Container')]: `Y lancer \`${own}\``,
    [name('Bridge')]: `Créer le pont \`${bridge}\` sur \`${host}\``,
    [name('BridgeUp')]: `Activer \`${bridge}\``,
    ...tunnelSteps(host, '', vni, told),
    [name('Pair')]: `Créer la paire veth \`${hostLink}\` et \`${containerLink}\` sur \`${host}\``,
    [name('PairPort')]: `Brancher \`${hostLink}\` sur \`${bridge}\``,
    [name('PairUp')]: `Activer \`${hostLink}\``,
    [name('PairMove')]: `Déplacer \`${containerLink}\` dans \`${own}\`, sous le nom \`${containerDevice}\``,
    [name('DeviceAddress')]: `Donner son adresse à \`${containerDevice}\``,
    [name('DeviceUp')]: `Activer \`${containerDevice}\``,
    [name('Links')]: `Lire les adresses et les routes dans \`${own}\``,
    [name('Pings')]: `Ping vers \`${other}\` depuis \`${own}\``,
    [name('Fetches')]: `Lire la page de \`${other}\` depuis \`${own}\``,
    [name('ReadVxlan')]: `Lire l’interface VXLAN de \`${host}\``,
    [name('Forwarding')]: `Lire la table de commutation de \`${host}\``,
    [name('Neighbours')]: `Lire la table de voisinage de \`${own}\``,
    [name('RemoveContainer')]: `Supprimer \`${own}\``,
    [name('SettlePair')]: 'Retirer ce qui reste de la paire, qui disparaît avec son conteneur',
    [name('RemoveTunnel')]: `Supprimer l’interface VXLAN de \`${host}\``,
    [name('RemoveBridge')]: `Supprimer le pont de \`${host}\``,
    [name('RemoveNetwork')]: `Supprimer le réseau \`${network}\` de \`${host}\``,
    [name('Alone')]: `S’assurer que \`${host}\` n’a que les interfaces d’avant`,
  };
}

/** Steps that make a tunnel. */
function tunnelSteps(host: Host, variant: string, vni: number, { bridge, vxlanLink }: Told) {
  return {
    [`${host}Vxlan${variant}`]: `Créer \`${vxlanLink}\` sur \`${host}\` avec le VNI ${vni}`,
    [`${host}VxlanPort${variant}`]: `Brancher \`${vxlanLink}\` sur \`${bridge}\``,
    [`${host}Flooding${variant}`]: `Envoyer à l’autre hôte les trames vers des adresses inconnues`,
    [`${host}VxlanUp${variant}`]: `Activer \`${vxlanLink}\``,
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
    `alpha a ${alpha}, beta a ${beta}${areAll ? ', et rien d’autre' : ''} ; ${there}, et ${back} au retour`,
  swarm: (nodes) =>
    nodes
      .map(({ role, state, reachability, address }) =>
        [`${role} ${address} ${state}`, ...(reachability === null ? [] : [reachability])].join(', '),
      )
      .join(' ; '),
  overlay: (there, back) => `${there.pings} et ${there.said} ; au retour ${back.pings} et ${back.said}`,
  names: (there, back) =>
    [there, back].map(({ name, address, pings, said }) => `${name} est ${address}, ${pings} et ${said}`).join(' ; '),
  encapsulated: (sent, arrived, outer, cable) =>
    `${sent} paquets sont partis en ${outer}, ${arrived} sont arrivés${
      cable === null ? '' : ` ; le câble en a porté ${cable.out} à l’aller et ${cable.into} au retour`
    }`,
  isolated: (vnis, across, control, arrived, mended) =>
    `${vnis} : ${across} alors que l’underlay a répondu ${control} ; ${arrived} paquets sont arrivés en vain ; réparé : ${mended}`,
  otherNetwork: (there, back, control) =>
    `${there} vers un conteneur d’un autre réseau de l’hôte, ${back} en retour, alors qu’il a répondu à l’hôte : ${control}`,
  otherOverlay: (vnis, across, controls, isUnknown) =>
    `${vnis} : ${across.there}, ${across.back} au retour, alors que chaque overlay a répondu en son sein : ${controls.own} et ${controls.other} ; le nom est ${isUnknown ? 'inconnu' : 'resté sans réponse'}`,
  sameHost: (across, control) =>
    `${across} vers un conteneur de l’autre overlay sur le même hôte, alors qu’il a joint le sien : ${control}`,
  mtu: (mtu, fits, tooLarge, underlay) =>
    `${mtu} octets : ${fits.size} de données, ${fits.pings} ; ${tooLarge.size}, ${tooLarge.pings} ; sur l’underlay ${underlay.size}, ${underlay.pings}`,
  link: ({ link, up }) => `${link} est ${up ? 'active' : 'inactive'}`,
  nodes: (nodes) => `les deux nœuds sont ${[...new Set(nodes.map(({ state }) => state))].join(', ')}`,
  healthy: (health, across, dropped, control, after) =>
    `${health}, et ${across} (${dropped} paquets jetés) alors que l’underlay a répondu ${control} ; règle retirée : ${after}`,
  encrypted: (pings, sent, arrived) => `${pings} ; ${sent} paquets ESP sont partis, ${arrived} sont arrivés`,
  notEncrypted: (reason) =>
    `non essayé : ce noyau ne peut pas chiffrer de paquets${reason === null ? '' : ` (${reason})`}`,
};
