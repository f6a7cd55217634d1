// The agents of many hosts in one process, with the loop of `wf agent --fleet` and parts that do nothing.
//   node bench/contestants/fleet-agents.mjs URL HOSTS
// Prints a line once all have joined, and a line for each part that starts.
import process from 'node:process';
import { createJiti } from 'jiti';

const [url, hosts] = process.argv.slice(2);
const source = createJiti(import.meta.url);
const [{ runFleetAgent }, { restateTransport }, { systemClock }] = await Promise.all(
  ['fleet/agent/fleet-agent.ts', 'fleet/restate/restate-transport.ts', 'host/machine/clock.ts'].map((file) =>
    source.import(`../../src/${file}`),
  ),
);
const print = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

/** Parts end as soon as they are started. */
function noOpParts() {
  const started = new Map();
  return {
    find: (part) => started.get(part) ?? { type: 'absent' },
    entomb: () => true,
    async start(part, { definitionHash }) {
      if (started.has(part)) throw new Error(`${part} is started twice`);
      const at = new Date().toISOString();
      const answer = {
        ...{ type: 'ended', status: 'succeeded', definitionHash, restored: null, changesInPlace: 0, error: null },
        ...{ startedAt: at, finishedAt: at },
      };
      started.set(part, { type: 'ended', answer });
      print({ part, at: Date.now() });
    },
    cancel: async () => undefined,
    rollBack: async () => undefined,
  };
}

const transport = restateTransport(url, systemClock);
/** A set, because an agent that was cut off joins again. */
const joined = new Set();
const report = ({ did, host, error }) => {
  if (did === 'disconnected' && process.env.WF_BENCH_VERBOSE) process.stderr.write(`${error.message}\n`);
  if (did !== 'joined') return;
  joined.add(host);
  if (joined.size === Number(hosts)) print({ joined: joined.size });
};
await Promise.all(
  Array.from({ length: Number(hosts) }, (_, index) => {
    const name = `stub${index}`;
    const request = { session: `session-${name}`, agent: `agent-${name}`, boot: 'boot', labels: {}, version: '0' };
    const given = { transport, host: name, request, parts: noOpParts(), clock: systemClock, allowed: null, report };
    return runFleetAgent(given, new AbortController().signal);
  }),
);
