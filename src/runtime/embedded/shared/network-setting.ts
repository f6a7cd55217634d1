import { writeFileSync } from 'node:fs';
import { WfError } from '../../../engine/model/errors.ts';
import { errnoOf } from '../../../host/machine/errno.ts';

/**
 * Disables IPv6 in the network namespace of this process: like Docker on networks without IPv6, and because automatic addresses would be
 * drift.
 */
export function disableIpv6(): void {
  for (const name of ['all', 'default']) writeNetworkSetting(`ipv6/conf/${name}/disable_ipv6`, '1');
}

/** Writes a setting below /proc/sys/net if it exists. @throws WfError E_RUNTIME_UNAVAILABLE if it is not writable. */
export function writeNetworkSetting(name: string, value: string): void {
  const path = `/proc/sys/net/${name}`;
  try {
    writeFileSync(path, value);
  } catch (thrown) {
    const errno = errnoOf(thrown);
    if (errno === 'ENOENT') return;
    throw new WfError(
      'E_RUNTIME_UNAVAILABLE',
      `${path} cannot be written in a private host (${errno ?? String(thrown)})`,
      {
        hint: 'Run wf outside a container with a read-only /proc/sys, or use Docker with `--runtime docker`.',
      },
    );
  }
}
