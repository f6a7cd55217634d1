import { z } from 'zod';
import { asWfError } from '../../engine/errors.ts';
import type { HostContext } from '../../engine/step.ts';
import type { Link } from '../../host/ip/link.ts';
import { hostPlace, runAt } from './place.ts';

/** Of each network namespace that a process is in: its id in the namespace that wf runs in, and one such process. */
const lsnsAnswer = z.object({
  namespaces: z.array(z.object({ netnsid: z.string(), pid: z.number().int(), command: z.string() })),
});

/** What keeps the network namespace of a link's other end alive, in words; how to find out where wf cannot tell. */
export async function holderOfPeerNamespace(link: Link, context: HostContext): Promise<string> {
  const { name, peerNamespaceId } = link;
  if (peerNamespaceId === null) return `${name} has no other end in another network namespace: look with \`ip link\``;
  try {
    const argv = ['lsns', '--type', 'net', '--json', '--output', 'netnsid,pid,command'] as const;
    const { stdout } = await runAt(context, hostPlace(), argv);
    const { namespaces } = lsnsAnswer.parse(JSON.parse(stdout));
    const held = namespaces.find(({ netnsid }) => netnsid === String(peerNamespaceId));
    if (held !== undefined) return `process ${held.pid} (${held.command}) is in the network namespace of its other end`;
    return 'no process is in the network namespace of its other end: a mount (`grep nsfs /proc/*/mountinfo`) or an open file keeps it';
  } catch (thrown) {
    // Only the explanation of a failure that is told already.
    return `who keeps the network namespace of its other end alive cannot be told: ${asWfError(thrown).message}`;
  }
}
