import { WfError } from '../../../engine/model/errors.ts';
import type { NetworkInfo } from '../../../engine/ports/docker.ts';
import { shortId } from '../names.ts';

/** Name that the overlay driver gives the bridge in the namespace of each network. */
export const OVERLAY_BRIDGE = 'br0';
/** Identifier of the first overlay network after the ingress network. */
export const FIRST_VNI = 4097;

const VNI_OPTION = 'com.docker.network.driver.overlay.vxlanid_list';

/** Returns the VXLAN network identifier of the first subnet of an overlay network. @throws WfError E_DOCKER if it has none yet */
export function vniOf({ id, name, options }: Pick<NetworkInfo, 'id' | 'name' | 'options'>): number {
  const vni = Number(options[VNI_OPTION]?.split(',')[0]);
  if (Number.isInteger(vni) && vni > 0) return vni;
  throw new WfError('E_DOCKER', `the swarm has not allocated network ${name} (${shortId(id)}) yet: it has no VNI`, {
    hint: `Inspect it with \`docker network inspect ${shortId(id)}\`.`,
    transient: true,
  });
}
