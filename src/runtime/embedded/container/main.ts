import { readlinkSync, writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import process from 'node:process';
import { WfError } from '../../../engine/model/errors.ts';
import type { Json, JsonObject } from '../../../engine/model/json.ts';
import type { Argv } from '../../../engine/ports/command.ts';
import { isNotInstalled } from '../../../host/commands/find-tool.ts';
import { errnoOf } from '../../../host/machine/errno.ts';
import { askQuestion } from '../../../host/probe-agent/probe-questions.mjs';
import { CONTAINER_VARIABLE, STARTER_DESCRIPTOR } from '../protocol/names.ts';
import { createPeer } from '../protocol/peer.ts';
import { takeNumber, takeObject, takeText, takeTexts } from '../protocol/request-members.ts';
import { ipBatch, ipBatchForced } from '../shared/ip-batch.ts';
import { disableIpv6 } from '../shared/network-setting.ts';
import { runProgram } from '../shared/run-program.ts';
import { serveEcho, Usage } from './http-echo.ts';
import { NAME_SERVER, serveNames } from './name-server.ts';
import { warmUp } from './warm-up.ts';

/*
 * The process of a container, in its own network, mount and UTS namespaces. It acts as the program of the container's image and as
 * the container's name server, and runs probes and commands for wf inside the container.
 */

const RESOLVE_LIMIT_MS = 5_000;
/** Exit code of http-echo for wrong arguments. */
const USAGE_EXIT_CODE = 127;

const host = createPeer(new Socket({ fd: STARTER_DESCRIPTOR, readable: true, writable: true }), {
  who: 'the private host',
  handlers: { start, exec, ask, links, warmUp: warmUpOnce },
  gone: () => new WfError('E_DOCKER', 'the private host has ended', { hint: 'Start the run again.' }),
  onGone: () => process.exit(0),
});

let warm = false;

greet().catch((thrown: unknown) => {
  process.stderr.write(`${thrown instanceof Error ? thrown.message : String(thrown)}\n`, () => process.exit(1));
});

/** Sends its pid. /proc shows the pids of the machine. */
async function greet(): Promise<void> {
  disableIpv6();
  const id = process.env[CONTAINER_VARIABLE] ?? '';
  await Promise.all([nameMachine(id.slice(0, 12)), ipBatch(['link set dev lo up'], `prepare container ${id}`)]);
  await host.call('hello', { pid: Number(readlinkSync('/proc/self')) }, RESOLVE_LIMIT_MS);
}

/** Configures the link that was moved here, and starts the program. */
async function start(asked: JsonObject): Promise<Json> {
  await Promise.all([
    ipBatch(takeTexts(asked, 'ip'), 'connect a container'),
    serveNames(async (name) => {
      const address = await host.call('resolve', { name }, RESOLVE_LIMIT_MS);
      return typeof address === 'string' ? address : null;
    }),
  ]);
  const program = takeObject(asked, 'program');
  if (takeText(program, 'type') === 'http-echo') await echo(takeTexts(program, 'args'));
  else if (program['seconds'] !== null) setTimeout(() => process.exit(0), takeNumber(program, 'seconds') * 1_000);
  return warmUpOnce();
}

/** Schedules the warm-up for the next idle moment. */
function warmUpOnce(): Json {
  if (!warm) setImmediate(() => void warmUp());
  warm = true;
  return null;
}

async function echo(args: readonly string[]): Promise<void> {
  try {
    await serveEcho(args);
  } catch (thrown) {
    const exitCode = thrown instanceof Usage ? USAGE_EXIT_CODE : 1;
    process.stderr.write(`${thrown instanceof Error ? thrown.message : String(thrown)}\n`, () =>
      process.exit(exitCode),
    );
    // Never returns from here.
    await new Promise(() => undefined);
  }
}

async function exec(asked: JsonObject): Promise<Json> {
  const [program, ...args] = takeTexts(asked, 'argv');
  if (program === undefined) return notFound('');
  const argv: Argv = [program, ...args];
  try {
    return { ...(await runProgram(argv, { timeoutMs: takeNumber(asked, 'timeoutMs') })) };
  } catch (thrown) {
    const errno = errnoOf(thrown);
    if (errno === 'ENOENT' || (errno === 'EACCES' && isNotInstalled(program))) return notFound(program);
    throw thrown;
  }
}

/** Returns the error that Docker reports. */
function notFound(program: string): Json {
  const why = `exec: "${program}": executable file not found in $PATH`;
  return { exitCode: 127, output: `OCI runtime exec failed: exec failed: ${why}: unknown\n`, timedOut: false };
}

async function ask(asked: JsonObject): Promise<Json> {
  const { attempts, waitedMs, outcome } = await askQuestion(
    takeObject(asked, 'request'),
    performance.now(),
    NAME_SERVER,
  );
  return { attempts, waitedMs, outcome };
}

/** Executes as many commands as possible: a link may be gone. */
async function links(asked: JsonObject): Promise<Json> {
  await ipBatchForced(takeTexts(asked, 'commands'));
  return null;
}

async function nameMachine(name: string): Promise<void> {
  try {
    writeFileSync('/proc/sys/kernel/hostname', name);
  } catch {
    // Only root of the machine may write this file, but `hostname` also works in a user namespace. A failure does not matter.
    await runProgram(['hostname', name], { timeoutMs: RESOLVE_LIMIT_MS }).catch(() => undefined);
  }
}
