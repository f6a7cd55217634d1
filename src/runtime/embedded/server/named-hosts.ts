import process from 'node:process';
import { WfError } from '../../../engine/model/errors.ts';
import type { Json, JsonObject } from '../../../engine/model/json.ts';
import { ENGINE_VARIABLE, engineCgroup, HOST_VARIABLE } from '../protocol/engine.ts';
import { FOLLOWING_MOUNTS, PRIVATE_HOST_VARIABLE } from '../protocol/names.ts';
import type { Handler } from '../protocol/peer.ts';
import { takeText } from '../protocol/request-members.ts';
import { ipBatch } from '../shared/ip-batch.ts';
import { type InnerProcess, startInnerProcess } from './inner-process.ts';

/** The caller has its own, shorter limit. */
const LIMIT_MS = 3_600_000;

/** The named hosts of a run: each is a network namespace with its own process, and shares all files with the private host. */
export class NamedHosts {
  readonly #hosts = new Map<string, Promise<InnerProcess>>();
  readonly #onLost: (name: string) => void;

  /** @param onLost called when the process of a host has ended: the private host cannot continue without it */
  constructor(onLost: (name: string) => void) {
    this.#onLost = onLost;
  }

  /**
   * Creates a named host unless it exists, on request with a Docker engine. Returns the pid of its process on the machine.
   * @throws WfError E_RUNTIME_UNAVAILABLE
   */
  async provide(name: string, hasEngine: boolean): Promise<number> {
    const known = this.#hosts.get(name);
    if (known !== undefined) return (await known).pid;
    const starting = this.#start(name, hasEngine);
    this.#hosts.set(name, starting);
    starting.catch(() => this.#hosts.delete(name));
    return (await starting).pid;
  }

  /** Returns a handler that forwards calls with a `host` to that host, and answers all others itself. */
  passingOn(call: string, own: Handler): Handler {
    return (asked) => (asked['host'] === undefined ? own(asked) : this.#call(takeText(asked, 'host'), call, asked));
  }

  async #call(name: string, call: string, { host: _host, ...asked }: JsonObject): Promise<Json> {
    const process = await this.#hosts.get(name);
    if (process === undefined) throw refused(name, 'it was not created');
    return await process.peer.call(call, asked, LIMIT_MS);
  }

  async #start(name: string, hasEngine: boolean): Promise<InnerProcess> {
    await ipBatch([`netns add ${name}`], `create the host ${name}`);
    const cgroup = engineCgroup(process.env[PRIVATE_HOST_VARIABLE] ?? '');
    const started = await startInnerProcess({
      // An engine has its own mounts.
      enter: ['nsenter', `--net=/run/netns/${name}`, ...(hasEngine ? ['--', 'unshare', ...FOLLOWING_MOUNTS] : [])],
      program: 'named-host.cjs',
      env: hasEngine ? { [ENGINE_VARIABLE]: cgroup, [HOST_VARIABLE]: name } : {},
      who: `the host ${name}`,
      handlers: {},
      refused: (why) => refused(name, why),
    });
    void started.ended.then(() => this.#onLost(name));
    return started;
  }
}

function refused(name: string, why: string): WfError {
  return new WfError('E_RUNTIME_UNAVAILABLE', `cannot create the host ${name} in the private host: ${why}`, {
    hint: 'This machine may be short of memory, processes or namespaces (`sysctl user.max_net_namespaces`): see `wf doctor`.',
  });
}
