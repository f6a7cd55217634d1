import { chownSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { ORDINARY_USER } from '../../command/ordinary-user.ts';
import { removeEngine, startEngine } from '../../engines/engine.ts';
import { ensureImages, HTTP_ECHO_IMAGE } from '../../engines/images.ts';
import { killIfThere } from '../../host/kill.ts';
import { type Lane, laneIn, newLaneFolder } from '../lane.ts';
import { type PrivateProcess, privateProcessesIn } from '../processes.ts';
import type { WorkflowSource } from '../run-on-disk.ts';
import type { Subject } from '../subject.ts';
import { differences } from '../witnesses/differences.ts';
import { recordIp } from '../witnesses/ip-recorder.ts';
import { ipWitness } from '../witnesses/ip-witness.ts';
import { writeFailing } from './failing-lab.ts';
import { startOwnMachine } from './own-machine.ts';

/** The user that wf runs as. */
export type PrivateUser = 'root' | 'ordinary user';

/** The pid and the gid that ORDINARY_USER names. */
const NOBODY = 65_534;
const EMBEDDED = ['--runtime', 'embedded'];
const APP: WorkflowSource = {
  name: 'app',
  file: fileURLToPath(new URL('../../../fixtures/workflows/app.ts', import.meta.url)),
};
/** The private host of a killed wf ends by itself within this time, even on a very slow machine. */
const ENDS_WITHIN_MS = 20_000;

/** Prints the parts of the machine that a run must never change, except the locks of wf. */
const INSPECT = `
ip -json link; ip -json address; ip -json rule; ip -json route show table all; ip -json netns; ip -json neigh
uname -n
cat /proc/self/mountinfo /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf/all/disable_ipv6
find /run /tmp -xdev -path /run/wf -prune -o -path /tmp/wf-65534 -prune -o -printf '%p %y %m %U %l\\n' | sort
`;

/**
 * A lab in private hosts, on a separate machine without a Docker engine.
 * @param withEngines whether the run starts Docker engines in its private host; otherwise it is on the embedded runtime
 */
export async function openPrivateLab(user: PrivateUser, lab: WorkflowSource, withEngines = false): Promise<Subject> {
  const folder = newLaneFolder();
  const options = withEngines ? await engineOptions(folder) : EMBEDDED;
  return openOnOwnMachine(user, folder, (lane) => {
    const failing = writeFailing(lab, lane);
    return {
      sources: [lab, failing],
      start: (run, ...more) => ['start', lab.name, ...options, '--id', run, ...more],
      startFailing: (run, ...more) => ['start', failing.name, ...options, '--id', run, ...more],
    };
  });
}

/** A workflow of a few steps in private hosts, on a separate machine: for what holds for each run, not for the labs alone. */
export function openPrivateApp(user: PrivateUser): Promise<Subject> {
  return openOnOwnMachine(user, newLaneFolder(), (lane) => {
    lane.write(`workflows/${APP.name}.ts`, readFileSync(APP.file, 'utf8'));
    const start: Subject['start'] = (run, ...more) => ['start', APP.name, ...EMBEDDED, '--id', run, ...more];
    return { sources: [APP], start, startFailing: (run, ...more) => start(run, '--input', 'hold=never', ...more) };
  });
}

async function openOnOwnMachine(
  user: PrivateUser,
  folder: string,
  workflows: (lane: Lane) => Pick<Subject, 'sources' | 'start' | 'startFailing'>,
): Promise<Subject> {
  const machine = await startOwnMachine(folder);
  const recorder = recordIp(folder);
  if (user === 'ordinary user') chownSync(folder, NOBODY, NOBODY);
  const lane = laneIn({
    namespace: machine.namespace,
    folder,
    through: [...machine.through, 'env', `--chdir=${folder}`],
    asUser: user === 'root' ? [] : ORDINARY_USER,
    env: { PATH: `${recorder.tools}:${process.env['PATH'] ?? ''}` },
    takeAway: async () => {
      recorder.end();
      await machine.end();
    },
  });
  const inspect = () => lane.tool('sh', '-c', INSPECT);
  const untouched = await inspect();
  return {
    lane,
    ...workflows(lane),
    state: async () => ({ machine: (await inspect()).split('\n'), privateHosts: privateProcessesIn(folder) }),
    ranTwice: async (run) => ipWitness(recorder.commands(), run),
    async meanwhile() {
      const seen = await inspect();
      if (seen === untouched) return [];
      return [`the machine itself was touched:\n${differences(untouched.split('\n'), seen.split('\n'))}`];
    },
    async settle(run) {
      const until = Date.now() + ENDS_WITHIN_MS;
      // Includes a process that was about to become the first one of a private host.
      while (privateProcessesOf(lane, run).length > 0 && Date.now() < until) await pause();
    },
    killPrivateHost(run) {
      const found = privateHostsOf(lane, run);
      for (const pid of found) killIfThere(pid);
      return found.length > 0;
    },
    async close(keepFolder) {
      for (const { pid, isFirst } of privateProcessesIn(folder)) if (isFirst) killIfThere(pid);
      await lane.close(keepFolder);
    },
  };
}

/** Returns the options of a run that starts its engines, and writes their image to a file. */
async function engineOptions(folder: string): Promise<readonly string[]> {
  const images = path.join(folder, 'images.tar');
  const engine = await startEngine();
  try {
    await ensureImages(engine.dockerHost);
    await execa('docker', ['--host', engine.dockerHost, 'save', '--output', images, HTTP_ECHO_IMAGE]);
  } finally {
    await removeEngine(engine);
  }
  const inputs = ['hosts=private', `image=${HTTP_ECHO_IMAGE}`, `images=${JSON.stringify([images])}`];
  return ['--runtime', 'docker', ...inputs.flatMap((one) => ['--input', one])];
}

/** The first processes of the private hosts of a run, regardless of the time in their marks. */
function privateHostsOf(lane: Lane, run: string): readonly number[] {
  return privateProcessesOf(lane, run).flatMap(({ pid, isFirst }) => (isFirst ? [pid] : []));
}

function privateProcessesOf({ folder }: Lane, run: string): readonly PrivateProcess[] {
  return privateProcessesIn(folder).filter(({ mark }) => mark.startsWith(`${run}@`));
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 5));
}
