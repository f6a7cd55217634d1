/** The environment variable of every process of a private host; its value is the mark. What they start inherits it. */
export const PRIVATE_HOST_VARIABLE = 'WF_PRIVATE_HOST';

/**
 * Beside it: the inode of the network namespace in which it was started. Whether its run is under way can only be told there, as
 * that is where a run's claims are.
 */
export const ORIGIN_VARIABLE = 'WF_PRIVATE_HOST_ORIGIN';

/** Beside it on the processes of a container: the id of the container. */
export const CONTAINER_VARIABLE = 'WF_CONTAINER';

/** Where a private host listens, on the file system that only it sees: from outside, below `/proc/PID/root`. */
export const SOCKET_PATH = '/run/wf/private-host.sock';

/** Folder for temporary files of programs on a private host: the machine's /tmp is read-only there. */
export const TEMPORARY_FOLDER = '/run/tmp';

/** The descriptor of the private host's program, and of a container's, that leads to whoever started it. */
export const STARTER_DESCRIPTOR = 3;

/**
 * For unshare: what is unmounted on the machine is unmounted in the private host too. It would else go on using a disk that
 * somebody takes out, and keep a namespace alive that somebody removes. Nothing goes the other way.
 */
export const FOLLOWING_MOUNTS = ['--mount', '--propagation', 'slave'] as const;
