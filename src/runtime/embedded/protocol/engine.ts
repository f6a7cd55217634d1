/** Environment variable of a named host's process that starts a Docker engine: the cgroup of the engine's containers. */
export const ENGINE_VARIABLE = 'WF_PRIVATE_ENGINE';

/** Environment variable of such a process: the name of its host. */
export const HOST_VARIABLE = 'WF_PRIVATE_ENGINE_HOST';

/** Returns the folder of the engine of a named host, in the private host. It is in memory, and ends with it. */
export function engineFolder(host: string): string {
  return `/run/wf/engines/${host}`;
}

/** Returns the path of the engine's socket there. */
export function engineSocket(host: string): string {
  return `${engineFolder(host)}/docker.sock`;
}

/** Returns the cgroup of the containers of all engines of a private host, below the mount point of each hierarchy. */
export function engineCgroup(mark: string): string {
  return `/wf-${mark}`;
}
