import { writeFileSync } from 'node:fs';
import { WfError } from '../../../engine/model/errors.ts';
import { errnoOf } from '../../../host/machine/errno.ts';

/**
 * Switches IPv6 off in the network namespace of this process: Docker has none on networks that were not made for it, and
 * addresses that come by themselves would be drift.
 */
export function disableIpv6(): void {
  for (const name of ['all', 'default']) writeNetworkSetting(`ipv6/conf/${name}/disable_ipv6`, '1');
}

/** Writes a setting below /proc/sys/net where it is there. @throws WfError E_RUNTIME_UNAVAILABLE where it may not be written. */
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
        hint: 'A container that this machine is may have /proc/sys read-only. Run wf on the machine itself, or use Docker: `--runtime docker`.',
      },
    );
  }
}
