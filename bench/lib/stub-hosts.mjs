// Hosts whose parts do nothing, all in one process.
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { started } from './programs.mjs';

const AGENTS = fileURLToPath(new URL('../contestants/fleet-agents.mjs', import.meta.url));

/** Starts the agents, and waits until all have joined. `starts` gets the time of each start of a part, in the order of the starts. */
export async function startStubs(url, count) {
  const starts = [];
  const note = (line) => {
    const { at } = JSON.parse(line);
    if (at !== undefined) starts.push(at);
  };
  const agents = await started([AGENTS, url, String(count)], tmpdir(), '"joined"', note);
  return { agents, starts, hosts: Array.from({ length: count }, (_, index) => `stub${index}`) };
}
