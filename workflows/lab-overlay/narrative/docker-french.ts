import { OVERHEAD, OVERLAY_MTU, PING_SIZES } from '../input.ts';
import type { DockerTexts, LabFacts, StepTexts } from './texts.ts';

/** Returns the French texts of a lab whose hosts have Docker engines. */
export function dockerFrench(facts: LabFacts): DockerTexts {
  const { alphaContainer, betaContainer, strangerContainer, remoteStranger, overlayNetwork, strangerNetwork } = facts;
  const { encryptedNetwork, underlayLink, port, underlay, hasCable } = facts;
  return {
    title: 'Deux hôtes, un réseau : un réseau overlay de Docker',
    introduction: [
      `Un pont relie les conteneurs d’un même hôte. Un réseau overlay relie ceux de plusieurs hôtes, comme s’ils étaient sur le même pont. Docker a un pilote pour cela, \`overlay\`. Le protocole sous-jacent est VXLAN : chaque trame Ethernet d’un conteneur voyage d’un hôte à l’autre dans un paquet UDP.`,
      `Cette exécution a deux hôtes, \`alpha\` et \`beta\`, chacun avec son propre moteur Docker. Les moteurs forment un Swarm, qui crée l’overlay. L’exécution inspecte ensuite ce que Docker a créé, montre ce que l’overlay isole, le coupe et supprime tout. Sans moteurs, le même TP construit l’overlay à la main, avec les commandes que le pilote de Docker lance ici.`,
      `wf a lancé chaque commande ci-dessous pendant cette exécution ; la sortie qui suit est réelle. Pour les requêtes adressées au moteur ou au noyau, le compte rendu affiche la commande équivalente.`,
    ],
    stages: {
      underlay: {
        title: 'L’underlay : deux hôtes qui se joignent',
        text: [
          `L’underlay est le réseau qui porte un overlay. Les hôtes y ont les adresses \`${underlay.alpha}\` et \`${underlay.beta}\`.`,
          hasCable
            ? `Ici, c’est une paire veth avec un bout dans chaque hôte, qui sert de câble. Les deux bouts s’appellent \`${underlayLink}\`. Deux moteurs d’une même machine n’ont rien d’autre en commun.`
            : `Ici, il existait avant l’exécution, qui montre seulement que les hôtes se joignent.`,
        ],
        notice: [
          `Un Swarm a besoin de trois ports entre ses nœuds : TCP 2377 (les managers), TCP et UDP 7946 (les échanges entre tous les nœuds) et UDP \`${port}\` (les paquets des overlays). Les configurations de pare-feu oublient souvent le dernier.`,
        ],
      },
      swarm: {
        title: 'Le Swarm : un manager et un worker',
        text: [
          `\`docker swarm init\` fait d’\`alpha\` le manager d’un nouveau Swarm. Un manager tient la liste des nœuds et des réseaux. Il a un jeton d’adhésion : toute personne qui connaît ce jeton peut ajouter une machine au Swarm, c’est donc un secret. wf le lit sur \`alpha\` quand \`beta\` rejoint le Swarm, et ne l’écrit nulle part.`,
          `\`beta\` rejoint le Swarm comme worker : il fait tourner des conteneurs, et ne connaît du Swarm que ce dont il a besoin.`,
        ],
        notice: [
          `\`docker node ls\` affiche le rôle et l’état de chaque nœud et, pour les managers, l’accessibilité. Un manager seul est un point de défaillance unique : sans lui, personne ne peut modifier le Swarm, même si les paquets passent encore.`,
          `Chaque moteur a créé un réseau bridge \`docker_gwbridge\`, la sortie des conteneurs dont l’autre réseau est un overlay, et un espace de noms pour \`ingress\`, le réseau des ports publiés.`,
        ],
      },
      overlay: {
        title: 'L’overlay : un réseau, un conteneur sur chaque hôte',
        text: [
          `\`docker network create --driver overlay --attachable\` sur le manager crée \`${overlayNetwork}\`. Sans \`--attachable\`, seuls les services du Swarm pourraient l’utiliser. L’exécution lance ensuite \`${alphaContainer}\` sur \`alpha\` et \`${betaContainer}\` sur \`beta\`, tous deux sur ce réseau.`,
          `Chaque conteneur joint l’autre par son adresse et par son nom. Le serveur de noms d’un conteneur est son propre moteur, à l’adresse \`127.0.0.11\` ; les moteurs s’annoncent leurs conteneurs les uns aux autres.`,
        ],
        notice: [
          `\`beta\` ne liste pas \`${overlayNetwork}\` tant qu’aucun de ses conteneurs ne l’utilise : un worker ne reçoit que les réseaux dont il a besoin.`,
          `Chaque conteneur répond avec son propre texte : la réponse vient donc bien de l’autre conteneur.`,
          `L’interface sur l’overlay a la MTU ${OVERLAY_MTU}. L’autre interface mène à \`docker_gwbridge\`.`,
        ],
      },
      lookInside: {
        title: 'À l’intérieur de l’overlay : l’espace de noms que Docker crée',
        text: [
          `Un hôte ne liste pas l’overlay parmi ses interfaces. Docker l’a mis dans un espace de noms réseau à part, sans nom, sous \`netns/\` dans le dossier du moteur : \`1-\` et les dix premiers caractères de l’identifiant du réseau. Cet espace contient un pont, une interface VXLAN avec l’identifiant de réseau (VNI) que le Swarm a choisi, et un bout de paire veth pour chaque conteneur.`,
          `Deux compteurs montrent ce qui passe par l’underlay : sur \`alpha\` les paquets qui partent, sur \`beta\` ceux qui arrivent. Ils reconnaissent les adresses extérieures, le port et, avec \`@th,96,24\`, les 24 bits du VNI. La règle sur \`alpha\` reconnaît aussi les adresses intérieures, celles des conteneurs.`,
        ],
        notice: [
          `L’interface VXLAN n’apprend rien des paquets et ne diffuse rien. Chaque moteur annonce aux autres les adresses de ses conteneurs, et tous les écrivent dans deux tables : \`bridge fdb\` a l’hôte (\`dst\`) derrière chaque adresse MAC, \`ip neighbour\` l’adresse MAC de chaque conteneur. Grâce à ces tables, l’hôte répond lui-même aux requêtes ARP (\`proxy\`).`,
          `La MTU ${OVERLAY_MTU} laisse de la place aux ${OVERHEAD} octets d’en-têtes du tunnel.`,
        ],
      },
      isolation: {
        title: 'L’isolation : un autre overlay, les mêmes hôtes, un octet de trop',
        text: [
          `Un deuxième overlay, \`${strangerNetwork}\`, a un autre VNI sur le même underlay. Il contient \`${strangerContainer}\` sur \`alpha\` et \`${remoteStranger}\` sur \`beta\`. Les contrôles viennent d’abord : les hôtes se joignent, et les conteneurs aussi, à l’intérieur de chaque overlay. Rien ne passe entre les overlays, ni vers l’autre hôte ni vers \`${strangerContainer}\` sur le même hôte, et le nom \`${remoteStranger}\` est inconnu d’\`${alphaContainer}\`.`,
          `La dernière limite est la MTU. Un ping avec ${PING_SIZES.fits} octets de données est un paquet de ${OVERLAY_MTU} octets, et passe. Avec un octet de plus, il ne passe pas : le ping interdit la fragmentation (\`-M do\`), comme le fait aussi TCP.`,
        ],
        notice: [
          `Les paquets des deux overlays passent par les mêmes hôtes, le même port et le même underlay. Seuls les 24 bits du VNI les distinguent.`,
          `Sur l’underlay, ${PING_SIZES.underlay} octets passent en un paquet. Un underlay dont la MTU est plus petite est la panne la plus fréquente des vrais overlays : les petits paquets passent, les grands sont perdus.`,
        ],
      },
      failure: {
        title: 'Une panne : les deux nœuds sont prêts, mais rien ne passe',
        text: [
          `Une règle de pare-feu sur \`alpha\` jette le port UDP ${port}, comme peut le faire le pare-feu d’un centre de données. \`docker node ls\` affiche les deux nœuds comme prêts : ils communiquent par d’autres ports. Mais aucun ping ne passe.`,
          `Avant d’ajouter la règle, l’exécution a noté comment l’annuler. Elle annule maintenant la règle, et l’overlay fonctionne de nouveau.`,
        ],
        notice: [
          `La bonne santé n’est pas une preuve : seul un essai du chemin nécessaire prouve que ce chemin fonctionne.`,
          `Le compteur de la règle montre que c’est cette règle qui a jeté les paquets, et rien d’autre.`,
        ],
      },
      encrypted: {
        title: 'Le chiffrement : ce noyau en est-il capable ?',
        text: [
          `Avec \`--opt encrypted\`, les moteurs conviennent de clés, et le noyau met les paquets d’un overlay dans ESP (IPsec). Tous les noyaux n’en sont pas capables, et Docker ne le signale pas : les conteneurs démarrent, mais rien ne passe. L’exécution teste donc d’abord chaque hôte, avec \`ip xfrm state add\` dans un espace de noms qu’elle crée pour ce test.`,
          `Si les deux noyaux peuvent chiffrer, l’exécution crée un troisième overlay, \`${encryptedNetwork}\`, avec cette option, et des compteurs montrent ESP sur l’underlay. Sinon, l’étape s’arrête là, et les résultats indiquent pourquoi.`,
        ],
        notice: [
          `Un overlay sans cette option n’est pas chiffré : toute personne qui voit les paquets de l’underlay peut lire ceux des conteneurs.`,
        ],
      },
      teardown: {
        title: 'Le démontage',
        text: [
          `L’exécution supprime d’abord les conteneurs et les compteurs, puis les réseaux. Pendant ce temps, \`beta\` quitte le Swarm et disparaît de la liste du manager. Puis \`alpha\` le quitte, ce qui met fin au Swarm.`,
        ],
        notice: [
          `\`docker swarm leave\` laisse des objets : le réseau \`docker_gwbridge\`, des règles de pare-feu, des espaces de noms. Ils sont au registre de l’action qui les a causés : l’exécution les supprime donc aussi, sauf s’ils existaient avant.`,
        ],
      },
      verification: {
        title: 'La preuve qu’il ne reste rien',
        text: [
          `Avant la première modification, wf a pris une empreinte de chaque hôte : interfaces, adresses, routes, entrées de commutation, règles de pare-feu, réseaux, conteneurs et Swarm. Il en prend maintenant une autre de chacun et les compare.`,
        ],
        notice: [
          `« Il ne reste rien » est aussi un résultat négatif. Son contrôle : après chaque modification, l’action a relu la modification sur l’hôte, par des lectures comme celles de l’empreinte.`,
        ],
      },
    },
    drawings: {
      together: {
        title: 'L’overlay : deux conteneurs, un réseau',
        text: `Les trames vont de chaque conteneur, par le pont et l’interface VXLAN dans l’espace de noms de Docker, puis par l’underlay dans des paquets UDP.`,
      },
      apart: {
        title: 'Deux overlays : deux réseaux',
        text: `Les deux overlays passent par le même underlay, avec deux identifiants de réseau : rien ne passe de l’un à l’autre.`,
      },
      dropped: {
        title: 'Prêts, mais coupés',
        text: `Les deux nœuds sont prêts, mais une règle sur \`alpha\` jette les paquets du tunnel.`,
      },
    },
  };
}

/** Returns the French texts of the steps on Docker engines. */
export function dockerStepsInFrench(facts: LabFacts): StepTexts {
  const { alphaContainer, betaContainer, strangerContainer, remoteStranger } = facts;
  const { overlayNetwork, strangerNetwork, encryptedNetwork, encryptedAlpha, encryptedBeta } = facts;
  return {
    initSwarm: 'Créer un Swarm avec `alpha` comme manager',
    joinSwarm: 'Faire entrer `beta` dans le Swarm, comme worker',
    readNodes: 'Lister les nœuds : les deux sont prêts',
    overlayNetwork: `Créer le réseau overlay \`${overlayNetwork}\` sur le manager`,
    strangerOverlay: `Créer un deuxième réseau overlay, \`${strangerNetwork}\``,
    strangerOnAlpha: `Lancer \`${strangerContainer}\` sur le réseau \`${strangerNetwork}\`, sur \`alpha\``,
    strangerOnBeta: `Lancer \`${remoteStranger}\` sur le réseau \`${strangerNetwork}\`, sur \`beta\``,
    controlAcross: `Contrôle : \`${alphaContainer}\` joint \`${betaContainer}\``,
    controlStrangers: `Contrôle : \`${strangerContainer}\` joint \`${remoteStranger}\``,
    controlStrangerPage: `Contrôle : \`${remoteStranger}\` répond par HTTP`,
    controlStrangerName: `Contrôle : \`${strangerContainer}\` résout le nom \`${remoteStranger}\``,
    readOtherOverlay: 'Lire l’interface VXLAN du deuxième overlay',
    pingRemoteStranger: `Ping vers \`${remoteStranger}\` depuis \`${alphaContainer}\` : il ne doit pas répondre`,
    fetchRemoteStranger: `Lire la page de \`${remoteStranger}\` depuis \`${alphaContainer}\` : il ne doit pas répondre`,
    pingLocalStranger: `Ping vers \`${strangerContainer}\` depuis \`${alphaContainer}\` sur le même hôte : il ne doit pas répondre`,
    pingAsStranger: `Ping vers \`${betaContainer}\` depuis \`${strangerContainer}\` : il ne doit pas répondre`,
    nameOfStranger: `Résoudre le nom \`${remoteStranger}\` depuis \`${alphaContainer}\` : il doit être inconnu`,
    readNodesWhileDropped: 'Lister les nœuds : les deux sont prêts',
    alphaIpsec: 'Vérifier si le noyau d’`alpha` peut chiffrer des paquets',
    betaIpsec: 'Vérifier si le noyau de `beta` peut chiffrer des paquets',
    encryptedOverlay: `Créer le réseau overlay chiffré \`${encryptedNetwork}\``,
    alphaEncrypted: `Lancer \`${encryptedAlpha}\` sur le réseau \`${encryptedNetwork}\`, sur \`alpha\``,
    betaEncrypted: `Lancer \`${encryptedBeta}\` sur le réseau \`${encryptedNetwork}\`, sur \`beta\``,
    countEncrypted: 'Compter les paquets ESP qui quittent `alpha`',
    countDecrypted: 'Compter les paquets ESP qui arrivent à `beta`',
    pingEncrypted: `Ping vers \`${encryptedBeta}\` depuis \`${encryptedAlpha}\``,
    readEncrypted: 'Lire le compteur sur `alpha`',
    readDecrypted: 'Lire le compteur sur `beta`',
    removeAlphaContainer: `Supprimer \`${alphaContainer}\``,
    removeBetaContainer: `Supprimer \`${betaContainer}\``,
    removeStrangerOnAlpha: `Supprimer \`${strangerContainer}\``,
    removeStrangerOnBeta: `Supprimer \`${remoteStranger}\``,
    removeEncrypted: 'Supprimer les conteneurs du réseau chiffré et les compteurs ESP',
    removeOverlays: 'Supprimer les réseaux overlay',
    betaLeaves: 'Faire quitter le Swarm à `beta`',
    alphaLeaves: 'Faire quitter le Swarm à `alpha`, ce qui y met fin',
    ...hostSteps('alpha', overlayNetwork, alphaContainer, betaContainer),
    ...hostSteps('beta', overlayNetwork, betaContainer, alphaContainer),
  };
}

function hostSteps(host: string, network: string, own: string, other: string): StepTexts {
  return {
    [`${host}OverlayContainer`]: `Lancer \`${own}\` sur le réseau \`${network}\`, sur \`${host}\``,
    [`${host}Resolves`]: `Résoudre le nom \`${other}\` avec le serveur de noms d’\`${own}\``,
    [`${host}PingsName`]: `Ping depuis \`${own}\` vers l’adresse obtenue`,
    [`${host}FetchesName`]: `Lire depuis \`${own}\` la page à l’adresse obtenue`,
    [`${host}ReadOverlay`]: `Lire l’overlay dans son espace de noms sans nom sur \`${host}\``,
  };
}
