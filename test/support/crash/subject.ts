import { readFileSync } from 'node:fs';
import path from 'node:path';
import { hostState, networkState } from '../host/host-state.ts';
import { startLab, startLabOf } from '../workflows/lab.ts';
import { LAB, OVERLAY, writeFailing } from './faults/failing-lab.ts';
import { openPrivateApp, openPrivateLab } from './faults/private-subject.ts';
import { holdNamespace, type Lane, openBareLane, openDockerLane } from './lane.ts';
import { ownProcessOf } from './processes.ts';
import type { RunOnDisk, WorkflowSource } from './run-on-disk.ts';
import { dockerWitness } from './witnesses/docker-witness.ts';
import { linesWitness } from './witnesses/lines-witness.ts';

/** A workflow in a lane, where its runs are killed. */
export interface Subject {
  readonly lane: Lane;
  /** The workflows of its runs. */
  readonly sources: readonly WorkflowSource[];
  /** `wf start ...` for a run with this id. */
  start(run: string, ...more: readonly string[]): readonly string[];
  /** The same for a run that fails when all or nearly all of its changes are in place, and rolls itself back. */
  startFailing(run: string, ...more: readonly string[]): readonly string[];
  /** The state that a run must restore, read without wf. */
  state(): Promise<unknown>;
  /** Contradictions of an independent record to "no completed step ran twice". */
  ranTwice(run: RunOnDisk): Promise<readonly string[]>;
  close(keepFolder?: boolean): Promise<void>;
  /** Problems of the machine itself at any moment of a run, on the embedded runtime, which must not touch it. */
  meanwhile?(): Promise<readonly string[]>;
  /** Waits until the private host that a killed wf did not keep has ended by itself. */
  settle?(run: string): Promise<void>;
  /** Kills the private host of the run. Returns whether there was one. */
  killPrivateHost?(run: string): boolean;
}

/**
 * `embedded`: the lab on the embedded runtime, `overlay`: lab-overlay, `app`: a workflow of a few steps in a private host, as root;
 * `...-as-user`: the same as an ordinary user;
 * `overlay-docker`: lab-overlay on Docker engines that the run starts.
 */
export const SUBJECT_NAMES = [
  'lab',
  'small',
  'embedded',
  'embedded-as-user',
  'overlay',
  'overlay-as-user',
  'overlay-docker',
  'app',
  'app-as-user',
] as const;
export type SubjectName = (typeof SUBJECT_NAMES)[number];

export function openSubject(name: SubjectName): Promise<Subject> {
  switch (name) {
    case 'lab':
      return openLab();
    case 'small':
      return openSmallLab();
    case 'embedded':
      return openPrivateLab('root', LAB);
    case 'embedded-as-user':
      return openPrivateLab('ordinary user', LAB);
    case 'overlay':
      return openPrivateLab('root', OVERLAY);
    case 'overlay-as-user':
      return openPrivateLab('ordinary user', OVERLAY);
    case 'overlay-docker':
      return openPrivateLab('root', OVERLAY, true);
    case 'app':
      return openPrivateApp('root');
    case 'app-as-user':
      return openPrivateApp('ordinary user');
  }
}

const atRoot = (file: string) => path.join(import.meta.dirname, '..', '..', '..', file);

/** The lab, on its own Docker engine. */
async function openLab(): Promise<Subject> {
  const lane = await openDockerLane();
  const failing = writeFailing(LAB, lane);
  return {
    lane,
    sources: [LAB, failing],
    start: (run, ...more) => startLab({}, '--id', run, ...more),
    startFailing: (run, ...more) => startLabOf(failing.name, {}, '--id', run, ...more),
    state: () => hostState(lane.tool, lane.dockerHost),
    ranTwice: (run) => dockerWitness(lane, run),
    close: (keepFolder) => lane.close(keepFolder),
  };
}

/** Appends `WHAT NAME NANOSECONDS WF_PROCESS`, or checks that the last line of that name is a `+`. */
const LINE = `#!/bin/sh
case $1 in
  '?') [ "$(grep " $2 " lines 2>/dev/null | tail -n 1 | cut -c 1)" = + ] ;;
  *) printf '%s %s %s %s\\n' "$1" "$2" "$(date +%s%N)" "\${WF_PROCESS:-}" >>lines ;;
esac
`;

/** The small lab, in a network namespace with a bridge, beside another one. */
async function openSmallLab(): Promise<Subject> {
  const lane = await openBareLane();
  const inner = await holdNamespace();
  const inside = (...args: readonly string[]) => lane.tool('nsenter', `--net=${inner.namespace}`, 'ip', ...args);
  // Two default routes that a run replaces and restores.
  await inside('link', 'add', 'way', 'address', '02:00:00:00:00:02', 'type', 'bridge');
  await inside('link', 'set', 'way', 'addrgenmode', 'none');
  await inside('link', 'set', 'way', 'up');
  await inside('address', 'add', '10.77.0.2/24', 'dev', 'way');
  await inside('route', 'add', 'default', 'via', '10.77.0.1', 'dev', 'way');
  await inside('route', 'add', 'default', 'via', '10.77.0.3', 'dev', 'way', 'metric', '50');
  const name = 'small-lab';
  const file = lane.write(`workflows/${name}.ts`, readFileSync(atRoot(`test/fixtures/workflows/${name}.ts`), 'utf8'));
  lane.write('line', LINE, 0o755);
  lane.write('lines', '');
  // With its own MAC address, like a bridge of Docker. Otherwise it would take that of its first port and keep it.
  await lane.tool('ip', 'link', 'add', 'small_bridge', 'address', '02:00:00:00:00:01', 'type', 'bridge');
  // Without the link-local address that a bridge gets with its first port, and keeps.
  await lane.tool('ip', 'link', 'set', 'small_bridge', 'addrgenmode', 'none');
  await lane.tool('ip', 'link', 'set', 'small_bridge', 'up', 'mtu', '1500');
  const { pid, namespace, inode } = inner;
  const container = {
    id: 'small',
    name: 'small',
    startedAt: '',
    pid,
    namespace: { path: namespace, inode, process: ownProcessOf(pid) },
  };
  const input = lane.write('input.json', JSON.stringify({ bridge: 'small_bridge', container }));
  const start = (run: string, ...more: readonly string[]) => [
    'start',
    name,
    '--input-file',
    input,
    '--id',
    run,
    ...more,
  ];
  return {
    lane,
    sources: [{ name, file }],
    start,
    startFailing: (run, ...more) => start(run, '--input', 'command=false', ...more),
    state: async () => ({
      host: await networkState(lane.tool),
      container: await networkState((program, ...args) => lane.tool('nsenter', `--net=${namespace}`, program, ...args)),
    }),
    ranTwice: async (run) => linesWitness(path.join(lane.folder, 'lines'), run),
    async close(keepFolder) {
      await inner.end();
      await lane.close(keepFolder);
    },
  };
}
