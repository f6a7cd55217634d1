import { readdirSync, readFileSync } from 'node:fs';
import process from 'node:process';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect } from 'vitest';
import { parseRunId, type RunId } from '../../../src/engine/model/ids.ts';
import type { RunHost, RuntimeName } from '../../../src/engine/ports/runtime.ts';
import { machinePorts } from '../../../src/runtime/machine-ports.ts';
import { createRuntimes } from '../../../src/runtime/runtimes.ts';
import { describeDocker } from '../engines/docker-tests.ts';
import { HTTP_ECHO_IMAGE, PROBE_IMAGE } from '../engines/images.ts';
import { type Subject, subjectOn } from './contract-subject.ts';

const IMAGES = {
  docker: { echoImage: HTTP_ECHO_IMAGE, sleepImage: PROBE_IMAGE },
  embedded: { echoImage: 'hashicorp/http-echo', sleepImage: 'alpine' },
} as const satisfies { readonly [Name in RuntimeName]: object };

/**
 * Runs the same tests once on a Docker engine (skipped without one, see with-engine.mjs) and once on a private host. The objects of
 * a test are removed after it, those of a `beforeAll` after the last test; a private host must leave no process.
 * @param tests receives a function that returns the host, which exists while a test runs
 */
export function describeContract(
  promise: string,
  tests: (subject: () => Subject) => void,
  runtimes: readonly RuntimeName[] = ['docker', 'embedded'],
): void {
  for (const runtime of runtimes) {
    const describeRuntime: typeof describeDocker = runtime === 'docker' ? describeDocker : describe;
    describeRuntime(`${runtime}: ${promise}`, () => onRuntime(runtime, tests));
  }
}

function onRuntime(name: RuntimeName, tests: (subject: () => Subject) => void): void {
  const run = runIdentity(name);
  let host: RunHost | undefined;
  let subject: Subject | undefined;

  beforeAll(async () => {
    host = await createRuntimes(machinePorts(process.env, '/nonexistent/wf.db'))[name].open(run, null);
    subject = subjectOn(host, { runtime: name, ...IMAGES[name] });
  });
  beforeEach(() => subject?.keep());
  afterEach(() => subject?.cleanUp());
  afterAll(async () => {
    await subject?.end();
    await host?.end();
    host?.close();
    expect(processesWith(`WF_PRIVATE_HOST=${run.id}@${run.createdAt}`), 'what the private host left behind').toEqual(
      [],
    );
  });

  tests(() => {
    if (subject === undefined) throw new Error('the host was not opened');
    return subject;
  });
}

function runIdentity(name: RuntimeName): { readonly id: RunId; readonly createdAt: number } {
  const id = parseRunId(`contract-${name}-${process.pid}`);
  if (id === undefined) throw new Error('not a run id');
  return { id, createdAt: Date.now() };
}

/** Pids of the processes with this in their environment. */
function processesWith(variable: string): readonly string[] {
  return readdirSync('/proc').filter((entry) => {
    try {
      return /^\d+$/.test(entry) && readFileSync(`/proc/${entry}/environ`, 'utf8').split('\0').includes(variable);
    } catch {
      // It has ended, or is another user's.
      return false;
    }
  });
}
