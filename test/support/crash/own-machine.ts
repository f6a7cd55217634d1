import { spawn } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { killAndWait } from './lane.ts';

/** Namespaces that stand for a machine on which nobody else is: a network without a link, and folders /run and /tmp of its own. */
export interface OwnMachine {
  /** The network namespace, as `nsenter --net=` takes it. */
  readonly namespace: string;
  /** What a program is called through to be run there; ends with `--`. */
  readonly through: readonly string[];
  end(): Promise<void>;
}

/** Puts empty folders in the place of /tmp and /run, but leaves what is named where it is. */
const EMPTY_FOLDERS = `
set -e
# What others mount there, as the data of their engines, comes and goes.
for other in $(cut -d ' ' -f 5 /proc/self/mountinfo | grep -E '^/(tmp|run)/' | sort -r); do umount --lazy "$other" || true; done
mount -t tmpfs none /mnt
number=0
for kept in "$@"; do mkdir /mnt/$number; mount --bind "$kept" /mnt/$number; number=$((number + 1)); done
mount -t tmpfs -o mode=1777 none /tmp
number=0
for kept in "$@"; do mkdir -p "$kept"; mount --move /mnt/$number "$kept"; number=$((number + 1)); done
umount /mnt
mount -t tmpfs -o mode=755 none /run
ip link set lo up
`;

const ROOT = path.join(import.meta.dirname, '..', '..', '..');

/** A new one, which ends with this process at the latest. In it this repository, and the folder, are where they are outside. */
export async function startOwnMachine(folder: string): Promise<OwnMachine> {
  const unshare = ['unshare', '--net', '--mount', '--propagation', 'private', 'sleep', 'infinity'];
  const holder = spawn('setpriv', ['--pdeathsig', 'KILL', ...unshare], { stdio: 'ignore' });
  const { pid } = holder;
  if (pid === undefined) throw new Error('setpriv could not be started');
  const place = (kind: string) => `/proc/${pid}/ns/${kind}`;
  const isEntered = (kind: string) => readlinkSync(place(kind)) !== readlinkSync(`/proc/self/ns/${kind}`);
  while (!isEntered('net') || !isEntered('mnt')) await new Promise((resolve) => setTimeout(resolve, 2));
  const through = ['nsenter', `--net=${place('net')}`, `--mount=${place('mnt')}`, '--'];
  const kept = ROOT.startsWith('/tmp/') || ROOT.startsWith('/run/') ? [ROOT, folder] : [folder];
  await execa('nsenter', [...through.slice(1), 'sh', '-c', EMPTY_FOLDERS, 'sh', ...kept]);
  return { namespace: place('net'), through, end: () => killAndWait(holder) };
}
