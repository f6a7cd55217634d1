import { startEngine, type TestEngine } from './engine.ts';
import { type HostState, hostState, type Tool, tool } from './host-state.ts';
import { ensureImages } from './images.ts';
import type { WfOptions } from './run-wf.ts';

/** An engine that one test file restarts, stops or kills. */
export interface OwnEngine {
  readonly engine: TestEngine;
  /** Calls wf in the network of the engine. */
  readonly options: WfOptions;
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
      const { networks, rules, ...rest } = await hostState(at);
      const ofOthers = networks.filter((line) => !line.endsWith(' bridge bridge'));
      return { ...rest, networks: ofOthers, rules: rules.toSorted() };
    },
  };
}
