import { readFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { z } from 'zod';
import { asWfError, WfError } from '../engine/model/errors.ts';
import { commandLine } from '../engine/model/evidence.ts';
import type { Argv, CommandEnd } from '../engine/ports/command.ts';
import type { ContainerCommandOptions, DockerPort } from '../engine/ports/docker.ts';
import { collectBounded } from '../host/commands/bounded-output.ts';
import { errnoOf } from '../host/machine/errno.ts';
import { allPids, processStat } from '../host/processes/process.ts';
import { createdAnswer, execAnswer, execListAnswer } from './answers/answers.ts';
import { parseAnswer } from './answers/parse-answer.ts';
import type { Connection } from './connection/connection.ts';

type ExecCalls = Pick<DockerPort, 'exec' | 'execCommand' | 'runningCommands'>;
type ExecState = z.output<ReturnType<typeof execAnswer>>;

/** The same limit as that of the command port. */
const MAX_OUTPUT_BYTES = 256 * 1024;
/** Polling interval for the end of a command whose outputs have ended. */
const POLL_MS = 20;
/** A killed process ends within milliseconds, unless it waits for a device. */
const KILLED_WITHIN_MS = 2_000;

/** End of a command: `killed` at the limit, or still `alive` after that. */
type Ended = { readonly end: 'exited'; readonly exitCode: number | null } | { readonly end: 'killed' | 'alive' };

/** Returns the calls that run commands in containers. @param pidHere see createDockerAt */
export function execCalls({ read, readOrNull, write }: Connection, pidHere: (pid: number) => number): ExecCalls {
  async function inspect(execId: string, doing: string): Promise<ExecState> {
    const answer = await read(doing, (client, abortSignal) => client.getExec(execId).inspect({ abortSignal }));
    return parseAnswer(execAnswer(), answer, 'docker exec inspect');
  }

  /**
   * Runs a command until it ends, at most until the time-out. Its outputs may stay open after its end (dockerode #534, or a child that
   * keeps them open), or end before it, so wf polls the engine as well. After the time-out, kills the command if it is on this machine:
   * the engine has no call for that.
   */
  async function run(
    id: string,
    argv: Argv,
    { timeoutMs, signal, stdin, env = {}, user, cwd }: ContainerCommandOptions,
    out: PassThrough,
    err: PassThrough,
  ): Promise<Ended> {
    const doing = `run ${argv[0]} in container ${id}`;
    const created = await preparing(
      write(doing, async (client, abortSignal) => {
        const exec = await client.getContainer(id).exec({
          Cmd: [...argv],
          Env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
          ...(user === null ? {} : { User: user }),
          ...(cwd === null ? {} : { WorkingDir: cwd }),
          AttachStdin: stdin !== undefined,
          AttachStdout: true,
          AttachStderr: true,
          abortSignal,
        });
        return { id: exec.id };
      }),
    );
    const { id: execId } = parseAnswer(createdAnswer(), created, 'docker exec');
    const stream = await write(doing, async (client) => {
      const started = await client.getExec(execId).start({ hijack: true, stdin: stdin !== undefined });
      client.modem.demuxStream(started, out, err);
      return started;
    });
    if (stdin !== undefined) stream.end(stdin);
    let isOpen = true;
    const ended = new Promise<void>((resolve) => {
      stream.once('end', resolve).once('close', resolve).once('error', resolve);
    }).then(() => {
      isOpen = false;
    });
    const limit = limitOf(timeoutMs, signal);
    try {
      for (;;) {
        await Promise.race([limit.reached, isOpen ? ended : after(POLL_MS)]);
        // Endless output of a command would delay the response of the engine.
        if (limit.isReached()) stream.destroy();
        const state = await inspect(execId, doing);
        if (!state.Running) return { end: 'exited', exitCode: state.ExitCode };
        if (!limit.isReached()) continue;
        const pid = pidHere(state.Pid ?? 0);
        const isHere = isInContainer(pid, id);
        if (isHere) killFamily(pid, id);
        // The engine may notice the end of a killed process seconds later.
        const isAlive = async () => (isHere ? isInContainer(pid, id) : (await inspect(execId, doing)).Running);
        return { end: (await endsSoon(isAlive)) ? 'killed' : 'alive' };
      }
    } finally {
      limit.cancel();
      stream.destroy();
      for (const output of new Set([out, err])) {
        output.end();
        await finished(output);
      }
    }
  }

  async function runningCommands(id: string): Promise<readonly Argv[]> {
    const doing = `list the commands in container ${id}`;
    const container = await readOrNull(doing, (client, abortSignal) =>
      client.getContainer(id).inspect({ abortSignal }),
    );
    if (container === null) return [];
    const { ExecIDs } = parseAnswer(execListAnswer(), container, `docker inspect ${id}`);
    const found = await Promise.all(
      ExecIDs.map((execId) =>
        readOrNull(doing, (client, abortSignal) => client.getExec(execId).inspect({ abortSignal })),
      ),
    );
    return found.flatMap((answer): readonly Argv[] => {
      if (answer === null) return [];
      const { Running, ProcessConfig } = parseAnswer(execAnswer(), answer, 'docker exec inspect');
      return Running && ProcessConfig ? [[ProcessConfig.entrypoint, ...ProcessConfig.arguments]] : [];
    });
  }

  return {
    runningCommands,

    async exec(id, argv, timeoutMs) {
      const both = new PassThrough();
      const output = collectBounded(both, MAX_OUTPUT_BYTES);
      const ended = await run(id, argv, { timeoutMs, user: null, cwd: null }, both, both);
      const exitCode = ended.end === 'exited' ? ended.exitCode : null;
      return { exitCode, output: output.text(), timedOut: ended.end !== 'exited' };
    },

    async execCommand(id, argv, options) {
      const [out, err] = [new PassThrough(), new PassThrough()];
      const limit = options.maxOutputBytes ?? MAX_OUTPUT_BYTES;
      const [stdout, stderr] = [collectBounded(out, limit), collectBounded(err, limit)];
      const [startedAt, begun] = [Date.now(), performance.now()];
      const ended = await run(id, argv, options, out, err);
      return {
        argv,
        end: requireEnd(ended, id, argv, options.signal),
        stdout: stdout.text(),
        stderr: stderr.text(),
        truncated: stdout.truncated() || stderr.truncated(),
        startedAt,
        durationMs: Math.round(performance.now() - begun),
      };
    },
  };
}

/** @throws WfError E_ORPHAN_ALIVE, E_DOCKER */
function requireEnd(ended: Ended, id: string, argv: Argv, signal: AbortSignal | undefined): CommandEnd {
  switch (ended.end) {
    case 'alive':
      throw stillRuns(id, argv);
    case 'killed':
      return { type: signal?.aborted ? 'aborted' : 'timed-out' };
    case 'exited':
      if (ended.exitCode === null) throw noExitCode(id, argv);
      return { type: 'exited', exitCode: ended.exitCode };
  }
}

/** Resolves at the time-out of a command, or when its step stops. Node 20 may collect a signal of `AbortSignal.any` before it fires. */
function limitOf(timeoutMs: number, signal: AbortSignal | undefined) {
  let isReached = signal?.aborted ?? false;
  let cancel = () => {};
  const reached = new Promise<void>((resolve) => {
    const reach = () => {
      isReached = true;
      resolve();
    };
    if (isReached) resolve();
    const timer = setTimeout(reach, timeoutMs);
    signal?.addEventListener('abort', reach);
    cancel = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', reach);
    };
  });
  return { reached, isReached: () => isReached, cancel: () => cancel() };
}

/** Marks an error of a request that does not itself run the command. */
async function preparing<Answer>(request: Promise<Answer>): Promise<Answer> {
  try {
    return await request;
  } catch (thrown) {
    const { code, message, hint, transient, details } = asWfError(thrown);
    throw new WfError(code, message, { hint, transient, details, untouched: true, cause: thrown });
  }
}

function after(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function stillRuns(id: string, argv: Argv): WfError {
  return new WfError(
    'E_ORPHAN_ALIVE',
    `${commandLine(argv)} still runs in container ${id.slice(0, 12)}: wf cannot end it`,
    {
      hint: `Find it with \`docker top ${id.slice(0, 12)}\`, and end it on the machine of the engine, which has no request for that.`,
      details: { id },
    },
  );
}

function noExitCode(id: string, argv: Argv): WfError {
  return new WfError(
    'E_DOCKER',
    `the engine reports no exit code of ${commandLine(argv)} in container ${id.slice(0, 12)}`,
    {
      hint: `Check the container with \`docker logs ${id.slice(0, 12)}\`: it may have ended meanwhile.`,
    },
  );
}

/** Returns whether a process of this machine is in the container, by its cgroup: the pid may belong to another process or machine. */
function isInContainer(pid: number, containerId: string): boolean {
  try {
    return pid > 0 && readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes(containerId);
  } catch (thrown) {
    const errno = errnoOf(thrown);
    if (errno === 'ENOENT' || errno === 'ESRCH') return false;
    throw thrown;
  }
}

/** Kills a process and its descendants. */
function killFamily(pid: number, containerId: string): void {
  const family = new Set([pid]);
  // A child may have a smaller pid than its parent.
  for (let size = 0; size < family.size; ) {
    size = family.size;
    for (const one of allPids()) if (family.has(processStat(one)?.parent ?? 0)) family.add(one);
  }
  for (const one of family) if (isInContainer(one, containerId)) kill(one);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (thrown) {
    const errno = errnoOf(thrown);
    if (errno !== 'ESRCH' && errno !== 'EPERM') throw thrown;
  }
}

async function endsSoon(isAlive: () => Promise<boolean>): Promise<boolean> {
  const until = performance.now() + KILLED_WITHIN_MS;
  while (await isAlive()) {
    if (performance.now() >= until) return false;
    await after(POLL_MS);
  }
  return true;
}
