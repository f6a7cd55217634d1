import { readFileSync } from 'node:fs';
import { PassThrough, type Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { DockerPort } from '../engine/ports/docker.ts';
import { collectBounded } from '../host/commands/bounded-output.ts';
import { errnoOf } from '../host/machine/errno.ts';
import { createdAnswer, execAnswer } from './answers.ts';
import type { Connection } from './connection/connection.ts';
import { parseAnswer } from './parse-answer.ts';

/** Equal to the limit of the command port. */
const MAX_OUTPUT_BYTES = 256 * 1024;

/**
 * Runs a command in a container. Its stream may stay open after the command has ended (dockerode #534, or a child that keeps it
 * open), so the engine is asked at the deadline. A command that still runs then is killed if it is on this machine: the engine
 * has no call for that.
 */
export function execCall({ read, write }: Connection): DockerPort['exec'] {
  return async (id, argv, timeoutMs) => {
    const name = argv[0];
    const created = await write(`run ${name} in container ${id}`, async (client, abortSignal) => {
      const exec = await client
        .getContainer(id)
        .exec({ Cmd: [...argv], AttachStdout: true, AttachStderr: true, abortSignal });
      return { id: exec.id };
    });
    const exec = parseAnswer(createdAnswer(), created, 'docker exec');
    const { stream, both, output } = await write(`run ${name} in container ${id}`, async (client) => {
      const started = await client.getExec(exec.id).start({ hijack: true, stdin: false });
      const merged = new PassThrough();
      client.modem.demuxStream(started, merged, merged);
      return { stream: started, both: merged, output: collectBounded(merged, MAX_OUTPUT_BYTES) };
    });
    const ended = await endsWithin(stream, timeoutMs);
    stream.destroy();
    both.end();
    await finished(both);
    const inspected = await read(`inspect ${name} in container ${id}`, (client, abortSignal) =>
      client.getExec(exec.id).inspect({ abortSignal }),
    );
    const state = parseAnswer(execAnswer(), inspected, 'docker exec inspect');
    const stillRuns = !ended && state.Running;
    if (stillRuns && state.Pid) killInContainer(state.Pid, id);
    return { exitCode: stillRuns ? null : state.ExitCode, output: output.text(), timedOut: stillRuns };
  };
}

function endsWithin(stream: Readable, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), timeoutMs);
    const ended = () => {
      clearTimeout(timer);
      resolve(true);
    };
    stream.once('end', ended).once('close', ended).once('error', ended);
  });
}

// Its cgroup identifies the container: a pid of another process, or of another machine's engine, is left alone.
function killInContainer(pid: number, containerId: string): void {
  try {
    if (readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes(containerId)) process.kill(pid, 'SIGKILL');
  } catch (thrown) {
    const errno = errnoOf(thrown);
    if (errno !== 'ENOENT' && errno !== 'ESRCH' && errno !== 'EPERM') throw thrown;
  }
}
