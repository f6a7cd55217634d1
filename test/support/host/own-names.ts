/** Runs a program with its own folder of named network namespaces, because all tests share that of the machine. Keeps the pid. */
export const WITH_OWN_NAMES: readonly string[] = [
  'unshare',
  '--mount',
  '--propagation',
  'private',
  'sh',
  '-ec',
  'mkdir -p /run/netns; mount -t tmpfs none /run/netns; exec "$@"',
  'sh',
];
