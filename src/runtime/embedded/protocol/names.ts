/** Environment variable of every process of a private host, with the mark as its value. Child processes inherit it. */
export const PRIVATE_HOST_VARIABLE = 'WF_PRIVATE_HOST';

/**
 * Inode of the network namespace in which the private host was started. Only there can wf check whether its run is active,
 * because the claims of a run are local to it.
 */
export const ORIGIN_VARIABLE = 'WF_PRIVATE_HOST_ORIGIN';

/** Container id on the processes of a container. */
export const CONTAINER_VARIABLE = 'WF_CONTAINER';

/** Socket of a private host on its own file system; from outside it is below `/proc/PID/root`. */
export const SOCKET_PATH = '/run/wf/private-host.sock';

/** Folder for temporary files of programs on a private host, where the machine's /tmp is read-only. */
export const TEMPORARY_FOLDER = '/run/tmp';

/** Descriptor that leads a private host's or a container's program to its starter. */
export const STARTER_DESCRIPTOR = 3;

/**
 * Options of unshare: a private host follows unmounts of the machine, and not the other way round. Otherwise it would keep using
 * a removed disk, and keep a removed namespace alive.
 */
export const FOLLOWING_MOUNTS = ['--mount', '--propagation', 'slave'] as const;
