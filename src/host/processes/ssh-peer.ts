/**
 * The address that this shell was logged into from by SSH, as sshd says in SSH_CONNECTION; undefined where it says nothing.
 * sudo takes the variable away unless it is told not to (`sudo --preserve-env=SSH_CONNECTION`).
 */
export function sshPeer(env: Readonly<Record<string, string | undefined>> = process.env): string | undefined {
  const [address] = (env['SSH_CONNECTION'] ?? '').split(' ');
  return address === '' ? undefined : address;
}
