import { copyFileSync, existsSync, mkdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { mount, runTool } from './mount.ts';

/** Mount flags that a user namespace must keep. */
const KEPT_FLAGS = ['nosuid', 'nodev', 'noexec', 'noatime', 'nodiratime', 'relatime'];
/** Device files that change nothing. */
const DEVICES = ['null', 'zero', 'full', 'random', 'urandom', 'tty'];

interface Mount {
  readonly path: string;
  /** Major and minor number of its device, `8:1`. */
  readonly device: string;
  readonly flags: readonly string[];
}

/**
 * Makes the machine's files read-only for the private host. It has its own files below /run and /dev/shm, which vanish with it. For the
 * machine's root, whom file modes do not stop, also protects kernel settings, cgroups and disks. The network settings are those of the
 * private host itself.
 * @param own a folder of the private host
 * @throws WfError E_RUNTIME_UNAVAILABLE
 */
export async function makeFilesReadOnly(own: string): Promise<void> {
  const isRoot = isMachineRoot();
  const all = mountsOf(readFileSync('/proc/self/mountinfo', 'utf8'));
  const hasOwnBootId = all.some(({ path }) => path === BOOT_ID);
  const kernel = isRoot ? [replaceDevices(own), protectSettings(own, hasOwnBootId), mountSysfs()] : [];
  const mounts = all.filter(({ path, flags }) => !flags.includes('ro') && !isBelow(path, isRoot ? ROOTS_OWN : OWN));
  await Promise.all([...kernel, ...mounts.map(remountReadOnly), ...(isRoot ? [] : [ownSharedMemory()])]);
}

/** Mounts that are replaced, or must be writable. An ordinary user cannot write below /proc and /sys of the machine. */
const OWN = ['/run', '/proc', '/sys', '/dev/shm', '/dev/pts'];
const ROOTS_OWN = [...OWN, '/dev'];

function isBelow(path: string, folders: readonly string[]): boolean {
  return folders.some((folder) => path === folder || path.startsWith(`${folder}/`));
}

/** Returns the topmost mount at each path. */
function mountsOf(mountinfo: string): readonly Mount[] {
  const byPath = new Map<string, Mount>();
  for (const line of mountinfo.split('\n')) {
    const [, , device, , path, flags] = line.split(' ');
    // An automount is not a separate file system.
    if (device === undefined || path === undefined || flags === undefined || line.includes(' - autofs ')) continue;
    const plain = path.replaceAll(/\\(\d{3})/g, (_all, octal: string) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    );
    byPath.set(plain, { path: plain, device, flags: flags.split(',') });
  }
  return [...byPath.values()];
}

async function remountReadOnly(asked: Mount): Promise<void> {
  const { path, flags } = asked;
  const options = ['remount', 'bind', 'ro', ...flags.filter((flag) => KEPT_FLAGS.includes(flag))];
  try {
    await mount(['-o', options.join(','), path]);
  } catch (thrown) {
    if (canBeReached(asked)) throw thrown;
  }
}

/** Returns whether a mount is reachable: not if it was unmounted meanwhile, is below another mount, or in a folder closed to this user. */
function canBeReached({ path, device }: Mount): boolean {
  try {
    const { dev } = statSync(path);
    // The kernel packs major and minor number like this.
    const major = Math.floor(dev / 256) % 4096;
    const minor = (dev % 256) + Math.floor(dev / 1048576) * 256;
    return `${major}:${minor}` === device;
  } catch {
    return false;
  }
}

/** Returns whether this process is root in the machine's user namespace. */
function isMachineRoot(): boolean {
  return process.getuid?.() === 0 && /^\s*0\s+0\s+4294967295\s*$/.test(readFileSync('/proc/self/uid_map', 'utf8'));
}

async function ownSharedMemory(): Promise<void> {
  await mount(['-t', 'tmpfs', '-o', 'mode=1777', 'wf', '/dev/shm']);
}

/** Mounts a /dev without disks. */
async function replaceDevices(own: string): Promise<void> {
  const folder = join(own, 'dev');
  mkdirSync(join(folder, 'pts'), { recursive: true });
  mkdirSync(join(folder, 'shm'), { mode: 0o1777 });
  for (const [name, target] of LINKS) symlinkSync(target, join(folder, name));
  await Promise.all([
    runTool(['cp', '--archive', ...DEVICES.map((name) => `/dev/${name}`), folder]),
    mount(['--bind', '/dev/pts', join(folder, 'pts')]),
  ]);
  await mount(['--rbind', folder, '/dev']);
}

const LINKS = [
  ['fd', '/proc/self/fd'],
  ['stdin', '/proc/self/fd/0'],
  ['stdout', '/proc/self/fd/1'],
  ['stderr', '/proc/self/fd/2'],
  ['ptmx', 'pts/ptmx'],
] as const;

const SYSRQ = '/proc/sysrq-trigger';
/** Containers of systemd-nspawn have another file mounted there. */
const BOOT_ID = '/proc/sys/kernel/random/boot_id';

/** @param hasOwnBootId whether a mount replaces the boot id of the kernel: it identifies processes, inside as outside */
async function protectSettings(own: string, hasOwnBootId: boolean): Promise<void> {
  const network = join(own, 'network-settings');
  const bootId = join(own, 'boot-id');
  mkdirSync(network);
  if (hasOwnBootId) copyFileSync(BOOT_ID, bootId);
  await mount(['--bind', '/proc/sys/net', network]);
  await Promise.all([
    // Not every kernel has this file.
    ...(existsSync(SYSRQ) ? [mount(['-o', 'bind,ro', SYSRQ, SYSRQ])] : []),
    // Excludes the mounts below it, such as binfmt_misc, which root could write to.
    mount(['-o', 'bind,ro', '/proc/sys', '/proc/sys']).then(() =>
      Promise.all([
        mount(['--bind', network, '/proc/sys/net']),
        ...(hasOwnBootId ? [mount(['-o', 'bind,ro', bootId, BOOT_ID])] : []),
      ]),
    ),
  ]);
}

/** Mounts a /sys without the cgroups of the machine. */
async function mountSysfs(): Promise<void> {
  await mount(['-t', 'sysfs', '-o', 'ro', 'wf', '/sys']);
}
