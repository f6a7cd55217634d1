/** The Debian package that brings a program wf uses. */
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
  git: 'git',
  busybox: 'busybox-static',
  brctl: 'bridge-utils',
};

/** What to do about a missing program, as a sentence. */
export function howToInstall(program: string): string {
  const debianPackage = Object.hasOwn(DEBIAN_PACKAGES, program) ? DEBIAN_PACKAGES[program] : undefined;
  if (debianPackage === undefined) return `Install ${program}, or put the folder it is in on PATH.`;
  return `Install it: \`sudo apt-get install ${debianPackage}\` (the package ${debianPackage} on Debian and Ubuntu).`;
}
