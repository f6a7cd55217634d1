import type { Argv } from '../../engine/ports/command.ts';

/**
 * Returns the start of a command that runs a program in new namespaces.
 * @param namespaces options of `unshare`
 * @param asRootOfUser in a new user namespace, of which the user is root
 */
export function unshareCommand(namespaces: readonly string[], asRootOfUser: boolean): Argv {
  const unshare: Argv = ['unshare', ...namespaces, '--'];
  // The user namespace comes first: files of a network namespace, such as `/proc/net/ip_tables_names`, belong to root of its user namespace
  // only if that had its id map before.
  return asRootOfUser ? ['unshare', '--user', '--map-root-user', '--', ...unshare] : unshare;
}
