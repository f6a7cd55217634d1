import { z } from 'zod';
import type { CommandPort, NamespaceRef } from '../../engine/ports/command.ts';
import { neighbourMembers } from './entries.ts';
import { readIpJson } from './run-ip.ts';

/** Neighbour entry of the kernel. */
export interface Neighbour {
  readonly address: string;
  readonly link: string;
  readonly mac: string | null;
  /** `REACHABLE`, `STALE`, `DELAY`, `PROBE`, `PERMANENT`, `INCOMPLETE` (asked, no answer yet), `FAILED` (nobody answered), ... */
  readonly states: readonly string[];
}

const neighbourEntry = z.object({
  ...neighbourMembers(),
  dev: z.string().optional(),
  lladdr: z.string().optional(),
});

/** Reads the neighbours of a link. @throws WfError like readLinks. */
export async function readNeighbours(
  command: CommandPort,
  link: string,
  namespace?: NamespaceRef,
): Promise<Neighbour[]> {
  // `nud all` includes entries without an answer.
  const entries = await readIpJson(
    command,
    ['neighbour', 'show', 'dev', link, 'nud', 'all'],
    neighbourEntry,
    namespace,
  );
  return entries.map(({ dst, dev, lladdr, state }) => ({
    address: dst,
    link: dev ?? link,
    mac: lladdr ?? null,
    states: state,
  }));
}
