import { spawn } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { killAndWait } from '../lane.ts';

/** Namespaces that represent an unused machine: a network without a link, and separate folders /run and /tmp. */
export interface OwnMachine {
  /** The network namespace, as `nsenter --net=` takes it. */
  readonly namespace: string;
  /** The prefix of a program that runs there; ends with `--`. */
  readonly through: readonly string[];
  end(): Promise<void>;
}

/** Replaces /tmp and /run by empty folders, but keeps the given paths in place. */
const EMPTY_FOLDERS = `
set -e
# Mounts of others, such as the data of their engines, come and go.
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

const ROOT = path.join(import.meta.dirname, '../../../..');

/** Starts a machine that ends with this process at the latest. The repository and the folder have the same paths in it. */
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
