import { WfError } from '../engine/model/errors.ts';
import type { AgentPort } from '../engine/ports/agent.ts';
import type { NamespaceRef } from '../engine/ports/command.ts';
import type { InnerHost } from './embedded/client/private-host.ts';

/** Probes through processes that are already in the namespaces of a host inside a private host. */
export function privateAgent({ agent, containerOf }: InnerHost): AgentPort {
  return {
    async ask(namespace, request, limitMs) {
      if (namespace === undefined) return agent('host', request, limitMs);
      return agent({ containerId: await containerIn(namespace) }, request, limitMs);
    },
  };

  async function containerIn({ path, process }: NamespaceRef): Promise<string> {
    const id = process === null ? null : await containerOf(process.pid);
    if (id !== null) return id;
    throw new WfError('E_NAMESPACE_GONE', `no container of the private host is in the network namespace ${path}`, {
      hint: 'It was removed or has ended. Undo the run with `wf rollback RUN`, then start it again.',
    });
  }
}
