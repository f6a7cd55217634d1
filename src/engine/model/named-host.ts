import * as z from 'zod/mini';
import { lazy } from './lazy.ts';

/** A host that the runtime creates in the private host of the run, without an engine of its own. */
interface MadeHost {
  readonly engine?: undefined;
}

/** A host with a Docker engine of its own that the run starts: both are in the private host of the run, and end with it. */
interface PrivateEngineHost {
  readonly engine: 'private';
  /** Absolute paths of files of `docker save` that it loads, beside the images of the machine's engine. */
  readonly images?: readonly string[];
}

/** A Docker engine of this machine, in a network namespace of this machine. */
export interface GivenHost {
  /** The socket of the engine, as `unix:///run/docker-a.sock`. */
  readonly engine: string;
  /** Absolute path of the network namespace that it runs in; absent for that of wf. */
  readonly namespace?: string;
  /** Identity of that namespace when the run started. The runtime adds it. */
  readonly opened?: OpenedNamespace;
}

/** Identity of a namespace that a path leads to: another one may have the path, or the inode, later. */
export interface OpenedNamespace {
  readonly inode: number;
  /** Nanoseconds since the epoch; absent for a path below /proc. */
  readonly born?: string;
  readonly bootId: string;
}

/** A further host of a run. Its `engine` determines where it is. */
export type NamedHost = MadeHost | PrivateEngineHost | GivenHost;

/** The named hosts of a run, by name. */
export type NamedHosts = Readonly<Record<string, NamedHost>>;

/** The engine of a host that the run starts. */
const PRIVATE_ENGINE = 'private';

/** Whether the run starts a Docker engine for this host. */
export function hasPrivateEngine(host: NamedHost): host is PrivateEngineHost {
  return host.engine === PRIVATE_ENGINE;
}

/** Whether the host is a Docker engine that runs without the run. */
export function isGivenHost(host: NamedHost): host is GivenHost {
  return host.engine !== undefined && host.engine !== PRIVATE_ENGINE;
}

/** The most named hosts of one run: each has a process of its own in a private host. */
const MOST_HOSTS = 16;

/** Names are part of step ids, paths and the arguments of `ip`. */
export const HOST_NAME = /^[a-z][a-z0-9-]{0,31}$/;

/** An absolute path without `.` and `..`: paths of hosts are compared as texts. */
const PATH = /^(?:\/(?!\.{1,2}(?:\/|$))[^/\0]+)+$/;

/** Whether a text is the address of an engine that a host may name. Only a Unix socket proves that it is on this machine. */
export function isEngineAddress(text: string): boolean {
  return text.startsWith('unix://') && PATH.test(text.slice('unix://'.length));
}

export function isHostPath(text: string): boolean {
  return PATH.test(text);
}

const NO_HOST =
  'is not {}, { engine: "private" } or { engine: "unix:///SOCKET", namespace: "/PATH" }, with absolute paths';

export const namedHostsSchema = lazy(() => {
  const path = z.string().check(z.refine(isHostPath));
  const opened = z.strictObject({ inode: z.number(), born: z.exactOptional(z.string()), bootId: z.string() });
  const host = z.union(
    [
      z.strictObject({}),
      z.strictObject({ engine: z.literal(PRIVATE_ENGINE), images: z.exactOptional(z.array(path)) }),
      z.strictObject({
        engine: z.string().check(z.refine(isEngineAddress)),
        namespace: z.exactOptional(path),
        opened: z.exactOptional(opened),
      }),
    ],
    NO_HOST,
  );
  return z.record(z.string(), host).check(
    z.refine(
      (hosts) => Object.keys(hosts).every((name) => HOST_NAME.test(name)),
      'a name has at most 32 lower-case letters, digits and hyphens, and begins with a letter',
    ),
    z.refine((hosts) => Object.keys(hosts).length <= MOST_HOSTS, `a run has at most ${MOST_HOSTS} named hosts`),
  );
});
