import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { vi } from 'vitest';
import { sharedCache } from '../command/shared-cache.ts';
import { WF } from '../command/wf-process.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '');
const SYSTEMD = '/lib/systemd/systemd';

/** Whether a systemd can be booted in namespaces here. */
export function canBootSystemd(): boolean {
  return process.getuid?.() === 0 && existsSync(SYSTEMD) && unifiedHierarchy() !== undefined;
}

/** Units that would touch the machine itself, or that no test needs. */
const MASKED = [
  ...[
    'systemd-udevd.service',
    'systemd-udevd-control.socket',
    'systemd-udevd-kernel.socket',
    'systemd-udev-trigger.service',
  ],
  ...[
    'systemd-sysctl.service',
    'systemd-modules-load.service',
    'systemd-tmpfiles-setup-dev.service',
    'kmod-static-nodes.service',
  ],
  ...['systemd-random-seed.service', 'systemd-remount-fs.service', 'systemd-pstore.service', 'systemd-binfmt.service'],
  ...[
    'proc-sys-fs-binfmt_misc.automount',
    'dev-hugepages.mount',
    'dev-mqueue.mount',
    'getty.target',
    'console-getty.service',
  ],
  ...['sys-kernel-config.mount', 'sys-kernel-debug.mount', 'sys-kernel-tracing.mount', 'sys-fs-fuse-connections.mount'],
  ...['systemd-networkd.service', 'systemd-resolved.service', 'networking.service', 'systemd-timesyncd.service'],
];

/** Keeps the files of the machine, which survive a reboot. */
const HOLD = `
set -e
mount -t tmpfs -o mode=755 tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
echo ready
exec sleep infinity
`;

/**
 * Makes the root of the machine: the files of this one with a layer above, and kernel file systems of its own. Generators are masked: they
 * would search for disks and terminals at each reload of the units.
 */
const BOOT = `
set -e
base=$1; repo=$2; masked=$3; folder=$4
mount -t overlay -o "lowerdir=/,upperdir=$base/upper,workdir=$base/work" overlay "$base/root"
cd "$base/root"
if ! [ -e etc/wf-test-booted ]; then
  touch etc/wf-test-booted
  rm -rf etc/systemd/system/*.wants
  for unit in $masked; do ln -sf /dev/null "etc/systemd/system/$unit"; done
  mkdir -p etc/systemd/system-generators
  for generator in lib/systemd/system-generators/*; do ln -sf /dev/null "etc/systemd/system-generators/\${generator##*/}"; done
fi
mkdir -p ".$repo" ".$folder"
mount --rbind -o ro "$repo" ".$repo"
shared=$(dirname "$base")/shared
mkdir -p ".$shared"
mount --bind "$shared" ".$shared"
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
mount -t tmpfs -o mode=755 tmpfs dev
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
for node in null:3 zero:5 full:7 random:8 urandom:9 console:3; do mknod -m 666 "dev/\${node%:*}" c 1 "\${node#*:}"; done
mknod -m 666 dev/tty c 5 0
cat proc/sys/kernel/random/uuid > run/boot_id
mount --bind run/boot_id proc/sys/kernel/random/boot_id
ip link set lo up
exec env -i container=lxc PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot . ${SYSTEMD} --system --unit=multi-user.target --log-target=null
`;

const OWN_NAMESPACES = ['--pid', '--mount', '--uts', '--ipc', '--net', '--cgroup', '--propagation', 'private'];
const BOOT_MS = 60_000;

/** The result of a command in the machine. */
export interface MachineEnd {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** A machine with systemd as its first process, in namespaces: it touches nothing outside. */
export interface SystemdMachine {
  /** The prefix of a command in it. */
  through(): readonly string[];
  run(
    argv: readonly string[],
    options?: { readonly cwd?: string; readonly env?: Record<string, string> },
  ): Promise<MachineEnd>;
  wf(args: readonly string[], cwd: string): Promise<MachineEnd>;
  /** The path of wf's program. */
  readonly program: string;
  /** The path of one of its files, as seen from outside. */
  at(file: string): string;
  /** Writes a file of it, owned by root. */
  write(file: string, text: string): void;
  /** Ends all its processes as a power failure does, and boots it again: its files are unchanged, and the boot id is another one. */
  reboot(): Promise<void>;
  /** Ends it, with all that it had. */
  end(): Promise<void>;
}

/** Creates the folder, and boots a machine with its files in it; its folder `shared` has the same path in the machine. Needs root. */
export async function bootSystemd(folder: string): Promise<SystemdMachine> {
  const base = path.join(folder, 'machine');
  for (const name of ['machine', 'shared']) mkdirSync(path.join(folder, name), { recursive: true });
  const holder = spawn(
    'setpriv',
    ['--pdeathsig', 'KILL', 'unshare', '--mount', '--propagation', 'private', 'sh', '-c', HOLD, 'sh', base],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  await once(holder.stdout, 'data');
  const cgroup = path.join(unifiedHierarchy() ?? '', `wf-test-systemd-${process.pid}-${holder.pid}`);
  mkdirSync(cgroup);
  let machine = await boot(holder, cgroup, base);

  const through = () => [
    'nsenter',
    `--target=${machine.init}`,
    '--mount',
    '--pid',
    '--uts',
    '--ipc',
    '--net',
    '--cgroup',
    '--root',
    '--wd=/',
    '--',
  ];
  const run: SystemdMachine['run'] = async (argv, { cwd = '/', env = {} } = {}) => {
    const [file = '', ...args] = [
      ...through(),
      'env',
      '-i',
      '-C',
      cwd,
      'PATH=/usr/sbin:/usr/bin:/sbin:/bin',
      // Files that the machine writes there stay in its own layer.
      ...entries({ ...sharedCache(), ...env }),
      ...argv,
    ];
    const { exitCode, stdout, stderr } = await execa(file, args, { reject: false, stdin: 'ignore' });
    return { exitCode, stdout, stderr };
  };
  const at = (file: string) => path.join(`/proc/${machine.init}/root`, file);
  return {
    through,
    run,
    at,
    program: WF,
    wf: (args, cwd) => run([process.execPath, WF, ...args], { cwd, env: { HOME: '/root' } }),
    write(file, text) {
      mkdirSync(path.dirname(at(file)), { recursive: true });
      writeFileSync(at(file), text);
    },
    async reboot() {
      await kill(machine.unshare);
      machine = await boot(holder, cgroup, base);
    },
    async end() {
      await kill(machine.unshare);
      await kill(holder);
      // The kernel takes the cgroups of killed processes apart a moment later.
      await until(() => removeCgroup(cgroup));
    },
  };
}

interface Booted {
  readonly unshare: ChildProcess;
  /** The pid of systemd, as seen from outside. */
  readonly init: number;
}

async function boot(holder: ChildProcess, cgroup: string, base: string): Promise<Booted> {
  const enter = 'echo $$ > "$1/cgroup.procs"; shift; exec "$@"';
  const own = [
    'unshare',
    '--fork',
    '--kill-child=KILL',
    ...OWN_NAMESPACES,
    '--',
    'sh',
    '-c',
    BOOT,
    'sh',
    base,
    ROOT,
    MASKED.join(' '),
    base,
  ];
  const line = ['sh', '-c', enter, 'sh', cgroup, 'nsenter', `--mount=/proc/${holder.pid}/ns/mnt`, '--', ...own];
  const unshare = spawn('setpriv', ['--pdeathsig', 'KILL', ...line], { stdio: ['ignore', 'ignore', 'inherit'] });
  const { pid = 0 } = unshare;
  const children = () => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  await until(() => /^\d+$/.test(children()));
  const init = Number(children());
  const inside = ['--mount', '--pid', '--root', '--cgroup', '--net', '--ipc', '--', 'systemctl', 'is-system-running'];
  await until(async () => {
    const { stdout } = await execa('nsenter', [`--target=${init}`, ...inside], { reject: false });
    return stdout === 'running' || stdout === 'degraded';
  });
  return { unshare, init };
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const check = async () => {
    if (!(await condition())) throw new Error(`not within ${BOOT_MS} ms: ${String(condition)}`);
  };
  await vi.waitFor(check, { timeout: BOOT_MS, interval: 100 });
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

/** Removes a cgroup with all below it. Returns whether it is gone. */
function removeCgroup(cgroup: string): boolean {
  try {
    for (const entry of readdirSync(cgroup, { withFileTypes: true })) {
      if (entry.isDirectory()) removeCgroup(path.join(cgroup, entry.name));
    }
    rmdirSync(cgroup);
  } catch {
    // Still in use, or gone.
  }
  return !existsSync(cgroup);
}

/** Returns where the unified cgroup hierarchy is mounted. */
function unifiedHierarchy(): string | undefined {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  return mounts.find((line) => line.includes(' - cgroup2 '))?.split(' ')[4];
}

function entries(env: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(env).map(([name, value]) => `${name}=${value}`);
}
