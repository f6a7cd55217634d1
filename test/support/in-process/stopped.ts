import type { Json } from '../../../src/engine/model/json.ts';
import type { CommandPort } from '../../../src/engine/ports/command.ts';
import type { DockerPort } from '../../../src/engine/ports/docker.ts';
import type { FilesPort } from '../../../src/engine/ports/files.ts';
import type { ChangeBehaviour, HostPorts, StepContext, StepRunner } from '../../../src/engine/workflow/step.ts';
import { changeOf } from './carry-out.ts';

/** Represents the end of the process. A step runner must not handle it like an error. */
class Stopped extends Error {}

const WRITES = [
  'pullImage',
  'removeImage',
  'createNetwork',
  'removeNetwork',
  'connectNetwork',
  'disconnectNetwork',
  'createVolume',
  'removeVolume',
  'execCommand',
  'createContainer',
  'startContainer',
  'removeContainer',
] as const satisfies readonly (keyof DockerPort)[];

/** Words of commands that change nothing. */
const READS = ['show', 'list', 'cat', 'test', 'grep', '-C', '-S'];
const FILE_WRITES = [
  'keep',
  'createFile',
  'setMode',
  'createLink',
  'createFolder',
  'place',
  'remove',
] as const satisfies readonly (keyof FilesPort)[];

/** The real ports, which stop before the command or the Docker request that would make one change too many. */
function stoppingAfter(touches: number, host: HostPorts): HostPorts {
  let left = touches;
  const pass = () => {
    if (left === 0) throw new Stopped();
    left -= 1;
  };
  const command: CommandPort = {
    async run(argv, options) {
      if (!READS.some((word) => argv.includes(word))) pass();
      return host.command.run(argv, options);
    },
  };
  const docker = new Proxy(host.docker, {
    get(real, name) {
      if (WRITES.some((write) => write === name)) pass();
      return Reflect.get(real, name);
    },
  });
  const files = new Proxy(host.files, {
    get(real, name) {
      if (FILE_WRITES.some((write) => write === name)) pass();
      return Reflect.get(real, name);
    },
  });
  return { ...host, command, docker, files };
}

/** Calls `act`, and stops it after so many touches of the host. Returns whether it ended before that. */
export async function endsWithin<Context extends { readonly host: HostPorts }>(
  touches: number,
  context: Context,
  act: (context: Context) => Promise<unknown>,
): Promise<boolean> {
  try {
    await act({ ...context, host: stoppingAfter(touches, context.host) });
    return true;
  } catch (thrown) {
    if (isStop(thrown)) return false;
    throw thrown;
  }
}

/** A step runner may add to the error of a command that was not started. */
function isStop(thrown: unknown): boolean {
  return thrown instanceof Stopped || (thrown instanceof Error && isStop(thrown.cause));
}

interface Trial {
  readonly actor: { readonly runner: StepRunner };
  /** Creates the initial state, which each try restores, and returns the input. */
  prepare(): Promise<unknown>;
  /** Removes that state. */
  remove(): Promise<void>;
  /** Everything that the step may change. */
  state(): Promise<unknown>;
  /** Fails if the change is not in place. */
  expectMade(): Promise<void>;
  /** Each process has a new context. */
  context(): StepContext;
}

/** How often each of the three was stopped. */
export interface Stops {
  readonly resumed: number;
  readonly undone: number;
  readonly undoneAgain: number;
}

/**
 * Stops a step runner at every touch of the host: in `apply`, and then either resumes or undoes with a fresh context; and in
 * `undo`, and then undoes again. Fails (by `same`) unless each try restores the host.
 */
export async function stopEverywhere(
  trial: Trial,
  same: (after: unknown, before: unknown, what: string) => void,
): Promise<Stops> {
  const behaviour = changeOf(trial.actor);
  const input = trial.actor.runner.parseInput(await trial.prepare());
  const before = await trial.state();

  async function each(act: (touches: number) => Promise<boolean>, what: string): Promise<number> {
    for (let touches = 0; ; touches += 1) {
      const ended = await act(touches);
      same(await trial.state(), before, `${what} after ${touches} touches`);
      if (ended) return touches;
    }
  }

  const applyWithin = async (touches: number) => {
    const context = trial.context();
    const seen = await behaviour.observe(input, context, undefined);
    if (seen.found !== 'absent') throw new Error(`expected absent, found ${seen.found}`);
    const { record } = seen;
    const ended = await endsWithin(touches, context, (own) => behaviour.apply(input, record, 'absent', own));
    return { record, ended };
  };

  const resumed = async (touches: number) => {
    const { record, ended } = await applyWithin(touches);
    const made = await resume(behaviour, input, record, trial.context());
    await trial.expectMade();
    await undo(behaviour, made, trial.context());
    return ended;
  };

  const undone = async (touches: number) => {
    const { record, ended } = await applyWithin(touches);
    await undo(behaviour, record, trial.context());
    return ended;
  };

  const undoneAgain = async (touches: number) => {
    const { record } = await applyWithin(Number.POSITIVE_INFINITY);
    const made = await resume(behaviour, input, record, trial.context());
    const ended = await endsWithin(touches, trial.context(), (own) => behaviour.undo(made, own));
    await undo(behaviour, made, trial.context());
    return ended;
  };

  try {
    return {
      resumed: await each(resumed, 'resumed'),
      undone: await each(undone, 'undone'),
      undoneAgain: await each(undoneAgain, 'undone again'),
    };
  } finally {
    await trial.remove();
  }
}

/** Resumes like another process: observes with the recorded intent, and applies. Returns the record of the change. */
async function resume(behaviour: ChangeBehaviour, input: Json, intent: Json, context: StepContext): Promise<Json> {
  const seen = await behaviour.observe(input, context, intent);
  if (seen.found === 'ours') return seen.record;
  if (seen.found !== 'absent' && seen.found !== 'partial') throw new Error(`found ${seen.found} after a stop`);
  const after = await behaviour.observe(input, context, await behaviour.apply(input, seen.record, seen.found, context));
  if (after.found !== 'ours') throw new Error(`still ${after.found} after it was resumed`);
  return after.record;
}

/** Undoes like a rollback by another process. Throws if the change is still in place. */
export async function undo(behaviour: ChangeBehaviour, record: Json, context: StepContext): Promise<void> {
  const before = await behaviour.inspect(record, context);
  if (before.found === 'unknown') throw before.error;
  if (before.found === 'gone') return;
  await behaviour.undo(record, context);
  const after = await behaviour.inspect(record, context);
  if (after.found !== 'gone') throw new Error(`still ${after.found} after it was undone`);
}
