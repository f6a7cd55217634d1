import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, vi } from 'vitest';
import { z } from 'zod';
import { openProject, type Project, type RunningWf, type WfEnd } from '../command/run-wf.ts';
import { atEndOfFile } from '../host/file-folder.ts';
import { freePort } from '../host/free-port.ts';
import { killIfThere } from '../host/kill.ts';
import { running } from '../host/processes.ts';
import { type FleetNetwork, type NetworkHost, openFleetNetwork } from './fleet-network.ts';
import { type Restate, startRestate } from './restate.ts';

const SITE = readFileSync(new URL('../../fixtures/workflows/site.ts', import.meta.url), 'utf8');

/** The record of a fleet run, as `wf fleet show --json` prints it. */
const fleetRecordSchema = z.strictObject({
  id: z.string(),
  workflow: z.string(),
  definitionHash: z.string(),
  status: z.string(),
  input: z.record(z.string(), z.unknown()),
  createdAt: z.iso.datetime(),
  finishedAt: z.iso.datetime().nullable(),
  durationMs: z.number().nullable(),
  waitingFor: z.literal('approval').nullable(),
  canary: z.number().nullable(),
  atOnce: z.union([z.object({ hosts: z.number() }), z.object({ percent: z.number() })]).nullable(),
  maxFailures: z.number(),
  confirmWithinMs: z.number().nullable(),
  by: z.string(),
  retryOf: z.string().nullable(),
  hosts: z.array(
    z.strictObject({
      host: z.string(),
      part: z.string(),
      wave: z.number(),
      status: z.string(),
      restored: z.boolean().nullable(),
      changesInPlace: z.number().nullable(),
      startedAt: z.iso.datetime().nullable(),
      finishedAt: z.iso.datetime().nullable(),
      writtenOff: z.strictObject({ at: z.iso.datetime(), by: z.string(), reason: z.string() }).nullable(),
      error: z.strictObject({ code: z.string(), message: z.string(), hint: z.string() }).nullable(),
    }),
  ),
  requests: z.array(
    z.strictObject({ at: z.iso.datetime(), by: z.string(), kind: z.string(), comment: z.string().nullable() }),
  ),
  error: z.strictObject({ code: z.string(), message: z.string(), hint: z.string() }).nullable(),
});
export type FleetRecord = z.output<typeof fleetRecordSchema>;

type SiteFile = 'go' | 'bad' | 'stuck';

/** A host: a project with a database and a working directory of its own. */
export interface TestHost {
  readonly name: string;
  readonly project: Project;
  /** Starts its agent, and waits until that has joined. */
  join(...options: readonly string[]): Promise<RunningWf>;
  /** Starts its agent. */
  start(options: readonly string[], env?: Readonly<Record<string, string>>): Promise<RunningWf>;
  /** Writes a file that the workflow `site` waits for. */
  put(file: SiteFile): void;
  take(file: SiteFile): void;
  /** Kills everything that wf has started there, as a power cut does. */
  crash(agent: RunningWf): Promise<void>;
  /** The same; processes that start there afterwards read another boot id. Only if `HAS_NETWORK`. */
  reboot(agent: RunningWf): Promise<void>;
  /** The folders that the steps created and removed, in order. */
  log(): readonly string[];
  /** The folders that exist. */
  folders(): readonly string[];
  /** Cuts it off from Restate, and reconnects it; only if `HAS_NETWORK`. */
  cut(): Promise<void>;
  repair(): Promise<void>;
}

/** A Restate, its handlers, and an operator. */
export interface FleetWorld {
  readonly restate: Restate;
  readonly operator: Project;
  handlers(): RunningWf;
  /** Starts the handlers. They have the port and the code of the first ones, unless others are given. */
  serve(given?: { readonly port?: number; readonly address?: string; readonly program?: string }): Promise<void>;
  /** @param url the address of the fleet for its agent; by default that of Restate */
  host(name: string, url?: string): TestHost;
  /** Runs `wf fleet` as the operator in the shared process. */
  fleet(...args: readonly string[]): Promise<WfEnd>;
  start(...args: readonly string[]): RunningWf;
  show(id: string): Promise<FleetRecord>;
  /** Waits until a part has created its first folder, and waits for `go`. */
  untilUnderWay(host: TestHost): Promise<void>;
  untilStatus(id: string, status: string): Promise<FleetRecord>;
}

/** Texts of files by their paths in a project. */
type Files = Readonly<Record<string, string>>;

/** @param more files of the operator and of each host */
export async function openFleetWorld(more: Files = {}): Promise<FleetWorld> {
  const network = await openFleetNetwork();
  return openWorldOn(await startRestate({ address: network.address }), network, more);
}

/** Opens the world of a server that runs already. */
export async function openWorldOn(restate: Restate, network: FleetNetwork, more: Files = {}): Promise<FleetWorld> {
  const files = { 'workflows/site.ts': SITE, ...more };
  const operator = openProject(files);
  const env = { WF_FLEET: restate.url };
  let handlers: RunningWf | undefined;
  // At the same address after a kill: Restate calls the handlers that it has registered.
  const usual = await freePort();

  const serve: FleetWorld['serve'] = async ({ port = usual, address, program } = {}) => {
    const shared = address === undefined ? [] : ['--address', address];
    const argv = ['fleet', 'serve', '--port', String(port), '--admin', restate.admin, ...shared];
    handlers = operator.serve(
      argv,
      program === undefined ? {} : { program, env: { XDG_CACHE_HOME: path.dirname(program) } },
    );
    await handlers.printed(/serving the handlers/);
  };
  await serve();
  const show = async (id: string) => {
    const { stdout, exitCode } = await operator.sharedWf(['fleet', 'show', id, '--json'], { env });
    if (exitCode !== 0) throw new Error(stdout);
    return fleetRecordSchema.parse(JSON.parse(stdout));
  };
  return {
    restate,
    operator,
    serve,
    handlers() {
      if (handlers === undefined) throw new Error('nobody serves');
      return handlers;
    },
    host: (name, url = restate.url) => openHost(name, url, network.host(), files),
    fleet: (...args) => operator.sharedWf(['fleet', ...args], { env }),
    start: (...args) => operator.start(['fleet', ...args], { env }),
    show,
    untilUnderWay: (host) => vi.waitFor(() => expect(host.log()).toEqual(['one']), { timeout: 40_000, interval: 50 }),
    async untilStatus(id, status) {
      let record: FleetRecord | undefined;
      await vi.waitFor(
        async () => {
          record = await show(id);
          expect(record.status, JSON.stringify(record.hosts)).toBe(status);
        },
        { timeout: 40_000, interval: 200 },
      );
      if (record === undefined) throw new Error('not reached');
      return record;
    },
  };
}

function openHost(name: string, url: string, { enter, cut, repair }: NetworkHost, files: Files): TestHost {
  const project = openProject(files);
  const site = path.join(project.folder, 'site');
  mkdirSync(site);
  const log = path.join(site, 'log');
  let boot: readonly string[] = [];
  const commands = () => running(new RegExp(`--db=${project.database} `));
  // Parts outlive their agents.
  atEndOfFile(async () => {
    for (const pid of commands()) killIfThere(pid);
  });
  return {
    name,
    project,
    cut,
    repair,
    async start(options, env = {}) {
      const argv = ['agent', '--fleet', url, '--name', name, '--json', ...options];
      return project.serve(argv, { through: [...(await enter()), ...boot], env });
    },
    async join(...options) {
      const agent = await this.start(options);
      await agent.printed(/"did":"joined"/);
      return agent;
    },
    async crash(agent) {
      agent.kill('SIGKILL');
      await agent.end;
      for (const pid of commands()) killIfThere(pid);
    },
    async reboot(agent) {
      await this.crash(agent);
      const id = path.join(project.folder, 'boot-id');
      writeFileSync(id, `${randomUUID()}\n`);
      const replaced = `mount --bind "$0" /proc/sys/kernel/random/boot_id && exec "$@"`;
      boot = ['unshare', '--mount', 'sh', '-c', replaced, id];
    },
    put: (file) => writeFileSync(path.join(site, file), ''),
    take: (file) => rmSync(path.join(site, file)),
    log: () => (existsSync(log) ? readFileSync(log, 'utf8').trimEnd().split('\n') : []),
    folders: () =>
      readdirSync(site, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => entry.name)
        .toSorted(),
  };
}
