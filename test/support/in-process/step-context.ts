import { createDocker } from '../../../src/docker/create-docker.ts';
import type { Evidence } from '../../../src/engine/model/evidence.ts';
import { asStepId, parseRunId, type RunId } from '../../../src/engine/model/ids.ts';
import type { HostPorts, LedgerService, StepContext } from '../../../src/engine/workflow/step.ts';
import { machinePorts } from '../../../src/runtime/machine-ports.ts';

/** The parts of the context that a test may replace. The others are the real ports, run `testrun`, step `step`, attempt 1. */
export interface TestContextOverrides extends Partial<Omit<StepContext, 'run' | 'step' | 'host'>> {
  readonly run?: string;
  readonly step?: string;
  readonly host?: Partial<HostPorts>;
  /** Copies of previous files are kept beside it. */
  readonly database?: string;
}

export interface TestContext extends StepContext {
  /** All recorded evidence, in order. */
  readonly evidence: Evidence[];
  /** All progress notes, in order. */
  readonly notes: string[];
}

/** All steps of a process share one, which asks the engine for its id once. */
const docker = createDocker();

/** A step context on the real host, for a step runner that a test calls without an engine. */
export function testContext(overrides: TestContextOverrides = {}): TestContext {
  const { run = 'testrun', step = 'step', host = {}, database = '/nonexistent/wf.db', ...rest } = overrides;
  const evidence: Evidence[] = [];
  const notes: string[] = [];
  return {
    run: runId(run),
    step: asStepId(step),
    attempt: 1,
    retriedAfter: null,
    signal: new AbortController().signal,
    ledger: noLedger,
    record: (item) => void evidence.push(item),
    progress: (note) => void notes.push(note),
    named: (name) => {
      throw new Error(`this test gave its context no host ${name}`);
    },
    ...rest,
    host: { ...machinePorts(process.env, database), docker, ...host },
    evidence,
    notes,
  };
}

function runId(text: string): RunId {
  const run = parseRunId(text);
  if (run === undefined) throw new Error(`not a run id: ${text}`);
  return run;
}

const noLedger: LedgerService = {
  revert: () => Promise.reject(new Error('this test gave its context no ledger')),
  verify: () => Promise.reject(new Error('this test gave its context no ledger')),
  changes: () => [],
};
