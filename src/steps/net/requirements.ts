import { asWfError, WfError } from '../../engine/model/errors.ts';
import type { Requirement } from '../../engine/workflow/requirement.ts';
import { findTool } from '../../host/commands/find-tool.ts';
import { howToInstall } from '../../host/commands/tool-package.ts';
import { findLink } from '../../host/ip/link.ts';
import { type Capability, missingCapabilities } from '../../host/machine/capabilities.ts';
import { linkInUse } from './link-target.ts';
import { hostPlace } from './place.ts';

/** Requires a program of this machine, such as `tool('ping', 'probing')`. */
export function tool(name: string, purpose: string): Requirement {
  return {
    title: `tool ${name}`,
    purpose,
    claim: null,
    async check() {
      const path = findTool(name);
      if (path !== undefined) return { met: true, found: path };
      return {
        met: false,
        error: new WfError('E_TOOL_MISSING', `the program ${name} is not installed on this machine`, {
          hint: howToInstall(name),
        }),
      };
    },
  };
}

/** CAP_NET_ADMIN creates and alters links, CAP_SYS_ADMIN enters namespaces, CAP_NET_RAW pings. */
const NEEDED: readonly Capability[] = ['CAP_NET_ADMIN', 'CAP_SYS_ADMIN', 'CAP_NET_RAW'];

/** Requires the right to create links and to enter network namespaces; on a private host every user has it. */
export function networkAdmin(): Requirement {
  return {
    title: 'right to administer the network',
    purpose: "creating links and entering the containers' network namespaces",
    claim: null,
    async check({ namespace }) {
      if (namespace.holder !== null) return { met: true, found: 'a private host' };
      const missing = missingCapabilities(NEEDED);
      if (missing.length === 0) return { met: true, found: NEEDED.join(', ') };
      return {
        met: false,
        error: new WfError('E_PERMISSION', `wf may not administer the network (missing ${missing.join(', ')})`, {
          hint: 'Run it as root: `sudo wf ...`, or try it on a private host: `--runtime embedded`.',
        }),
      };
    },
  };
}

/** Requires that no link of the host has this name, and claims the name for the run. */
export function linkNameFree(name: string): Requirement {
  return {
    title: `link name ${name}`,
    purpose: 'creating a link',
    claim: `link ${name}`,
    async check(host) {
      try {
        const link = await findLink(host.command, name);
        if (link === null) return { met: true, found: 'free' };
        return { met: false, error: linkInUse(hostPlace(host), link) };
      } catch (thrown) {
        return { met: false, error: asWfError(thrown) };
      }
    },
  };
}

/** Requires that the host has a link of this name, and claims it for the run: no other run may change it meanwhile. */
export function linkExists(name: string): Requirement {
  return {
    title: `link ${name}`,
    purpose: 'changing the link',
    claim: `link ${name}`,
    async check(host) {
      try {
        if ((await findLink(host.command, name)) !== null) return { met: true, found: name };
        const hint = 'List the links with `ip link`.';
        return { met: false, error: new WfError('E_INPUT', `this host has no link ${name}`, { hint }) };
      } catch (thrown) {
        return { met: false, error: asWfError(thrown) };
      }
    },
  };
}
