import { OVERHEAD, OVERLAY_MTU, PING_SIZES } from '../input.ts';
import type { DockerTexts, StepTexts, Told } from './texts.ts';

/** The French texts of a lab whose hosts have Docker engines. */
export function dockerFrench(told: Told): DockerTexts {
  const { alphaContainer, betaContainer, strangerContainer, remoteStranger, overlayNetwork, strangerNetwork } = told;
  const { encryptedNetwork, underlayLink, port, underlay, hasCable } = told;
  return {
    title: 'Deux hôtes, un réseau : un réseau overlay de Docker',
    introduction: [
      `Un pont relie les conteneurs d’un même hôte. Un réseau overlay relie ceux de plusieurs hôtes, comme s’ils étaient sur le même pont. Docker a un pilote pour cela, \`overlay\`. En dessous, il y a VXLAN : chaque trame Ethernet d’un conteneur voyage d’un hôte à l’autre dans un paquet UDP.`,
      `Cette exécution a deux hôtes, \`alpha\` et \`beta\`, chacun avec son propre moteur Docker. Les moteurs forment un Swarm, qui crée l’overlay. Puis le TP regarde ce que Docker a fait, montre ce que l’overlay sépare, le coupe et démonte tout. Le même TP sans moteurs fait l’overlay à la main, avec les commandes que le pilote de Docker exécute ici.`,
      `Chaque commande ci-dessous a été lancée pendant cette exécution, et ce qui la suit est ce qu’elle a répondu. Ce que wf a demandé directement au moteur ou au noyau est présenté sous la forme de la commande qu’une personne aurait tapée.`,
    ],
    stages: {
      underlay: {
        title: 'L’underlay : deux hôtes qui se joignent',
        text: [
          `Le réseau qui porte un overlay s’appelle l’underlay. Les hôtes y ont les adresses \`${underlay.alpha}\` et \`${underlay.beta}\`.`,
          hasCable
            ? `Ici, c’est une paire veth avec un bout dans chaque hôte. Les deux bouts s’appellent \`${underlayLink}\`. Deux moteurs d’une même machine n’ont rien d’autre en commun.`
            : `Ici, il existait déjà : l’exécution montre seulement que les hôtes se joignent.`,
        ],
        notice: [
          `Un Swarm a besoin de trois ports entre ses nœuds : TCP 2377 (les managers), TCP et UDP 7946 (les nouvelles de tous les nœuds) et UDP \`${port}\` (les paquets des overlays). Le dernier est celui que les pare-feu oublient.`,
        ],
      },
      swarm: {
        title: 'Le Swarm : un manager et un worker',
        text: [
          `\`docker swarm init\` fait d’\`alpha\` le manager d’un nouveau Swarm. Un manager tient la liste des nœuds et des réseaux. Il a un jeton d’adhésion : qui le connaît peut ajouter une machine au Swarm, c’est donc un secret. wf le lit sur \`alpha\` quand \`beta\` rejoint le Swarm, et ne l’écrit nulle part.`,
          `\`beta\` rejoint le Swarm comme worker : il fait tourner des conteneurs, et ne sait du Swarm que ce dont il a besoin.`,
        ],
        notice: [
          `\`docker node ls\` affiche le rôle, l’état et, pour les managers, l’accessibilité de chaque nœud. Un seul manager est un point de défaillance unique : sans lui rien ne peut être modifié, même si les paquets passent encore.`,
          `Chaque moteur a créé un réseau bridge \`docker_gwbridge\`, la sortie des conteneurs dont l’autre réseau est un overlay, et un espace de noms pour \`ingress\`, le réseau des ports publiés.`,
        ],
      },
      overlay: {
        title: 'L’overlay : un réseau, un conteneur sur chaque hôte',
        text: [
          `\`docker network create --driver overlay --attachable\` sur le manager crée \`${overlayNetwork}\`. Sans \`--attachable\`, seuls les services du Swarm pourraient l’utiliser. Puis \`${alphaContainer}\` est lancé sur \`alpha\` et \`${betaContainer}\` sur \`beta\`, tous deux sur ce réseau.`,
          `Chaque conteneur joint l’autre par son adresse et par son nom. Le serveur de noms d’un conteneur est son propre moteur, à l’adresse \`127.0.0.11\` ; les moteurs s’annoncent leurs conteneurs les uns aux autres.`,
        ],
        notice: [
          `\`beta\` ne liste pas \`${overlayNetwork}\` tant qu’aucun de ses conteneurs ne l’utilise : un worker ne reçoit que les réseaux dont il a besoin.`,
          `Chaque conteneur répond par son propre texte : c’est donc bien l’autre qui a été joint.`,
          `L’interface sur l’overlay a la MTU ${OVERLAY_MTU}. L’autre mène à \`docker_gwbridge\`.`,
        ],
      },
      lookInside: {
        title: 'À l’intérieur : ce que Docker cache',
        text: [
          `L’overlay ne se voit pas parmi les interfaces d’un hôte. Docker l’a mis dans un espace de noms réseau à part, sans nom, sous \`netns/\` du dossier du moteur : \`1-\` et les dix premiers caractères de l’identifiant du réseau. Il contient un pont, une interface VXLAN avec l’identifiant de réseau (VNI) que le Swarm a choisi, et un bout de paire veth pour chaque conteneur.`,
          `Deux compteurs montrent ce qui passe par l’underlay : sur \`alpha\` les paquets qui partent, sur \`beta\` ceux qui arrivent. Ils reconnaissent les adresses extérieures, le port et, avec \`@th,96,24\`, les 24 bits du VNI. La règle d’\`alpha\` reconnaît aussi les adresses intérieures, celles des conteneurs.`,
        ],
        notice: [
          `L’interface VXLAN n’apprend rien des paquets et ne diffuse rien. Chaque moteur annonce aux autres les adresses de ses conteneurs, et les écrit dans deux tables : \`bridge fdb\` a l’hôte (\`dst\`) derrière chaque adresse MAC, \`ip neighbour\` l’adresse MAC de chaque conteneur. Grâce à elles, l’hôte répond lui-même aux requêtes ARP (\`proxy\`).`,
          `La MTU ${OVERLAY_MTU} laisse de la place aux ${OVERHEAD} octets d’en-têtes du tunnel.`,
        ],
      },
      isolation: {
        title: 'L’isolation : un autre overlay, les mêmes hôtes, un octet de trop',
        text: [
          `Un deuxième overlay, \`${strangerNetwork}\`, a un autre VNI sur le même underlay. \`${strangerContainer}\` sur \`alpha\` et \`${remoteStranger}\` sur \`beta\` y sont. Les contrôles viennent d’abord : les hôtes se joignent, et dans chaque overlay les conteneurs aussi. Entre les overlays rien ne passe, ni vers l’autre hôte ni vers \`${strangerContainer}\` sur le même hôte, et le nom \`${remoteStranger}\` est inconnu d’\`${alphaContainer}\`.`,
          `La dernière limite est la MTU. Un ping avec ${PING_SIZES.fits} octets de données est un paquet de ${OVERLAY_MTU} octets, et passe. Un octet de plus ne passe pas : les fragments sont interdits (\`-M do\`), comme TCP les interdit aussi.`,
        ],
        notice: [
          `Les paquets des deux overlays passent par les mêmes hôtes, le même port et le même câble. Seuls les 24 bits du VNI les distinguent.`,
          `Sur l’underlay, ${PING_SIZES.underlay} octets passent en un paquet. Un underlay dont la MTU est plus petite est la panne la plus fréquente des vrais overlays : les petits paquets passent, les grands sont perdus.`,
        ],
      },
      failure: {
        title: 'Une panne : les deux nœuds sont prêts, et rien ne passe',
        text: [
          `Une règle de pare-feu sur \`alpha\` jette le port UDP ${port}, comme peut le faire le pare-feu d’un centre de données. \`docker node ls\` affiche les deux nœuds comme prêts : ils se parlent par d’autres ports. Et aucun ping ne passe.`,
          `La règle est retirée, par l’annulation qui a été notée avant qu’elle soit posée, et l’overlay fonctionne de nouveau.`,
        ],
        notice: [
          `La bonne santé n’est pas une preuve : seul un essai du chemin dont on a besoin prouve qu’il fonctionne.`,
          `Le compteur de la règle montre que c’est elle qui a jeté les paquets, et non autre chose.`,
        ],
      },
      encrypted: {
        title: 'Le chiffrement : ce noyau en est-il capable ?',
        text: [
          `Avec \`--opt encrypted\`, les moteurs conviennent de clés, et le noyau met les paquets d’un overlay dans ESP (IPsec). Tous les noyaux n’en sont pas capables, et Docker ne le dit pas : les conteneurs démarrent, et rien ne passe. Chaque hôte est donc d’abord interrogé, avec \`ip xfrm state add\` dans un espace de noms fait pour cela.`,
          `Si les deux noyaux en sont capables, un troisième overlay, \`${encryptedNetwork}\`, est créé ainsi, et des compteurs montrent ESP sur l’underlay. Sinon, l’étape s’arrête là, et les preuves disent pourquoi.`,
        ],
        notice: [
          `Un overlay sans cette option n’est pas chiffré : qui voit les paquets de l’underlay peut lire ceux des conteneurs.`,
        ],
      },
      teardown: {
        title: 'Tout démonter',
        text: [
          `Les conteneurs et les compteurs partent d’abord, puis les réseaux. Pendant ce temps, \`beta\` quitte le Swarm et disparaît de la liste du manager ; puis \`alpha\` le quitte, et le Swarm n’existe plus.`,
        ],
        notice: [
          `\`docker swarm leave\` laisse des restes : le réseau \`docker_gwbridge\`, des règles de pare-feu, des espaces de noms. Ils sont au registre de l’étape qui les a causés, et sont supprimés aussi, sauf s’ils étaient là avant.`,
        ],
      },
      verification: {
        title: 'La preuve qu’il ne reste rien',
        text: [
          `Avant la première modification, wf a pris une empreinte de chaque hôte : interfaces, adresses, routes, entrées de commutation, règles de pare-feu, réseaux, conteneurs et Swarm. Il en prend maintenant une autre de chacun et les compare.`,
        ],
        notice: [
          `« Il ne reste rien » est aussi un résultat négatif. Son contrôle : après chaque modification, l’étape l’a relue sur l’hôte, par des lectures comme celles de l’empreinte.`,
        ],
      },
    },
    drawings: {
      together: {
        title: 'L’overlay : deux conteneurs, un réseau',
        text: `Les trames vont de chaque conteneur, par le pont et l’interface VXLAN que Docker cache, puis par l’underlay dans des paquets UDP.`,
      },
      apart: {
        title: 'Deux overlays : deux réseaux',
        text: `Les deux overlays passent par le même underlay, avec deux identifiants de réseau : rien ne passe de l’un à l’autre.`,
      },
      dropped: {
        title: 'Prêts, et coupés',
        text: `Les deux nœuds sont prêts, et une règle sur \`alpha\` jette les paquets du tunnel.`,
      },
    },
  };
}

/** The texts of the steps on Docker engines. */
export function dockerStepsInFrench(told: Told): StepTexts {
  const { alphaContainer, betaContainer, strangerContainer, remoteStranger } = told;
  const { overlayNetwork, strangerNetwork, encryptedNetwork, encryptedAlpha, encryptedBeta } = told;
  return {
    initSwarm: 'Faire d’`alpha` le manager d’un Swarm',
    joinSwarm: 'Faire entrer `beta` dans le Swarm, comme worker',
    readNodes: 'Lister les nœuds : les deux sont prêts',
    overlayNetwork: `Créer le réseau overlay \`${overlayNetwork}\` sur le manager`,
    strangerOverlay: `Créer un deuxième réseau overlay, \`${strangerNetwork}\``,
    strangerOnAlpha: `Y lancer \`${strangerContainer}\`, sur \`alpha\``,
    strangerOnBeta: `Y lancer \`${remoteStranger}\`, sur \`beta\``,
    controlAcross: `Contrôle : \`${alphaContainer}\` joint \`${betaContainer}\``,
    controlStrangers: `Contrôle : \`${strangerContainer}\` joint \`${remoteStranger}\``,
    controlStrangerPage: `Contrôle : \`${remoteStranger}\` répond par HTTP`,
    controlStrangerName: `Contrôle : \`${strangerContainer}\` connaît le nom \`${remoteStranger}\``,
    readOtherOverlay: 'Lire l’interface VXLAN du deuxième overlay',
    pingRemoteStranger: `Ping vers \`${remoteStranger}\` depuis \`${alphaContainer}\` : aucune réponse ne doit venir`,
    fetchRemoteStranger: `Lire la page de \`${remoteStranger}\` depuis \`${alphaContainer}\` : aucune réponse ne doit venir`,
    pingLocalStranger: `Ping vers \`${strangerContainer}\` depuis \`${alphaContainer}\` sur le même hôte : aucune réponse ne doit venir`,
    pingAsStranger: `Ping vers \`${betaContainer}\` depuis \`${strangerContainer}\` : aucune réponse ne doit venir`,
    nameOfStranger: `Demander \`${remoteStranger}\` depuis \`${alphaContainer}\` : le nom doit être inconnu`,
    readNodesWhileDropped: 'Lister les nœuds : les deux sont prêts',
    alphaIpsec: 'Le noyau d’`alpha` peut-il chiffrer des paquets ?',
    betaIpsec: 'Le noyau de `beta` peut-il chiffrer des paquets ?',
    encryptedOverlay: `Créer le réseau overlay chiffré \`${encryptedNetwork}\``,
    alphaEncrypted: `Y lancer \`${encryptedAlpha}\`, sur \`alpha\``,
    betaEncrypted: `Y lancer \`${encryptedBeta}\`, sur \`beta\``,
    countEncrypted: 'Compter les paquets ESP qui quittent `alpha`',
    countDecrypted: 'Compter les paquets ESP qui arrivent à `beta`',
    pingEncrypted: `Ping vers \`${encryptedBeta}\` depuis \`${encryptedAlpha}\``,
    readEncrypted: 'Lire le compteur sur `alpha`',
    readDecrypted: 'Lire le compteur sur `beta`',
    removeAlphaContainer: `Supprimer \`${alphaContainer}\``,
    removeBetaContainer: `Supprimer \`${betaContainer}\``,
    removeStrangerOnAlpha: `Supprimer \`${strangerContainer}\``,
    removeStrangerOnBeta: `Supprimer \`${remoteStranger}\``,
    removeEncrypted: 'Supprimer les conteneurs du réseau chiffré et les compteurs d’ESP',
    removeOverlays: 'Supprimer les réseaux overlay',
    betaLeaves: 'Faire quitter le Swarm à `beta`',
    alphaLeaves: 'Faire quitter le Swarm à `alpha`, ce qui y met fin',
    ...hostSteps('alpha', alphaContainer, betaContainer),
    ...hostSteps('beta', betaContainer, alphaContainer),
  };
}

function hostSteps(host: string, own: string, other: string): StepTexts {
  return {
    [`${host}OverlayContainer`]: `Y lancer \`${own}\`, sur \`${host}\``,
    [`${host}Resolves`]: `Demander \`${other}\` au serveur de noms d’\`${own}\``,
    [`${host}PingsName`]: `Ping vers l’adresse de ce nom depuis \`${own}\``,
    [`${host}FetchesName`]: `Lire la page à l’adresse de ce nom depuis \`${own}\``,
    [`${host}ReadOverlay`]: `Lire l’overlay dans son espace de noms caché sur \`${host}\``,
  };
}
