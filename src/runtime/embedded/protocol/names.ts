/** Environment variable of every process of a private host: its mark. Child processes inherit it. */
export const PRIVATE_HOST_VARIABLE = 'WF_PRIVATE_HOST';

/**
 * Inode of the network namespace in which the private host was started. wf can check only there whether its run is active, because the
 * claims of a run are local to it.
 */
export const ORIGIN_VARIABLE = 'WF_PRIVATE_HOST_ORIGIN';

/** Environment variable of the processes of a container: its id. */
export const CONTAINER_VARIABLE = 'WF_CONTAINER';

/** Socket of a private host on its own file system; outside it is below `/proc/PID/root`. */
export const SOCKET_PATH = '/run/wf/private-host.sock';

/** Folder for temporary files of programs on a private host, where the machine's /tmp is read-only. */
export const TEMPORARY_FOLDER = '/run/tmp';

/** Descriptor of the connection from the program of a private host or a container to its starter. */
export const STARTER_DESCRIPTOR = 3;

/**
 * Options of unshare: a private host follows unmounts of the machine, but not vice versa. Otherwise it would keep using a removed
 * disk, and keep a removed namespace alive.
 */
export const FOLLOWING_MOUNTS = ['--mount', '--propagation', 'slave'] as const;
