import { copyFileSync, existsSync, mkdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { mount, runTool } from './mount.ts';

/** Flags of a mount that a user namespace does not allow to drop. */
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
 * Makes the machine's files read-only for all that is in the private host. Below /run and /dev/shm it has files of its own, which
 * vanish with it. For the machine's root, who may write where file modes keep everybody else out, that holds for kernel settings,
 * cgroups and disks as well; the network settings are the private host's own.
 * @param own a folder of the private host's own
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

/** Mounts that are covered, or must be written to. An ordinary user may write nothing of the machine's below /proc and /sys. */
const OWN = ['/run', '/proc', '/sys', '/dev/shm', '/dev/pts'];
const ROOTS_OWN = [...OWN, '/dev'];

function isBelow(path: string, folders: readonly string[]): boolean {
  return folders.some((folder) => path === folder || path.startsWith(`${folder}/`));
}

/** The topmost mount at each path. */
function mountsOf(mountinfo: string): readonly Mount[] {
  const byPath = new Map<string, Mount>();
  for (const line of mountinfo.split('\n')) {
    const [, , device, , path, flags] = line.split(' ');
    // An automount is no file system of its own.
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

/** Not where it was unmounted on the machine meanwhile, lies below another mount, or in a folder that this user may not enter. */
function canBeReached({ path, device }: Mount): boolean {
  try {
    const { dev } = statSync(path);
    // As the kernel packs major and minor number.
    const major = Math.floor(dev / 256) % 4096;
    const minor = (dev % 256) + Math.floor(dev / 1048576) * 256;
    return `${major}:${minor}` === device;
  } catch {
    return false;
  }
}

/** Whether the user namespace is the machine's own. */
function isMachineRoot(): boolean {
  return process.getuid?.() === 0 && /^\s*0\s+0\s+4294967295\s*$/.test(readFileSync('/proc/self/uid_map', 'utf8'));
}

async function ownSharedMemory(): Promise<void> {
  await mount(['-t', 'tmpfs', '-o', 'mode=1777', 'wf', '/dev/shm']);
}

/** A /dev without disks. */
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
/** Containers of systemd-nspawn have a file of their own mounted there. */
const BOOT_ID = '/proc/sys/kernel/random/boot_id';

/** @param hasOwnBootId whether a mount replaces the boot id of the kernel: it identifies processes, inside as outside */
async function protectSettings(own: string, hasOwnBootId: boolean): Promise<void> {
  const network = join(own, 'network-settings');
  const bootId = join(own, 'boot-id');
  mkdirSync(network);
  if (hasOwnBootId) copyFileSync(BOOT_ID, bootId);
  await mount(['--bind', '/proc/sys/net', network]);
  await Promise.all([
    // Not every kernel has it.
    ...(existsSync(SYSRQ) ? [mount(['-o', 'bind,ro', SYSRQ, SYSRQ])] : []),
    // Without the mounts below it, such as binfmt_misc, which root could write to.
    mount(['-o', 'bind,ro', '/proc/sys', '/proc/sys']).then(() =>
      Promise.all([
        mount(['--bind', network, '/proc/sys/net']),
        ...(hasOwnBootId ? [mount(['-o', 'bind,ro', bootId, BOOT_ID])] : []),
      ]),
    ),
  ]);
}

/** Without the cgroups that are mounted below the machine's. */
async function mountSysfs(): Promise<void> {
  await mount(['-t', 'sysfs', '-o', 'ro', 'wf', '/sys']);
}
