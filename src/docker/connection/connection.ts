import { promises } from 'node:fs';
import type Docker from 'dockerode';
import { WfError } from '../../engine/model/errors.ts';
import { limitText } from '../../engine/model/time-limit.ts';
import { type CallAgent, callAgents, MAX_ANSWER_BYTES } from './call-agent.ts';
import type { Endpoint } from './endpoint.ts';
import { engineError, type Failure, failureOf } from './engine-error.ts';

/** One call to the engine. The signal is aborted at the call's deadline. */
type Call<Answer> = (client: Docker, signal: AbortSignal) => Promise<Answer>;

/** Calls to one engine: each has a deadline, and waits while the engine restarts. */
export interface Connection {
  endpoint(): Promise<Endpoint>;
  /** Makes a call that changes nothing; repeats it if the connection is lost or the engine reports an internal error (5xx). */
  read<Answer>(doing: string, call: Call<Answer>): Promise<Answer>;
  /** Like `read`; returns null if the object does not exist. */
  readOrNull<Answer>(doing: string, call: Call<Answer>): Promise<Answer | null>;
  /** Makes a call that changes something; repeats it only if it certainly did not reach the engine. */
  write<Answer>(doing: string, call: Call<Answer>, deadlineMs?: number): Promise<Answer>;
  /** Like `write`; returns null if the object does not exist. */
  writeOrNull<Answer>(doing: string, call: Call<Answer>): Promise<Answer | null>;
}

// Far above the usual 2 ms of a read and 0.3 s of a container start, so that only a hanging engine exceeds it.
const READ_DEADLINE_MS = 15_000;
const WRITE_DEADLINE_MS = 60_000;
// dockerd is back about 1 s after `systemctl restart docker`.
const REPEAT_WITHIN_MS = 5_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 1_000;

/** @param find finds the engine at the first call */
export function createConnection(find: () => Promise<Endpoint>): Connection {
  let opening: Promise<Engine> | undefined;
  // Does not wait for an engine that never answered: this machine may have none.
  let hasAnswered = false;

  const open = () => {
    opening ??= connect(find);
    return opening;
  };

  async function attempt<Answer>(call: Call<Answer>, doing: string, deadlineMs: number): Promise<Outcome<Answer>> {
    const { endpoint, begin } = await open();
    const goneNow = () => (endpoint.type === 'unix' ? endpoint.gone?.() : undefined);
    const gone = goneNow();
    if (gone !== undefined) throw gone;
    try {
      const answer = await bounded(doing, deadlineMs, endpoint, begin, call);
      hasAnswered = true;
      return { type: 'answered', answer };
    } catch (thrown) {
      if (thrown instanceof WfError) throw thrown;
      const failure = failureOf(thrown);
      if (failure === undefined) throw thrown;
      const goneMeanwhile = goneNow();
      if (goneMeanwhile !== undefined) throw goneMeanwhile;
      if (failure.type === 'refused') hasAnswered = true;
      return { type: 'failed', failure, error: engineError(failure, doing, endpoint.description, thrown) };
    }
  }

  async function repeat<Answer>(
    call: Call<Answer>,
    doing: string,
    deadlineMs: number,
    mayRepeat: (failure: Failure) => boolean,
  ): Promise<Outcome<Answer>> {
    const startedAt = performance.now();
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      const outcome = await attempt(call, doing, deadlineMs);
      if (outcome.type === 'answered' || !mayRepeat(outcome.failure)) return outcome;
      if (performance.now() - startedAt + pauseMs > REPEAT_WITHIN_MS) return outcome;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }

  const neverSent = (failure: Failure) => failure.type === 'unreachable' && hasAnswered;
  const readAgain = (failure: Failure) =>
    neverSent(failure) || failure.type === 'lost' || (failure.type === 'refused' && failure.status >= 500);
  const reading = <Answer>(doing: string, call: Call<Answer>) => repeat(call, doing, READ_DEADLINE_MS, readAgain);
  const writing = <Answer>(doing: string, call: Call<Answer>, deadlineMs = WRITE_DEADLINE_MS) =>
    repeat(call, doing, deadlineMs, neverSent);

  return {
    endpoint: async () => (await open()).endpoint,
    read: async (doing, call) => answerOf(await reading(doing, call)),
    readOrNull: async (doing, call) => answerOrNull(await reading(doing, call)),
    write: async (doing, call, deadlineMs) => answerOf(await writing(doing, call, deadlineMs)),
    writeOrNull: async (doing, call) => answerOrNull(await writing(doing, call)),
  };
}

type Outcome<Answer> =
  | { readonly type: 'answered'; readonly answer: Answer }
  | { readonly type: 'failed'; readonly failure: Failure; readonly error: WfError };

function answerOf<Answer>(outcome: Outcome<Answer>): Answer {
  if (outcome.type === 'failed') throw outcome.error;
  return outcome.answer;
}

function answerOrNull<Answer>(outcome: Outcome<Answer>): Answer | null {
  if (outcome.type === 'failed' && outcome.failure.type === 'refused' && outcome.failure.status === 404) return null;
  return answerOf(outcome);
}

/** A located engine. */
interface Engine {
  readonly endpoint: Endpoint;
  /** Creates a client for one call, with its connections. */
  begin(onTooMuch: () => void): Promise<{ readonly client: Docker; readonly connections: CallAgent }>;
}

// dockerode ignores a truncated response, so its promise alone might never settle.
async function bounded<Answer>(
  doing: string,
  deadlineMs: number,
  { description }: Endpoint,
  begin: Engine['begin'],
  call: Call<Answer>,
): Promise<Answer> {
  const controller = new AbortController();
  let giveUp: (error: WfError) => void = () => {};
  const givenUp = new Promise<never>((_resolve, reject) => {
    giveUp = reject;
  });
  const { client, connections } = await begin(() => giveUp(tooMuch(doing, description)));
  const timer = setTimeout(() => giveUp(tooLate(doing, deadlineMs)), deadlineMs);
  try {
    const answer = await Promise.race([call(client, controller.signal), givenUp]);
    connections.lift();
    return answer;
  } catch (thrown) {
    controller.abort();
    connections.agent.destroy();
    throw thrown;
  } finally {
    clearTimeout(timer);
  }
}

function tooLate(doing: string, deadlineMs: number): WfError {
  return new WfError('E_DOCKER', `cannot ${doing}: the Docker engine did not answer within ${limitText(deadlineMs)}`, {
    hint: 'Check `systemctl status docker`, and resume when the engine answers `docker info` again.',
    transient: true,
  });
}

function tooMuch(doing: string, where: string): WfError {
  const limit = `${MAX_ANSWER_BYTES / 1024 / 1024} MiB`;
  return new WfError('E_DOCKER', `cannot ${doing}: the answer from ${where} is larger than ${limit}`, {
    hint: 'Check with `docker version` that it is a Docker engine; otherwise set DOCKER_HOST to one.',
  });
}

async function connect(find: () => Promise<Endpoint>): Promise<Engine> {
  const endpoint = await find();
  const protocol = endpoint.type === 'tcp' && endpoint.tls !== null ? 'https' : 'http';
  const options = { ...clientOptions(endpoint), protocol } as const;
  return {
    endpoint,
    async begin(onTooMuch) {
      // A machine without Docker has no socket, and loading dockerode takes as long as a step.
      if (endpoint.type === 'unix') await promises.access(endpoint.path);
      const [{ default: Client }, agentFor] = await Promise.all([import('dockerode'), callAgents(protocol)]);
      const connections = agentFor(onTooMuch);
      return { client: new Client({ ...options, ...{ agent: connections.agent } }), connections };
    },
  };
}

// Sets all fields, because dockerode takes a missing one from DOCKER_HOST. No version: wf uses the newest API of the engine.
function clientOptions(endpoint: Endpoint): Docker.DockerOptions {
  const unset = {
    host: undefined,
    port: undefined,
    socketPath: undefined,
    ca: undefined,
    cert: undefined,
    key: undefined,
  };
  if (endpoint.type === 'unix') return { ...unset, socketPath: endpoint.path };
  return { ...unset, host: endpoint.host, port: endpoint.port, ...(endpoint.tls ?? {}) };
}
