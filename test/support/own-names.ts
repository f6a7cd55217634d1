/** Calls a program with a folder of named network namespaces of its own: that of the machine is every test's. Keeps the pid. */
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
