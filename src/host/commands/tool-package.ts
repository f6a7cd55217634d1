/** Debian packages of the programs that wf uses. */
const DEBIAN_PACKAGES: Readonly<Record<string, string>> = {
  ip: 'iproute2',
  bridge: 'iproute2',
  ss: 'iproute2',
  tc: 'iproute2',
  ping: 'iputils-ping',
  arping: 'iputils-arping',
  nsenter: 'util-linux',
  unshare: 'util-linux',
  setpriv: 'util-linux',
  'iptables-save': 'iptables',
  'ip6tables-save': 'iptables',
  iptables: 'iptables',
  nft: 'nftables',
  sysctl: 'procps',
  docker: 'docker.io',
  dockerd: 'docker.io',
  containerd: 'containerd',
  git: 'git',
  busybox: 'busybox-static',
  brctl: 'bridge-utils',
};

/** Returns a hint on how to install a missing program. */
export function howToInstall(program: string): string {
  const debianPackage = Object.hasOwn(DEBIAN_PACKAGES, program) ? DEBIAN_PACKAGES[program] : undefined;
  if (debianPackage === undefined) return `Install ${program}, or add its folder to PATH.`;
  return `Install it with \`sudo apt-get install ${debianPackage}\` (Debian and Ubuntu).`;
}
