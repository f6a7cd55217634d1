import process from 'node:process';
import type { ExitCode } from '../../../engine/model/errors.ts';
import { commandLine } from '../../../engine/model/evidence.ts';
import { pause } from '../../../engine/ports/clock.ts';
import type { CommandPort } from '../../../engine/ports/command.ts';
import { dropPacketsTo, linksOfHost } from '../../../fleet/demo/namespace-host.ts';
import {
  DEMO_GATEWAY,
  DEMO_HOSTS,
  DEMO_LABEL,
  DEMO_URL,
  dropsConnections,
  startDemo,
} from '../../../fleet/demo/start-demo.ts';
import { type FleetRecord, fleetRecord } from '../../../fleet/record/fleet-record.ts';
import { endWithStarter } from '../../../host/namespaces/own-namespaces.ts';
import { SILENT, type Terminal, writeJson, writeLines } from '../../output/terminal.ts';
import type { Services } from '../../services/services.ts';
import { parseFleetId } from './connect.ts';
import { keptLines, type ProvenHost, proofLines, startedLines } from './demo-text.ts';
import type { FleetOptions } from './fleet.ts';
import { startFleet } from './start.ts';

/** Environment variable with the program of the Restate server. */
export const DEMO_SERVER_VARIABLE = 'WF_DEMO_SERVER';
/** Environment variable with the address of Restate for other terminals; the demo then stays up. */
export const DEMO_KEPT_VARIABLE = 'WF_DEMO_KEPT';

const WORKFLOW = 'network-change';
/** This host loses its way to the gateway before the second fleet run. */
const FAILING = 'web3';

/** A fleet run of the demo. */
interface DemoRun {
  readonly id: string;
  readonly title: string;
  readonly input: readonly string[];
}
const SUCCESS: DemoRun = {
  id: 'demo1',
  title: '1. A new link on each host: on one of them first, the canary',
  input: ['link=svc0', 'kind=bridge', 'addresses=["192.0.2.10/24"]'],
};
const FAILURE: DemoRun = {
  id: 'demo2',
  title: `2. One more link, on hosts that reach their gateway; ${FAILING} does not any more`,
  input: ['link=svc1', 'kind=bridge', 'addresses=["198.51.100.10/24"]', `ping=${DEMO_GATEWAY}`],
};

/** The output of `wf fleet demo --json`. */
interface DemoRecord {
  readonly hosts: readonly ProvenHost[];
  /** The fleet run that succeeds, and the one that is rolled back. */
  readonly fleets: readonly FleetRecord[];
  /** Whether each host is as it was before the second fleet run. */
  readonly restored: boolean;
}

/** Runs the demo in the namespaces of this process, which ends with its starter. */
export async function runDemo({ json }: FleetOptions, services: Services, terminal: Terminal): Promise<ExitCode> {
  endWithStarter();
  const { clock } = services;
  const { command } = await services.hostPorts();
  const print = json ? () => {} : (lines: readonly string[]) => writeLines(terminal.out, lines);
  print(['Restate and three hosts start in namespaces of their own: nothing else on this machine changes.', '']);
  const server = process.env[DEMO_SERVER_VARIABLE] ?? '';
  const control = await startDemo({ command, clock, server, workflow: WORKFLOW });
  print(startedLines(WORKFLOW, await dropsConnections(clock)));

  async function run({ id, title, input }: DemoRun): Promise<FleetRecord> {
    const options = ['--id', id, '--where', DEMO_LABEL, '--canary', '1', ...input.flatMap((each) => ['--input', each])];
    print(['', title, '', `  ${commandLine(['wf', 'fleet', 'start', WORKFLOW, ...options])}`, '']);
    const given = { id, where: [DEMO_LABEL], canary: 1, input: [...input], json };
    await startFleet({ action: 'start', subject: WORKFLOW, fleet: DEMO_URL, ...given }, services, {
      ...terminal,
      progress: SILENT,
      ...(json ? { out: SILENT } : {}),
    });
    return fleetRecord(await control.show(parseFleetId(id)));
  }

  const first = await run(SUCCESS);
  const before = await linksOfHosts(command);
  await dropPacketsTo(command, FAILING, DEMO_GATEWAY);
  const second = await run(FAILURE);
  const after = await linksOfHosts(command);
  const hosts = provenHosts(before, after);
  const restored = hosts.every(({ asBefore }) => asBefore);
  const record: DemoRecord = { hosts, fleets: [first, second], restored };
  if (json) writeJson(terminal.out, record);
  else print(proofLines(hosts));

  const kept = process.env[DEMO_KEPT_VARIABLE];
  if (kept !== undefined) {
    print(keptLines(kept));
    // The starter ends this process.
    for (;;) await pause(clock, 3_600_000);
  }
  if (!restored) return 5;
  return first.status === 'succeeded' && second.status === 'rolled-back' ? 0 : 1;
}

type LinksOfHosts = readonly (readonly string[])[];

function provenHosts(before: LinksOfHosts, after: LinksOfHosts): readonly ProvenHost[] {
  return DEMO_HOSTS.map((host, index) => {
    const [was = [], is = []] = [before[index], after[index]];
    return { ...host, before: was, after: is, asBefore: was.join() === is.join() };
  });
}

const linksOfHosts = (command: CommandPort): Promise<LinksOfHosts> =>
  Promise.all(DEMO_HOSTS.map(({ name }) => linksOfHost(command, name)));
