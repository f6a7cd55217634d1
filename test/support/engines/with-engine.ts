import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { missingForEngine, removeEngine, startEngine, type TestEngine } from './engine.ts';
import { ensureImages } from './images.ts';

const FORWARDED = ['SIGTERM', 'SIGHUP', 'SIGINT'] as const;

/**
 * Runs a command with an engine and returns its exit code. Without root or dockerd the command runs without an engine, and a
 * warning is printed; in CI that is a failure.
 * @param args the command line, after an optional `--`
 */
export async function runWithEngine(args: readonly string[]): Promise<number> {
  const [program, ...rest] = args[0] === '--' ? args.slice(1) : args;
  if (program === undefined) {
    process.stderr.write('usage: node test/support/engines/with-engine.mjs -- COMMAND [ARGUMENT]...\n');
    return 2;
  }
  const missing = await missingForEngine();
  if (missing.length > 0) return withoutEngine(missing, program, rest);

  const signals = holdSignals();
  const engine = await startEngine();
  try {
    await ensureImages(engine.dockerHost);
    if (signals.received !== undefined) return 128 + constants.signals[signals.received];
    const command = ['nsenter', `--net=/run/netns/${engine.namespace}`, '--', program, ...rest] as const;
    return await exitCodeOf(signals, command, engineEnvironment(engine));
  } finally {
    await removeEngine(engine);
  }
}

function withoutEngine(missing: readonly string[], program: string, rest: readonly string[]): Promise<number> | number {
  const what = `missing: ${missing.join(', ')}`;
  if ((process.env['CI'] ?? '') !== '') {
    process.stderr.write(`The tests that need Docker and root cannot run (${what}).\n`);
    return 1;
  }
  process.stderr.write(`*** The tests that need Docker and root were NOT run (${what}). ***\n`);
  const { WF_TEST_DOCKER: _docker, WF_TEST_ENGINE: _engine, ...environment } = process.env;
  return exitCodeOf(holdSignals(), [program, ...rest], environment);
}

function engineEnvironment({ directory, dockerHost }: TestEngine): NodeJS.ProcessEnv {
  // A Docker context of the user must not redirect the client.
  const { DOCKER_CONTEXT: _context, ...environment } = process.env;
  return { ...environment, DOCKER_HOST: dockerHost, WF_TEST_DOCKER: '1', WF_TEST_ENGINE: directory };
}

interface HeldSignals {
  received: NodeJS.Signals | undefined;
  child: ChildProcess | undefined;
}

/** Forwards signals to the command: this process removes the engine after the command has ended. */
function holdSignals(): HeldSignals {
  const held: HeldSignals = { received: undefined, child: undefined };
  for (const signal of FORWARDED) {
    process.on(signal, () => {
      held.received ??= signal;
      // On a terminal, Ctrl-C already reaches the command, which is in the same process group.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) held.child?.kill(signal);
    });
  }
  return held;
}

function exitCodeOf(
  held: HeldSignals,
  [program, ...args]: readonly [string, ...string[]],
  env: NodeJS.ProcessEnv,
): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: 'inherit', env });
    held.child = child;
    child.once('error', (error) => {
      process.stderr.write(`${error.message}\n`);
      resolve(127);
    });
    child.once('close', (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? 'SIGKILL']));
  });
}
