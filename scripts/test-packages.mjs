// Installs the Debian or Ubuntu packages that the tests need: a Docker engine, and tools to inspect the host. Needs root and apt-get;
// otherwise it prints what is missing, and the tests that need it report that again. Also installs the servers that tests start, which are
// npm packages.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** Programs, each with its package. */
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
// One of them is enough.
if (!isThere('chromium-headless-shell') && !isThere('chromium')) missing.push('chromium-headless-shell');

if (missing.length > 0 && (process.getuid?.() !== 0 || !isThere('apt-get'))) {
  process.stderr.write(`For all tests, install as root: apt-get install ${missing.join(' ')}\n`);
} else if (missing.length > 0) {
  process.stderr.write(`Installing ${missing.join(' ')} for the tests ...\n`);
  aptGet('update', '-qq');
  // Installs no recommended packages, and starts no service (RUNLEVEL): the tests run their own engine.
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
