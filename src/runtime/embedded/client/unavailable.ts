import { readFileSync } from 'node:fs';
import { limitReached, WfError } from '../../../engine/model/errors.ts';
import { findTool } from '../../../host/commands/find-tool.ts';
import { howToInstall } from '../../../host/commands/tool-package.ts';
import { missingCapabilities } from '../../../host/machine/capabilities.ts';

/** What a private host is made with: all of it is there on a fresh Debian. */
const TOOLS = ['unshare', 'nsenter', 'mount', 'ip'] as const;

interface Obstacle {
  readonly setting: string;
  readonly value: string;
  readonly remedy: string;
}

/** Settings of the kernel that forbid an ordinary user what is needed. */
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

/** Whether a private host needs a user namespace: wf does not have the rights that make the other namespaces. */
export function needsUserNamespace(): boolean {
  return missingCapabilities(['CAP_SYS_ADMIN', 'CAP_NET_ADMIN']).length > 0;
}

/** @throws WfError E_RUNTIME_UNAVAILABLE where it is not Linux; E_TOOL_MISSING where a program is missing that is needed. */
export function requireLinuxAndTools(): void {
  if (process.platform !== 'linux') {
    throw new WfError('E_RUNTIME_UNAVAILABLE', `the embedded runtime needs Linux, and this is ${process.platform}`, {
      hint: 'Run wf on a Linux machine (a virtual one will do), or use Docker there: `--runtime docker`.',
    });
  }
  const missing = TOOLS.find((tool) => findTool(tool) === undefined);
  if (missing === undefined) return;
  throw new WfError('E_TOOL_MISSING', `${missing} is not installed`, { hint: howToInstall(missing) });
}

/** Why no namespaces could be made, from what unshare said and from what the kernel allows. */
export function namespacesRefused(said: string): WfError {
  const limit = limitReached(said.trim());
  if (limit !== undefined) return limit;
  const withUser = needsUserNamespace();
  const obstacle = withUser ? OBSTACLES.find(({ setting, value }) => settingOf(setting) === value) : undefined;
  const why = obstacle === undefined ? said.trim() || 'unshare failed' : `${obstacle.setting} is ${obstacle.value}`;
  return new WfError('E_RUNTIME_UNAVAILABLE', `the embedded runtime cannot make namespaces on this machine: ${why}`, {
    hint:
      obstacle?.remedy ??
      (withUser
        ? 'Run wf as root (`sudo wf ...`), or use Docker: `--runtime docker`.'
        : 'This machine may be a container without the right to make namespaces: run wf outside of it.'),
    details: { said: said.trim() },
  });
}

/** Undefined where the kernel does not have it. */
function settingOf(name: string): string | undefined {
  try {
    return readFileSync(`/proc/sys/${name.replaceAll('.', '/')}`, 'utf8').trim();
  } catch {
    // A setting that cannot be read explains nothing.
    return undefined;
  }
}
