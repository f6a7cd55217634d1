import { readFileSync } from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll } from 'vitest';
import { type HostState, hostState, type Tool, tool } from '../host/host-state.ts';
import { removeEngine, startEngine, type TestEngine } from './engine.ts';
import { ensureImages } from './images.ts';

/** An engine that one test file restarts, stops or kills. */
export interface OwnEngine {
  readonly engine: TestEngine;
  /** Calls wf in the network of the engine. */
  readonly options: {
    readonly through: readonly [string, ...string[]];
    readonly env: Readonly<Record<string, string>>;
  };
  /** Runs a tool there. */
  readonly at: Tool;
  /** The host state without the parts that a start of the engine changes: the id of its bridge network, the order of its rules. */
  state(): Promise<HostState>;
}

/** Starts an engine with the images of the tests. The caller removes it. */
export async function openOwnEngine(): Promise<OwnEngine> {
  const engine = await startEngine();
  await ensureImages(engine.dockerHost);
  const enter = ['nsenter', `--net=/run/netns/${engine.namespace}`] as const;
  const at: Tool = (file, ...args) => tool(...enter, 'env', `DOCKER_HOST=${engine.dockerHost}`, file, ...args);
  return {
    engine,
    options: { through: [...enter, '--'], env: { DOCKER_HOST: engine.dockerHost } },
    at,
    async state() {
      const { networks, rules, ...rest } = await hostState(at, engine.dockerHost);
      const ofOthers = networks.filter((line) => !line.endsWith(' bridge bridge'));
      return { ...rest, networks: ofOthers, rules: rules.toSorted() };
    },
  };
}

interface Lent {
  readonly own: OwnEngine;
  readonly asNew: unknown;
}

/** Engines that earlier test files of this process have returned; `workers-engines.ts` removes them after the last one. */
const idle: Lent[] = [];

/** The state in which the next file must find an engine: that of a new one. */
const stateOf = async ({ engine, state }: OwnEngine) => ({
  state: await state(),
  settings: readFileSync(path.join(engine.directory, 'daemon.json'), 'utf8'),
});

async function lend(): Promise<Lent> {
  const returned = idle.pop();
  if (returned !== undefined) return returned;
  const own = await openOwnEngine();
  return { own, asNew: await stateOf(own) };
}

/** Keeps an engine in the state of a new one for the next test file, and removes any other. */
async function takeBack(lent: Lent): Promise<void> {
  const state = await stateOf(lent.own).catch(() => undefined);
  if (isDeepStrictEqual(state, lent.asNew)) idle.push(lent);
  else await removeEngine(lent.own.engine);
}

/** Lends engines to a group of tests, before the first one until after the last one. Returns the one with an index. */
export function useOwnEngines(count: number): (index: number) => OwnEngine {
  let lent: readonly Lent[] = [];
  beforeAll(async () => {
    lent = await Promise.all(Array.from({ length: count }, lend));
  });
  afterAll(() => Promise.all(lent.map(takeBack)));
  return (index) => {
    const one = lent[index];
    if (one === undefined) throw new Error('no engine');
    return one.own;
  };
}
