import { readFileSync } from 'node:fs';
import { limitReached, WfError } from '../../../engine/model/errors.ts';
import { findTool } from '../../../host/commands/find-tool.ts';
import { howToInstall } from '../../../host/commands/tool-package.ts';
import { missingCapabilities } from '../../../host/machine/capabilities.ts';

/** Tools that create a private host; a fresh Debian has all of them. */
const TOOLS = ['unshare', 'nsenter', 'mount', 'ip'] as const;

interface Obstacle {
  readonly setting: string;
  readonly value: string;
  readonly remedy: string;
}

/** Kernel settings that forbid ordinary users to create namespaces. */
const OBSTACLES: readonly Obstacle[] = [
  {
    setting: 'kernel.unprivileged_userns_clone',
    value: '0',
    remedy: 'Allow it with `sudo sysctl kernel.unprivileged_userns_clone=1`, or run wf as root (`sudo wf ...`).',
  },
  {
    setting: 'user.max_user_namespaces',
    value: '0',
    remedy: 'Allow them with `sudo sysctl user.max_user_namespaces=10000`, or run wf as root (`sudo wf ...`).',
  },
  {
    setting: 'kernel.apparmor_restrict_unprivileged_userns',
    value: '1',
    remedy:
      'Allow it with `sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0`, or run wf as root (`sudo wf ...`).',
  },
];

/** Returns whether a private host needs a user namespace because wf may not create the other namespaces. */
export function needsUserNamespace(): boolean {
  return missingCapabilities(['CAP_SYS_ADMIN', 'CAP_NET_ADMIN']).length > 0;
}

/**
 * Checks the platform and the tools.
 * @throws WfError E_RUNTIME_UNAVAILABLE outside Linux; E_TOOL_MISSING if a program is missing.
 */
export function requireLinuxAndTools(): void {
  if (process.platform !== 'linux') {
    throw new WfError('E_RUNTIME_UNAVAILABLE', `the embedded runtime needs Linux, and this is ${process.platform}`, {
      hint: 'Run wf on a Linux machine, which may be virtual.',
    });
  }
  const missing = TOOLS.find((tool) => findTool(tool) === undefined);
  if (missing === undefined) return;
  throw new WfError('E_TOOL_MISSING', `${missing} is not installed`, { hint: howToInstall(missing) });
}

/** Explains why namespaces cannot be created, from the message of unshare and the settings of the kernel. */
export function namespacesRefused(message: string): WfError {
  const limit = limitReached(message.trim());
  if (limit !== undefined) return limit;
  const withUser = needsUserNamespace();
  const obstacle = withUser ? OBSTACLES.find(({ setting, value }) => settingOf(setting) === value) : undefined;
  const why = obstacle === undefined ? message.trim() || 'unshare failed' : `${obstacle.setting} is ${obstacle.value}`;
  return new WfError('E_RUNTIME_UNAVAILABLE', `the embedded runtime cannot create namespaces on this machine: ${why}`, {
    hint:
      obstacle?.remedy ??
      (withUser
        ? 'Run wf as root (`sudo wf ...`), or use Docker with `--runtime docker`.'
        : 'Run wf outside the container if this machine is a container without the right to create namespaces.'),
    details: { output: message.trim() },
  });
}

/** Returns a kernel setting; undefined if the kernel does not have it. */
function settingOf(name: string): string | undefined {
  try {
    return readFileSync(`/proc/sys/${name.replaceAll('.', '/')}`, 'utf8').trim();
  } catch {
    // An unreadable setting explains nothing.
    return undefined;
  }
}
