import { asWfError } from '../../engine/model/errors.ts';
import type { HostContext } from '../../engine/workflow/step.ts';
import { type Link, readLinks } from '../../host/ip/link.ts';
import { networkNamespacesInUse } from '../../host/namespaces/namespaces-in-use.ts';
import { commandOf } from '../../host/processes/process-files.ts';

/** What keeps the network namespace of a link's other end alive, in words, or why that cannot be told. */
export async function holderOfPeerNamespace(link: Link, context: HostContext): Promise<string> {
  if (link.peerNamespaceId === null) return `that of ${link.name} is this one`;
  try {
    const pid = await processAtOtherEnd(link, context);
    if (pid !== undefined) return `process ${pid} (${commandOf(pid)}) is in it`;
    return 'no process was found in it, so a mount (`grep nsfs /proc/*/mountinfo`) or an open file may keep it';
  } catch (thrown) {
    // Only the explanation of a failure that is told already.
    return `who is in it cannot be told: ${asWfError(thrown).message}`;
  }
}

/**
 * A process in the namespace that the other end is in. `lsns` tells as much, but leaves namespaces out when a process ends
 * while it reads (2.38): on a busy machine each time.
 */
async function processAtOtherEnd(link: Link, { host }: HostContext): Promise<number | undefined> {
  const own = host.namespace.own().inode;
  for (const [inode, ways] of networkNamespacesInUse()) {
    if (inode === own) continue;
    for (const way of ways) {
      // One that has ended meanwhile, or may not be entered, tells nothing; the next one in the same namespace may.
      const links = await readLinks(host.command, way).catch(() => undefined);
      if (links === undefined) continue;
      if (links.some((candidate) => isOtherEnd(candidate, link))) return way.process.pid;
      break;
    }
  }
  return undefined;
}

/** Indexes are a namespace's own: two ends that name each other are told from a chance by kind and mark. */
function isOtherEnd(candidate: Link, { ifindex, peerIfindex, kind, alias }: Link): boolean {
  return (
    candidate.ifindex === peerIfindex &&
    candidate.peerIfindex === ifindex &&
    candidate.peerNamespaceId !== null &&
    candidate.kind === kind &&
    candidate.alias === alias
  );
}
