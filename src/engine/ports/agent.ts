import type { JsonObject } from '../model/json.ts';
import type { NamespaceRef } from './command.ts';

/** Answers what the program `probe-agent.mjs` answers, without a process being started for it. */
export interface AgentPort {
  /**
   * Asks inside a container's network namespace, or on the host where none is given. The answer is parsed by whoever asks.
   * @throws WfError E_NAMESPACE_GONE where nobody is in that namespace any more; E_PROBE_FAILED where no answer came in time.
   */
  ask(namespace: NamespaceRef | undefined, request: JsonObject, limitMs: number): Promise<unknown>;
}
