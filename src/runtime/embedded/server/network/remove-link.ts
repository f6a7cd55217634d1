import { existsSync } from 'node:fs';
import { ipBatchForced } from '../../shared/ip-batch.ts';

const FIRST_PAUSE_MS = 1;
const LONGEST_PAUSE_MS = 8;

/**
 * Runs the commands in `before`, then deletes a link if there is one. Resolves as soon as the link is gone: `ip` itself returns some 20 to
 * 40 ms later.
 */
export async function removeLink(name: string, before: readonly string[] = []): Promise<void> {
  let ended = false;
  const deleting = ipBatchForced([...before, `link delete dev ${name}`]).finally(() => {
    ended = true;
  });
  await Promise.race([deleting, gone(name, () => ended)]);
}

export function isLink(name: string): boolean {
  return existsSync(`/proc/sys/net/ipv4/conf/${name}`);
}

async function gone(name: string, isOver: () => boolean): Promise<void> {
  for (let pauseMs = FIRST_PAUSE_MS; isLink(name) && !isOver(); pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
