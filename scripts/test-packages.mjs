// Installs what the tests need of Debian or Ubuntu: a Docker engine of their own, and the tools by which they look at the host.
// Needs root and apt-get; where there is neither it says what is missing, and the tests that need it say so again. Installs the servers that
// tests start, too, which are npm packages.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** Programs, and the package that has each. */
const PACKAGES = {
  dockerd: 'docker.io',
  docker: 'docker.io',
  iptables: 'iptables',
  ip: 'iproute2',
  tc: 'iproute2',
  nft: 'nftables',
  nsenter: 'util-linux',
  ping: 'iputils-ping',
  openssl: 'openssl',
  nginx: 'nginx-light',
  brctl: 'bridge-utils',
  busybox: 'busybox-static',
  curl: 'curl',
  faketime: 'faketime',
  fish: 'fish',
  strace: 'strace',
  'systemd-analyze': 'systemd',
  zsh: 'zsh',
};

const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/sbin', '/usr/bin', '/bin'];
const isThere = (program) => folders.some((folder) => folder !== '' && existsSync(path.join(folder, program)));
const missing = [...new Set(Object.keys(PACKAGES).flatMap((program) => (isThere(program) ? [] : [PACKAGES[program]])))];
// Either of them will do.
if (!isThere('chromium-headless-shell') && !isThere('chromium')) missing.push('chromium-headless-shell');

if (missing.length > 0 && (process.getuid?.() !== 0 || !isThere('apt-get'))) {
  process.stderr.write(`For all tests, install as root: apt-get install ${missing.join(' ')}\n`);
} else if (missing.length > 0) {
  process.stderr.write(`Installing ${missing.join(' ')} for the tests ...\n`);
  aptGet('update', '-qq');
  // No recommended packages, and no service started (RUNLEVEL): the tests run an engine of their own.
  aptGet('install', '-y', '-qq', '--no-install-recommends', ...missing);
}

const servers = fileURLToPath(new URL('../test/servers/', import.meta.url));
const changedAt = (name) => statSync(path.join(servers, name), { throwIfNoEntry: false })?.mtimeMs ?? 0;
if (changedAt('node_modules/.package-lock.json') < changedAt('package-lock.json')) {
  process.stderr.write('Installing servers for the tests ...\n');
  run('npm', ['ci', '--ignore-scripts', '--no-fund', '--no-audit'], { cwd: servers });
}

function aptGet(...args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  run('apt-get', args, { env });
}

function run(program, args, options) {
  const { status } = spawnSync(program, args, { ...options, stdio: ['ignore', 'ignore', 'inherit'] });
  if (status === 0) return;
  process.stderr.write(`\n\`${program} ${args.join(' ')}\` ended with ${status}; see above.\n`);
  process.exit(3);
}
