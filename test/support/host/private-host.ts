import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { containerInfoSchema, networkInfoSchema } from '../../../src/docker/answers/info-schemas.ts';
import { commandAnswer } from '../../../src/runtime/embedded/protocol/answers.ts';
import { ORDINARY_USER } from '../command/ordinary-user.ts';
import { testProgram } from '../programs/test-program.ts';
import { chosen } from '../rotation.ts';

const foundSchema = z.object({
  mark: z.string(),
  process: z.object({ pid: z.number(), startTime: z.string(), bootId: z.string() }),
});
const startedSchema = foundSchema.extend({ namespace: z.object({ path: z.string(), inode: z.number() }) });
const answerSchema = z.object({
  ms: z.number(),
  result: z.unknown().optional(),
  error: z.object({ code: z.string(), message: z.string(), hint: z.string() }).loose().optional(),
});
const commandSchema = commandAnswer.extend({
  argv: z.array(z.string()),
  startedAt: z.number(),
  durationMs: z.number(),
});
const reportSchema = z.object({ attempts: z.number(), waitedMs: z.number(), outcome: z.unknown() });
const endSchema = z.object({ status: z.number().nullable(), stdout: z.string(), stderr: z.string() });

export type Started = z.output<typeof startedSchema>;
export type User = 'root' | 'an ordinary user';
/** Both, or one of them. */
export const USERS: readonly User[] = chosen(['root', 'an ordinary user']);

/** A separate process, like wf, that uses one private host. */
export function privateHostUser(user: User) {
  const wrapper = user === 'root' ? [] : ORDINARY_USER;
  const [program = '', ...args] = [...wrapper, process.execPath, testProgram('host/private-host')];
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.on('error', () => undefined); // killed by a test
  const waiting: ((line: string) => void)[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => waiting.shift()?.(line));
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));

  let lastMs = 0;
  async function send(command: object): Promise<unknown> {
    const line = new Promise<string>((resolve) => waiting.push(resolve));
    child.stdin.write(`${JSON.stringify(command)}\n`);
    const text = await Promise.race([line, ended.then(() => undefined)]);
    if (text === undefined) throw new Error('the process that uses the private host has ended');
    const { error, result, ms } = answerSchema.parse(JSON.parse(text));
    lastMs = ms;
    if (error !== undefined) throw Object.assign(new Error(error.message), error);
    return result;
  }
  const docker = (call: string, ...asked: readonly unknown[]) => send({ do: 'docker', call, with: asked });

  return {
    pid: child.pid ?? 0,
    /** The duration of the last call in the process. */
    tookMs: () => lastMs,
    start: async (mark: string): Promise<Started> => startedSchema.parse(await send({ do: 'start', mark })),
    /** Finds the private host by the data that the journal of its run would contain. */
    find: async (mark: string, process: Started['process'], owner: User = user) =>
      startedSchema.nullable().parse(await send({ do: 'find', mark, process, user: userId(owner) })),
    found: async () => z.array(foundSchema).parse(await send({ do: 'found' })),
    endProcess: (owner: Started['process']) => send({ do: 'endProcess', process: owner }),
    keep: () => send({ do: 'keep' }),
    end: () => send({ do: 'end' }),
    close: () => send({ do: 'close' }),
    settings: () => send({ do: 'settings' }),
    docker,
    createNetwork: async (name: string, subnet: string | null = null, labels: object = {}) =>
      z.object({ id: z.string() }).parse(await docker('createNetwork', { name, subnet, labels })).id,
    network: async (name: string) => networkInfoSchema.parse(await docker('network', name)),
    /** Creates and starts a container. */
    async run(name: string, networkId: string, image: string, command: readonly string[], labels: object = {}) {
      const created = await docker('createContainer', { name, networkId, image, command, labels });
      const { id } = z.object({ id: z.string() }).parse(created);
      await docker('startContainer', id);
      return containerInfoSchema.parse(await docker('container', id));
    },
    container: async (name: string) => containerInfoSchema.nullable().parse(await docker('container', name)),
    ask: async (containerId: string | null, request: object, limitMs = 20_000) => {
      const where = containerId === null ? 'host' : { containerId };
      return reportSchema.parse(await send({ do: 'agent', where, request, limitMs }));
    },
    command: async (argv: readonly string[], options: object = {}, abortAfterMs: number | null = null) =>
      commandSchema.parse(
        await send({ do: 'command', argv, options: { timeoutMs: 20_000, ...options }, abortAfterMs }),
      ),
    claim: () => send({ do: 'claim' }),
    enter: async (argv: readonly string[], pid: number | null = null) =>
      endSchema.parse(await send({ do: 'enter', argv, pid })),
    /** Like `kill -KILL` of wf. */
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
function userId(user: User): number {
  const own = process.getuid?.() ?? 0;
  return user === 'root' || ORDINARY_USER.length === 0 ? own : Number(ORDINARY_USER[2]);
}

export type PrivateHostUser = ReturnType<typeof privateHostUser>;

/** Pids of the processes whose environment has a mark, or any mark of a private host, read without the code under test. */
export function markedPids(mark: string): readonly number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => {
      try {
        const alive = !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
        return alive && readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(`WF_PRIVATE_HOST=${mark}`);
      } catch {
        return false; // it has ended meanwhile
      }
    });
}
