import { asWfError } from '../../../engine/model/errors.ts';
import type { HostContext } from '../../../engine/workflow/step.ts';
import { type Link, readLinks } from '../../../host/ip/link.ts';
import { networkNamespacesInUse } from '../../../host/namespaces/namespaces-in-use.ts';
import { commandOf } from '../../../host/processes/process-files.ts';

/** Describes why the network namespace of a link's other end still exists, or why that is unknown. */
export async function holderOfPeerNamespace(link: Link, context: HostContext): Promise<string> {
  if (link.peerNamespaceId === null) return `${link.name} has both ends in this namespace`;
  try {
    const pid = await processAtOtherEnd(link, context);
    if (pid !== undefined) return `process ${pid} (${commandOf(pid)}) is in it`;
    return 'no process is in it; a mount (`grep nsfs /proc/*/mountinfo`), an open file or, for two minutes, a TCP connection whose other end is gone may keep it alive';
  } catch (thrown) {
    // This text only explains a failure that is already reported.
    return `its processes cannot be read: ${asWfError(thrown).message}`;
  }
}

/**
 * Finds a process in the namespace of the other end. `lsns` (2.38) omits namespaces if a process ends while it reads, which
 * happens regularly on a busy machine.
 */
async function processAtOtherEnd(link: Link, { host }: HostContext): Promise<number | undefined> {
  const own = host.namespace.own().inode;
  for (const [inode, ways] of networkNamespacesInUse()) {
    if (inode === own) continue;
    for (const way of ways) {
      // Skips a process that has ended or cannot be entered: another process may be in the same namespace.
      const links = await readLinks(host.command, way).catch(() => undefined);
      if (links === undefined) continue;
      if (links.some((candidate) => isOtherEnd(candidate, link))) return way.process.pid;
      break;
    }
  }
  return undefined;
}

/** Indexes are local to a namespace: kind and mark distinguish a real pair from a coincidence. */
function isOtherEnd(candidate: Link, { ifindex, peerIfindex, kind, alias }: Link): boolean {
  return (
    candidate.ifindex === peerIfindex &&
    candidate.peerIfindex === ifindex &&
    candidate.peerNamespaceId !== null &&
    candidate.kind === kind &&
    candidate.alias === alias
  );
}
