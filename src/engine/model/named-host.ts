import * as z from 'zod/mini';
import { lazy } from './lazy.ts';

/**
 * A further host of a run: `{}` if the runtime makes it in the private host of the run, or a Docker engine with the network namespace that
 * it runs in.
 */
export type NamedHost =
  | { readonly engine?: undefined; readonly namespace?: undefined }
  | { readonly engine: string; readonly namespace: string };

/** The named hosts of a run, by name. */
export type NamedHosts = Readonly<Record<string, NamedHost>>;

/** The most named hosts of one run: each has a process of its own in a private host. */
const MOST_HOSTS = 16;

/** Names are part of step ids, paths and the arguments of `ip`. */
export const HOST_NAME = /^[a-z][a-z0-9-]{0,31}$/;

export const namedHostsSchema = lazy(() =>
  z
    .record(z.string(), z.union([z.strictObject({}), z.strictObject({ engine: z.string(), namespace: z.string() })]))
    .check(
      z.refine(
        (hosts) => Object.keys(hosts).every((name) => HOST_NAME.test(name)),
        'a name has at most 32 lower-case letters, digits and hyphens, and begins with a letter',
      ),
      z.refine((hosts) => Object.keys(hosts).length <= MOST_HOSTS, `a run has at most ${MOST_HOSTS} named hosts`),
    ),
);
