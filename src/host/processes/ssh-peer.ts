/**
 * Returns the address of the SSH client of this shell, from SSH_CONNECTION; undefined if it is not set. sudo removes the variable
 * by default (`sudo --preserve-env=SSH_CONNECTION` keeps it).
 */
export function sshPeer(env: Readonly<Record<string, string | undefined>> = process.env): string | undefined {
  const [address] = (env['SSH_CONNECTION'] ?? '').split(' ');
  return address === '' ? undefined : address;
}
