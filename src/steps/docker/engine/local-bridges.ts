import { bridgeNameOf } from '../../../docker/bridge-name.ts';
import { WfError } from '../../../engine/model/errors.ts';
import type { EngineInfo } from '../../../engine/ports/docker.ts';
import type { RequirementResult } from '../../../engine/workflow/requirement.ts';
import type { HostPorts } from '../../../engine/workflow/step.ts';
import { readLinks } from '../../../host/ip/link.ts';

/**
 * Checks that the bridges of the engine's networks are links of this machine. A bridge named after the id of its network proves it;
 * `docker0` alone proves it only if nothing indicates a remote engine, because a second local engine has one too.
 */
export async function checkLocalBridges({ docker, command }: HostPorts): Promise<RequirementResult> {
  const [info, networks, links] = await Promise.all([docker.info(), docker.listNetworks(), readLinks(command)]);
  const here = new Set(links.map(({ name }) => name));
  const bridges = networks.filter(({ driver }) => driver === 'bridge').map(bridgeNameOf);
  const missing = bridges.filter((bridge) => !here.has(bridge));
  const elsewhere = placeElsewhere(info);
  const proven = bridges.some((bridge) => bridge.startsWith('br-'));
  if (missing.length === 0 && (proven || elsewhere === undefined)) {
    return { met: true, found: bridges.length === 0 ? 'none yet' : bridges.join(', ') };
  }
  const what = missing.length === 0 ? 'cannot be identified on this machine' : 'are not links of this machine';
  const where = elsewhere ?? 'it runs in another network namespace, on another machine, or without root';
  return {
    met: false,
    error: new WfError(
      'E_DOCKER_NOT_LOCAL',
      `the bridges of the Docker engine at ${info.endpoint} ${what}${missing.length === 0 ? '' : ` (${missing.join(', ')})`}: ${where}`,
      {
        hint: 'Run wf on the machine, and in the network namespace, of a Docker engine that runs as root there; or start with `--runtime embedded`.',
        details: { endpoint: info.endpoint, missing },
      },
    ),
  };
}

/** Returns why the engine seems to run elsewhere, or undefined. */
function placeElsewhere({ operatingSystem, rootless, endpoint }: EngineInfo): string | undefined {
  if (/docker desktop/i.test(operatingSystem))
    return 'it is Docker Desktop, whose networks are inside its virtual machine';
  if (rootless) return 'it runs rootless, with its networks in a namespace of its own';
  if (endpoint.startsWith('unix://') || /^(tcp|http):\/\/(localhost|127\.|\[::1\])/.test(endpoint)) return undefined;
  return 'it runs on another machine';
}
