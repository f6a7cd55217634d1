import { z } from 'zod';
import { asWfError } from '../../engine/errors.ts';
import type { HostContext } from '../../engine/step.ts';
import type { Link } from '../../host/ip/link.ts';
import { hostPlace, runAt } from './place.ts';

/** Of each network namespace that a process is in: its id in the namespace that wf runs in, and one such process. */
const lsnsAnswer = z.object({
  namespaces: z.array(z.object({ netnsid: z.string(), pid: z.number().int(), command: z.string() })),
});

/** lsns 2.38 leaves out what comes after a process that ended while it was read. */
const LOOKS = 20;

/** What keeps the network namespace of a link's other end alive, in words, or why that cannot be told. */
export async function holderOfPeerNamespace(link: Link, context: HostContext): Promise<string> {
  const { name, peerNamespaceId } = link;
  if (peerNamespaceId === null) return `that of ${name} is this one`;
  try {
    const held = await processIn(peerNamespaceId, context);
    if (held !== undefined) return `process ${held.pid} (${held.command}) is in it`;
    return 'no process was found in it, so a mount (`grep nsfs /proc/*/mountinfo`) or an open file may keep it';
  } catch (thrown) {
    // Only the explanation of a failure that is told already.
    return `who is in it cannot be told: ${asWfError(thrown).message}`;
  }
}

async function processIn(namespaceId: number, context: HostContext) {
  for (let look = 0; look < LOOKS; look += 1) {
    const argv = ['lsns', '--type', 'net', '--json', '--output', 'netnsid,pid,command'] as const;
    const { stdout } = await runAt(context, hostPlace(context.host), argv);
    const { namespaces } = lsnsAnswer.parse(JSON.parse(stdout));
    const held = namespaces.find(({ netnsid }) => netnsid === String(namespaceId));
    if (held !== undefined) return held;
  }
  return undefined;
}
