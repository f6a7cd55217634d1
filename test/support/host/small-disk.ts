import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { tool } from './host-state.ts';

/** A file system of a few MiB in its own mount namespace; both end with the test. */
export interface SmallDisk {
  /** Its mount point. */
  readonly folder: string;
  /** The prefix of a command that uses it. */
  readonly through: readonly string[];
  /** The path of one of its files, as seen by the test. */
  at(name: string): string;
  /** Fills it to the last page. */
  fill(): void;
  /** Removes the filling. */
  makeRoom(): void;
  names(): readonly string[];
  /** Makes it read-only, or writable again. */
  remount(mode: 'ro' | 'rw'): Promise<void>;
}

/** Creates `folder`, and mounts a small disk at it. Needs root. */
export async function mountSmallDisk(folder: string, mebibytes: number): Promise<SmallDisk> {
  mkdirSync(folder);
  const mount = `mount -t tmpfs -o size=${mebibytes}m tmpfs "$0" && echo mounted && exec sleep infinity`;
  const holder = spawn('setpriv', ['--pdeathsig', 'KILL', 'unshare', '--mount', 'sh', '-c', mount, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(holder, 'exit');
  onTestFinished(async () => {
    holder.kill('SIGKILL');
    await ended;
  });
  const mounted = await Promise.race([once(holder.stdout, 'data'), ended.then(() => undefined)]);
  if (mounted === undefined || holder.pid === undefined) throw new Error(`nothing could be mounted at ${folder}`);
  const { pid } = holder;
  const at = (name: string) => path.join(`/proc/${pid}/root`, folder, name);
  return {
    folder,
    through: ['nsenter', `--mount=/proc/${pid}/ns/mnt`, `--wd=${path.dirname(folder)}`, '--'],
    at,
    fill() {
      const file = openSync(at('ballast'), 'a');
      try {
        for (;;) writeSync(file, Buffer.alloc(4096));
      } catch {
        // Full, to the last page.
      } finally {
        closeSync(file);
      }
    },
    makeRoom: () => rmSync(at('ballast')),
    names: () => readdirSync(at('.')).sort(),
    remount: async (mode) => {
      await tool('nsenter', `--mount=/proc/${pid}/ns/mnt`, 'mount', '-o', `remount,${mode}`, folder);
    },
  };
}
