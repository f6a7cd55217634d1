import type { JsonObject } from '../model/json.ts';
import type { NamespaceRef } from './command.ts';

/** Answers the requests that the program `probe-agent.mjs` answers, without starting a process. */
export interface AgentPort {
  /**
   * Asks inside the network namespace of a container, or on the host if none is given. The caller parses the answer.
   * @throws WfError E_NAMESPACE_GONE if no process is in that namespace; E_PROBE_FAILED if no answer comes in time
   */
  ask(namespace: NamespaceRef | undefined, request: JsonObject, limitMs: number): Promise<unknown>;
}
